/** A `/collaboration` server for tests: real documents, real updates, everybody who is connected hears of them. */

import { Awareness, applyAwarenessUpdate, encodeAwarenessUpdate } from "y-protocols/awareness";
import { applyUpdate, Doc, encodeStateAsUpdate, encodeStateVector, XmlElement, XmlText } from "yjs";
import type { Annotation, DocumentMode, DocumentOpened, Participant } from "../contract";
import type { Answer } from "../services/websocket/protocol";
import type { Peer } from "./world";

const AT = "2026-11-23T04:00:00.000Z";
const refusal = (code: string, details?: object): Answer =>
  ({ ok: false, error: { code, message: code, retryable: code === "unavailable", ...details } }) as Answer;

export class Scriptorium {
  doc = new Doc();
  epoch = "e1";
  layout = 1;
  groups: DocumentOpened["groups"] = [];
  html: string | null = null;
  kind: "text" | "page" = "text";
  readonly modes: Record<string, DocumentMode> = {};
  annotations: Annotation[] = [];
  annotationsCursor: string | null = null;
  /** Audiences that whoever opens the document is of, beside everybody's. */
  audiences: string[] = [];
  /** What the next updates are answered with, instead of being taken. */
  readonly refusals: Answer[] = [];
  readonly updates: Uint8Array[] = [];
  awareness = new Awareness(new Doc());
  limits = {
    update_bytes: 10_000,
    document_bytes: 2_000_000,
    updates_per_second: 10,
    awareness_bytes: 4_096,
    annotations: 1_000,
  };
  offset = 0;
  readonly #present = new Map<Peer, string>();

  constructor(text = "") {
    this.awareness.setLocalState(null);
    if (text !== "") write(this.doc, text);
  }

  get text(): string {
    return textIn(this.doc);
  }

  /** Let somebody come in over this socket from now on. */
  furnish(peer: Peer, user: string): void {
    peer.respond("document.open", (payload) => this.#open(peer, user, payload));
    peer.respond("document.update", (payload) => this.#update(user, payload));
    peer.reply("document.sync", ({ state_vector }) => ({
      epoch: this.epoch,
      update: encodeStateAsUpdate(this.doc, state_vector as Uint8Array),
      state_vector: encodeStateVector(this.doc),
    }));
    peer.reply("document.close", () => {
      this.gone(peer);
      return { document_id: "7" };
    });
    peer.reply("awareness.set", ({ awareness }) => {
      applyAwarenessUpdate(this.awareness, awareness as Uint8Array, "client");
      this.say("awareness.changed", { document_id: "7", awareness });
      return {};
    });
    peer.reply("unsubscribe", () => ({}));
  }

  /** Nobody sits behind this socket any more. */
  gone(peer: Peer): void {
    this.#present.delete(peer);
  }

  /** Tell everybody. */
  say(event: string, data: unknown, offset?: number): void {
    const logged = offset === undefined ? {} : { epoch: `stream-${this.epoch}`, offset };
    const meta = { channel: "document:7", id: `e${offset}`, at: AT, ...logged };
    for (const peer of this.#present.keys()) peer.say(event, data, meta);
  }

  /** Begin anew, with other text. */
  reset(epoch: string, text: string): void {
    this.doc = new Doc();
    this.epoch = epoch;
    this.offset = 0;
    write(this.doc, text);
  }

  #open(peer: Peer, user: string, { epoch, state_vector }: Record<string, unknown>): Answer {
    this.#present.set(peer, user);
    const same = epoch === undefined || epoch === this.epoch;
    const vector = same ? (state_vector as Uint8Array) : undefined;
    const data: DocumentOpened = {
      document: this.info(user),
      epoch: this.epoch,
      mode: this.#mode(user),
      layout: this.layout,
      ...(this.html !== null && { html: this.html }),
      update: this.html === null ? encodeStateAsUpdate(this.doc, vector) : new Uint8Array(),
      state_vector: encodeStateVector(this.doc),
      awareness: encodeAwarenessUpdate(this.awareness, [...this.awareness.getStates().keys()]),
      annotations: this.annotations,
      ...(this.annotationsCursor !== null && { annotations_cursor: this.annotationsCursor }),
      positions: {
        "document:7": { epoch: `stream-${this.epoch}`, offset: this.offset },
        ...Object.fromEntries(
          this.audiences.map((one) => [`document:7:${one}`, { epoch: "stream", offset: 0 }]),
        ),
      },
      groups: this.groups,
      participants: [...this.#present.values()].map((one) => participant(one, this.#mode(one))),
      limits: this.limits,
    };
    return { ok: true, data };
  }

  #update(user: string, { epoch, sequence, update }: Record<string, unknown>): Answer {
    const refused = this.refusals.shift();
    if (refused) return refused;
    if (epoch !== this.epoch) return refusal("conflict", { details: { reason: "epoch" } });
    if (this.#mode(user) !== "edit") return refusal("forbidden");
    const trial = new Doc();
    applyUpdate(trial, encodeStateAsUpdate(this.doc));
    applyUpdate(trial, update as Uint8Array);
    if (trial.store.pendingStructs || trial.store.pendingDs)
      return refusal("conflict", { details: { reason: "gap" } });
    applyUpdate(this.doc, update as Uint8Array);
    this.updates.push(update as Uint8Array);
    this.offset += 1;
    const data = { document_id: "7", sequence, client_id: 1, update };
    this.say("document.updated", data, this.offset);
    return { ok: true, data: { sequence, saved: true } };
  }

  info(user: string) {
    return {
      id: "7",
      course_id: "cs101",
      title: "Notes",
      kind: this.kind,
      created_by: "ada",
      created_at: AT,
      updated_at: AT,
      mode: this.#mode(user),
      open_annotations: 0,
    };
  }

  #mode(user: string): DocumentMode {
    return this.modes[user] ?? "edit";
  }
}

export const participant = (user_id: string, mode: DocumentMode, here = true): Participant => ({
  user_id,
  name: user_id,
  colour: "#123456",
  mode,
  client_ids: [1],
  here,
  since: AT,
});

export const annotation = (id: string, patch: Partial<Annotation> = {}): Annotation => ({
  id,
  document_id: "7",
  author_id: "ada",
  author_name: "ada",
  motivation: "commenting",
  body: `Body of ${id}`,
  html: `<p>Body of ${id}</p>`,
  tags: [],
  target: { quote: { exact: "Hegel", prefix: "", suffix: "" } },
  orphaned: false,
  visibility: "course",
  reply_count: 0,
  state: "shown",
  revision: 1,
  created_at: AT,
  ...patch,
});

/** Add a paragraph, as an editor does: an element with one text in it. */
export function write(doc: Doc, text: string): XmlText {
  const paragraph = new XmlElement("paragraph");
  const inside = new XmlText(text);
  doc.transact(() => {
    paragraph.insert(0, [inside]);
    const root = doc.getXmlFragment("default");
    root.insert(root.length, [paragraph]);
  });
  return inside;
}

/** All text, a line for each paragraph. */
export const textIn = (doc: Doc): string =>
  doc
    .getXmlFragment("default")
    .toArray()
    .map((one) =>
      (one as XmlElement)
        .toArray()
        .map((text) => (text as XmlText).toString())
        .join(""),
    )
    .join("\n");
