/** The documents that somebody uses: begun with a user, told what the server says of each, closed once nothing is unsaved. */

import type {
  Annotation,
  ChangedDocument,
  CollaborationCommands,
  CollaborationEvents,
  DocumentChannels,
  DocumentGroup,
  DocumentOpened,
  DocumentReset,
  DocumentUpdate,
  ModeChanged,
} from "../../../contract";
import type { Environment } from "../environment";
import type { EventMeta } from "../protocol";
import type { StateStore } from "../stateStore";
import { annotationArrived, annotationsLoaded, audiencesKept } from "./annotations";
import type { Copies } from "./copies";
import { audienceOf, documentOf, folded } from "./events";
import type { DocumentProvider } from "./provider";
import {
  type CollaborationState,
  closedDocument,
  type DocumentState,
  isAtRisk,
  participantsOf,
} from "./state";
import type { DeviceStore } from "./store";
import type { Asks } from "./surroundings";

/** Tried again with the next connection. */
const NOT_LOADED = "The editor could not be loaded. Check your connection.";

/** Of annotations, after those that come with a document. */
const PAGE = 200;

type Signals = "document.close" | "awareness.set";

interface Needs {
  store: StateStore<CollaborationState>;
  environment: Environment;
  copies: Copies;
  isConnected: () => boolean;
  request: <Name extends Asks>(
    command: Name,
    payload: CollaborationCommands[Name]["payload"],
  ) => Promise<CollaborationCommands[Name]["result"]>;
  listAnnotations: (
    payload: CollaborationCommands["annotation.list"]["payload"],
  ) => Promise<CollaborationCommands["annotation.list"]["result"]>;
  signal: <Name extends Signals>(command: Name, payload: CollaborationCommands[Name]["payload"]) => void;
  join: (channel: string) => void;
  leave: (channel: string) => void;
  /** Somebody begins to use a document. */
  shown: (id: string) => void;
}

interface Used {
  layout: number;
  uses: number;
  /** Null without a user, and until Yjs is here: pages that open no document never load it. */
  provider: DocumentProvider | null;
  isLoading: boolean;
}

export class Documents {
  readonly #needs: Needs;
  readonly #used = new Map<string, Used>();
  /** Channels that have become ours in documents that were open already, until they are live. */
  readonly #gained = new Set<string>();
  #device: DeviceStore | null = null;

  constructor(needs: Needs) {
    this.#needs = needs;
  }

  /** Those that somebody uses, or whose edits are on their way. */
  get all(): readonly DocumentState[] {
    return Object.values(this.#needs.store.getSnapshot().documents);
  }

  get(id: string): DocumentState | null {
    return this.#needs.store.getSnapshot().documents[id] ?? null;
  }

  /** Show anew how a document stands. */
  refresh(id: string): void {
    this.#used.get(id)?.provider?.show();
  }

  /** What is no change is not shown: every letter that is typed comes by here. */
  patch(id: string, patch: Partial<DocumentState>): void {
    const state = this.get(id);
    if (!state) return;
    const next = { ...state, ...patch };
    const fields = Object.keys(patch) as (keyof DocumentState)[];
    if (!fields.some((field) => !Object.is(next[field], state[field]))) return;
    // What is on screen as safe must not be there once it is not.
    this.#show(next, next.saveState !== state.saveState && isAtRisk(next.saveState));
  }

  /** Open one until the returned function is called by everyone who uses it. */
  use(id: string, layout: number): () => void {
    const used = this.#used.get(id) ?? { layout, uses: 0, provider: null, isLoading: false };
    this.#used.set(id, used);
    used.uses += 1;
    void this.#begin(id, used);
    let isUsed = true;
    return () => {
      if (!isUsed) return;
      isUsed = false;
      used.uses -= 1;
      // At the end of the turn: a component that is unmounted and mounted again (StrictMode) keeps its document.
      this.#needs.environment.setTimer(() => this.#closeUnused(id), 0);
    };
  }

  /** Somebody is signed in. */
  begin(device: DeviceStore): void {
    this.#device = device;
    for (const [id, used] of this.#used) void this.#begin(id, used);
  }

  /** Nobody is; what was not sent stays on the device. */
  async end(): Promise<void> {
    this.#device = null;
    const ends: Promise<void>[] = [];
    for (const [id, used] of this.#used) {
      if (used.provider) ends.push(used.provider.end());
      used.provider = null;
      if (used.uses === 0) this.#forget(id);
      else this.#show(closedDocument(id));
    }
    await Promise.allSettled(ends);
  }

  // What the connection tells

  connected(): void {
    for (const [id, used] of this.#used) void (used.provider ? used.provider.open() : this.#begin(id, used));
  }

  lost(): void {
    this.#gained.clear(); // With the next connection all documents are opened again.
    for (const { provider } of this.#used.values()) provider?.lost();
  }

  /** Events of a channel were missed: to open the document again brings what it lacks. */
  missed(channel: string): void {
    const id = documentOf(channel, null);
    if (id === null) return this.connected(); // One's own channel, with the private notes of all documents.
    const provider = this.#used.get(id)?.provider;
    if (!provider) this.#needs.leave(channel);
    else if (!provider.isOpening) void provider.open();
  }

  /** A channel was taken away. */
  unsubscribed(channel: string): void {
    const id = documentOf(channel, null);
    const state = id === null ? null : this.get(id);
    if (!state) return;
    const audience = audienceOf(channel);
    if (audience === null) return void this.#used.get(state.id)?.provider?.open(); // The server says why.
    this.#listensTo(
      state,
      state.channels.filter((one) => one !== channel),
    );
  }

  /** A channel is live: where it has become ours while the document was open, what was written there is read. */
  subscribed(channel: string): void {
    const id = documentOf(channel, null);
    if (id !== null && this.#gained.delete(channel)) void this.#readAnnotations(id, [], "");
  }

  /** One may have been let in where one was not, and groups may have other names. */
  courseChanged(courseId: string): void {
    for (const [id, { provider }] of this.#used) {
      const info = this.get(id)?.info;
      if (info && info.course_id !== courseId) continue;
      if (provider?.isShut) void provider.open();
      else if (info) void this.#readGroups(id);
    }
  }

  received(event: string, data: unknown, { channel }: EventMeta): void {
    const id = documentOf(channel, data);
    const state = id === null ? null : this.get(id);
    const provider = state && this.#used.get(state.id)?.provider;
    if (!provider) return;
    switch (event as keyof CollaborationEvents) {
      case "document.updated":
        return provider.updated(data as DocumentUpdate);
      case "awareness.changed":
        return provider.caretsMoved((data as CollaborationEvents["awareness.changed"]["data"]).awareness);
      case "document.reset":
        return provider.reset((data as DocumentReset).epoch);
      case "document.channels":
        // Its answer may be older, or newer.
        if (provider.isOpening) return void provider.open();
        return this.#channelsChanged(state, (data as DocumentChannels).channels);
      case "document.mode":
        // What is said to everybody is not what we may do: the server knows.
        if (!channel.startsWith("user:")) return void provider.open();
        return provider.changed({ mode: (data as Partial<ModeChanged>).mode ?? null });
      case "document.changed":
        if (provider.isOpening) return void provider.open();
        return provider.changed({ title: (data as ChangedDocument).title });
      default:
        return this.#show(folded(state, event, data));
    }
  }

  // Parts

  async #begin(id: string, used: Used): Promise<void> {
    if (!this.get(id)) this.#show(closedDocument(id));
    if (!this.#device || used.provider || used.isLoading) return;
    used.isLoading = true;
    const loaded = await import("./provider").catch(() => null);
    used.isLoading = false;
    if (this.#used.get(id) !== used || !this.#device) return;
    if (!loaded) return this.patch(id, { phase: "failed", error: NOT_LOADED });
    const device = this.#device;
    const { environment, copies, isConnected } = this.#needs;
    const provider: DocumentProvider = new loaded.DocumentProvider(id, used.layout, {
      environment,
      store: device,
      isConnected,
      request: async (command, payload) => {
        const answer = await this.#needs.request(command, payload);
        // Closed while it was being opened: the server does not know.
        if (command === "document.open" && !this.#used.has(id))
          this.#leave(id, Object.keys((answer as DocumentOpened).positions));
        return answer;
      },
      showCaret: (payload) => this.#needs.signal("awareness.set", payload),
      opened: (answer) => void this.#opened(id, answer),
      changed: (patch) => {
        if (this.#used.get(id)?.provider !== provider) return;
        this.patch(id, patch);
        if (used.uses === 0) this.#closeUnused(id);
      },
      copied: (copy) => copies.add(copy),
      hasCopies: () => copies.has(id),
    });
    used.provider = provider;
    this.#needs.shown(id);
    void provider.start();
  }

  #opened(id: string, answer: DocumentOpened): Promise<void> {
    const { annotations, annotations_cursor, participants, positions } = answer;
    this.patch(id, { channels: Object.keys(positions), participants: participantsOf(participants) });
    this.#named(id, answer.groups);
    return this.#readAnnotations(id, annotations, annotations_cursor);
  }

  /** We have come into a group, or become staff, or are either no more. */
  #channelsChanged(state: DocumentState, channels: readonly string[]): void {
    this.#listensTo(state, channels);
    for (const channel of channels) {
      if (state.channels.includes(channel)) continue;
      this.#gained.add(channel);
      this.#needs.join(channel);
    }
  }

  #listensTo(state: DocumentState, channels: readonly string[]): void {
    const audiences = channels.map(audienceOf).filter((audience) => audience !== null);
    this.#show({ ...state, channels, annotations: audiencesKept(state.annotations, audiences) });
  }

  /** All that are not here yet: from a cursor on, from the beginning for "". */
  async #readAnnotations(id: string, annotations: readonly Annotation[], from?: string): Promise<void> {
    const known = new Set(Object.keys(this.get(id)?.annotations.items ?? {}));
    const all: Annotation[] = [];
    const take = (some: readonly Annotation[]) => {
      const state = this.get(id);
      if (state) this.patch(id, { annotations: some.reduce(annotationArrived, state.annotations) });
      all.push(...some);
    };
    take(annotations);
    try {
      for (let cursor = from; cursor !== undefined; ) {
        const after = cursor === "" ? {} : { cursor };
        const page = await this.#needs.listAnnotations({ document_id: id, limit: PAGE, ...after });
        take(page.items);
        this.#named(id, page.groups);
        cursor = page.next_cursor;
      }
    } catch {
      return; // The connection was lost: the next `open` begins again.
    }
    const state = this.get(id);
    if (state) this.patch(id, { annotations: annotationsLoaded(state.annotations, all, known) });
  }

  async #readGroups(id: string): Promise<void> {
    try {
      this.#named(id, (await this.#needs.listAnnotations({ document_id: id, limit: 1 })).groups);
    } catch {
      // The connection was lost: the next `open` names them.
    }
  }

  #named(id: string, groups: readonly DocumentGroup[] = []): void {
    const state = this.get(id);
    if (!state || groups.every((group) => state.groups[group.id] === group.title)) return;
    const named = Object.fromEntries(groups.map((group) => [group.id, group.title]));
    this.patch(id, { groups: { ...state.groups, ...named } });
  }

  /** An edit that is on its way, or that only this page has, keeps a document open that nobody uses any more. */
  #closeUnused(id: string): void {
    const used = this.#used.get(id);
    const state = this.get(id);
    if (!used || used.uses > 0 || !state) return;
    if (isAtRisk(state.saveState)) return;
    void used.provider?.end();
    this.#leave(id, state.channels);
    this.#forget(id);
  }

  #forget(id: string): void {
    this.#used.delete(id);
    const { store } = this.#needs;
    const { [id]: _closed, ...documents } = store.getSnapshot().documents;
    store.set({ ...store.getSnapshot(), documents });
  }

  #leave(id: string, channels: readonly string[]): void {
    this.#needs.signal("document.close", { document_id: id });
    for (const channel of channels) if (documentOf(channel, null) === id) this.#needs.leave(channel);
  }

  #show(state: DocumentState, isUrgent = false): void {
    const { store } = this.#needs;
    const before = store.getSnapshot();
    if (before.documents[state.id] === state) return;
    store.set({ ...before, documents: { ...before.documents, [state.id]: state } }, isUrgent);
  }
}
