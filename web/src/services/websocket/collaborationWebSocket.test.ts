/** Documents over a server's end in memory: opening, saving, gaps, refusals, new epochs, and nothing lost on the way. */

import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { applyUpdate, Doc, encodeStateAsUpdate, encodeStateVector, type XmlElement, type XmlText } from "yjs";
import { annotation, Scriptorium, textIn, write } from "../../testing/scriptorium";
import { settle, World } from "../../testing/world";
import { CollaborationWebSocketService } from "./collaborationWebSocket";
import type { Answer } from "./protocol";

let server: Scriptorium;
const clients: Client[] = [];

beforeEach(() => {
  server = new Scriptorium("Hegel");
});
afterEach(() => {
  for (const { service } of clients.splice(0)) service.disconnect();
});

/** Somebody at a page of their own. */
class Client {
  readonly world = new World();
  readonly service = new CollaborationWebSocketService({ environment: this.world });
  release: () => void = () => undefined;

  constructor(readonly user: string) {
    clients.push(this);
  }

  /** The page is there; the connection is not yet. */
  async begin(): Promise<World> {
    this.service.connect(this.user, "token");
    this.release = this.service.openDocument("7");
    await loaded();
    return this.world;
  }

  async come(): Promise<this> {
    await this.begin();
    await this.back();
    return this;
  }

  /** The network is there again. */
  async back(): Promise<void> {
    server.furnish(this.world.peer, this.user);
    const { world } = this;
    if (world.peer.connects > 1) world.advance(5_000);
    world.peer.accept({ user: { id: this.user, name: this.user } });
    await settle();
  }

  async lose(): Promise<void> {
    server.gone(this.world.peer);
    this.world.peer.cut();
    await settle();
  }

  get state() {
    const state = this.service.document("7");
    if (!state) throw new Error("the document is not open");
    return state;
  }

  get doc(): Doc {
    if (!this.state.doc) throw new Error("there is no document to write in");
    return this.state.doc;
  }

  get text(): string {
    return textIn(this.doc);
  }

  get copies() {
    return this.service.store.getSnapshot().copies;
  }

  /** Type at the end of the first paragraph. */
  type(text: string): void {
    const first = this.doc.getXmlFragment("default").get(0) as XmlElement;
    const inside = first.get(0) as XmlText;
    inside.insert(inside.length, text);
  }

  get sent() {
    return this.world.peer.payloads("document.update");
  }
}

/** Until Yjs is here, which only pages with a document load. */
async function loaded(): Promise<void> {
  await import("./collaboration/provider");
  await settle();
}

const somebody = (user: string) => new Client(user).come();
const error = (code: string, more: object = {}): Answer =>
  ({ ok: false, error: { code, message: code, retryable: false, ...more } }) as Answer;

describe("opening", () => {
  it("shows the document once the server has let us in, and tells who is there and for whom one can write", async () => {
    const ada = new Client("ada");
    ada.service.connect("ada", "token");
    ada.service.openDocument("7");
    await loaded();
    expect(ada.state).toMatchObject({ phase: "loading", doc: null });
    await ada.back();
    expect(ada.state).toMatchObject({ phase: "ready", mode: "edit", saveState: "saved" });
    expect(ada.text).toBe("Hegel");
    expect(ada.state.channels).toEqual(["document:7"]);
    expect(Object.keys(ada.state.participants)).toEqual(["ada"]);
    expect(ada.world.peer.payloads("document.open")).toEqual([
      { document_id: "7", client_id: ada.doc.clientID, layout: 1, state_vector: Uint8Array.of(0) },
    ]);
  });

  it("asks for the difference after every connect, and brings what was written meanwhile on either side", async () => {
    const ada = await somebody("ada");
    const ben = await somebody("ben");
    const before = ada.doc;
    await ada.lose();
    ada.type(" und 😀");
    ben.type(" oder 字");
    await settle();
    await ada.back();
    await settle();
    const [, again] = ada.world.peer.payloads("document.open");
    expect(again).toMatchObject({ epoch: "e1", client_id: before.clientID });
    expect(ada.doc).toBe(before);
    expect(ada.text).toBe(ben.text);
    expect(ada.text).toBe(server.text);
    expect([..."😀字"].every((character) => server.text.includes(character))).toBe(true);
  });

  it("is asked once when the replay is impossible, and goes on live from there", async () => {
    const ada = await somebody("ada");
    await ada.lose();
    const ben = await somebody("ben");
    ben.type(" lives");
    await settle();
    server.furnish(ada.world.peer, "ada");
    ada.world.advance(5_000);
    const stale = { epoch: "stream-e1", offset: 1, recovered: false, reason: "trimmed" as const };
    ada.world.peer.accept({ resumed: { "document:7": stale } });
    await settle();
    expect(ada.world.peer.payloads("document.open")).toHaveLength(2);
    expect(ada.text).toBe("Hegel lives");
    ben.type("!");
    ben.world.advance(200);
    await settle();
    expect(ada.text).toBe("Hegel lives!");
    expect(ada.world.peer.payloads("subscribe")).toEqual([]);
  });

  it("gives an editor that is too old the page as HTML and nothing to bind to", async () => {
    server.html = "<p>Hegel</p>";
    server.modes["ada"] = "comment";
    const ada = await somebody("ada");
    expect(ada.state).toMatchObject({ phase: "ready", html: "<p>Hegel</p>", doc: null, mode: "comment" });
  });

  it("of a static page gives what is written beside it, and nothing to write in", async () => {
    server.kind = "page";
    server.modes["ada"] = "comment";
    server.annotations = [annotation("a1")];
    const ada = await somebody("ada");
    expect(ada.state).toMatchObject({ phase: "ready", doc: null, awareness: null, mode: "comment" });
    expect(Object.keys(ada.state.annotations.items)).toEqual(["a1"]);
    expect(ada.state.saveState).toBe("saved");
  });

  it("loads all annotations, page by page, and forgets those that are gone", async () => {
    const all = Array.from({ length: 5 }, (_one, index) => annotation(`a${index}`));
    const page = (from: number) => ({
      items: all.slice(from, from + 2),
      ...(from + 2 < all.length && { next_cursor: `${from + 2}` }),
    });
    server.annotations = page(0).items;
    server.annotationsCursor = "2";
    const ada = new Client("ada");
    const { peer } = await ada.begin();
    peer.reply("annotation.list", ({ cursor }) => page(Number(cursor)));
    await ada.back();
    const ids = () => Object.keys(ada.state.annotations.items);
    expect(ids()).toEqual(["a0", "a1", "a2", "a3", "a4"]);
    all.splice(3, 1);
    await ada.lose();
    await ada.back();
    expect(ids()).toEqual(["a0", "a1", "a2", "a4"]);
  });

  it("is done again when the server does not know that we are in it", async () => {
    const ada = await somebody("ada");
    server.refusals.push(error("conflict", { details: { reason: "open" } }));
    ada.type("!");
    await settle();
    ada.world.advance(200);
    await settle();
    expect(server.text).toBe("Hegel!");
    expect(ada.world.peer.payloads("document.open")).toHaveLength(2);
    for (let turn = 0; turn < 9; turn += 1)
      server.refusals.push(error("conflict", { details: { reason: "open" } }));
    ada.type("?");
    for (let turn = 0; turn < 20; turn += 1) {
      await settle();
      ada.world.advance(200);
    }
    expect(ada.world.peer.payloads("document.open").length).toBeLessThan(9);
    expect(ada.copies).toMatchObject([{ reason: "refused" }]);
  });

  it("is tried again, and reported, when what the server sends cannot be read", async () => {
    const ada = await somebody("ada");
    await ada.lose();
    server.reset("e2", "Kant");
    server.furnish(ada.world.peer, "ada");
    const open = ada.world.peer.replyTo("document.open");
    ada.world.peer.respond("document.open", (payload) => {
      const answer = open(payload) as { ok: true; data: object };
      return { ok: true, data: { ...answer.data, update: Uint8Array.of(9, 9, 9) } };
    });
    ada.world.advance(5_000);
    ada.world.peer.accept();
    await settle();
    expect(ada.state).toMatchObject({ phase: "loading", doc: null });
    expect(ada.world.reported).toHaveLength(1);
    server.furnish(ada.world.peer, "ada");
    ada.world.advance(3_000);
    await settle();
    expect(ada.text).toBe("Kant");
  });

  it("says why when it may not be seen, and tries again what failed only for now", async () => {
    const ada = new Client("ada");
    ada.service.connect("ada", "token");
    ada.service.openDocument("7");
    await loaded();
    ada.world.peer.accept();
    await settle();
    ada.world.peer.answer("document.open", error("internal", { retryable: true }));
    await settle();
    ada.world.advance(3_000);
    ada.world.peer.answer("document.open", error("not_found"));
    await settle();
    expect(ada.state).toMatchObject({ phase: "failed", doc: null });
    expect(ada.state.error).toMatch(/not here any more/);
  });
});

describe("saving", () => {
  it("[DOC11] has one update in flight, merges what is typed meanwhile, and is saved only after the answer", async () => {
    const ada = await somebody("ada");
    ada.world.peer.silence("document.update");
    ada.type("a");
    ada.type("b");
    ada.type("c");
    ada.world.advance(1_000);
    expect(ada.sent).toHaveLength(1);
    expect(ada.state.saveState).toBe("saving");
    expect(ada.service.isUnsaved).toBe(true);
    expect([...ada.world.leavers].map((isUnsaved) => isUnsaved())).toEqual([true]);
    server.furnish(ada.world.peer, "ada");
    applyUpdate(server.doc, ada.sent[0]?.["update"] as Uint8Array);
    ada.world.peer.answer("document.update", { ok: true, data: { sequence: 1, saved: true } });
    await settle();
    expect(ada.sent.map(({ sequence }) => sequence)).toEqual([1, 2]);
    expect(server.text).toBe("Hegelabc");
    expect(ada.state.saveState).toBe("saved");
    expect(ada.service.isUnsaved).toBe(false);
  });

  it("shows nothing anew while letter after letter is on its way", async () => {
    const ada = await somebody("ada");
    ada.world.peer.silence("document.update");
    ada.type("a");
    const shown = ada.state;
    for (const letter of "bcdef") ada.type(letter);
    expect(ada.state).toBe(shown);
  });

  it("keeps to as many updates a second as the server wants", async () => {
    const ada = await somebody("ada");
    for (const letter of "abcdefghij") {
      ada.type(letter);
      await settle();
      ada.world.advance(20);
      await settle();
    }
    expect(ada.sent.length).toBeLessThanOrEqual(3);
    ada.world.advance(100);
    await settle();
    expect(server.text).toBe("Hegelabcdefghij");
    expect(ada.state.saveState).toBe("saved");
  });

  it("[DOC11] never says saved while the server answers that it cannot, and saves in the end", async () => {
    const ada = await somebody("ada");
    const seen: string[] = [];
    ada.service.store.subscribe(() => seen.push(ada.state.saveState));
    const later = { retryable: true, retry_after_ms: 50 };
    server.refusals.push(error("unavailable", later), error("rate_limited", later));
    ada.type("!");
    ada.type("?");
    for (let turn = 0; turn < 20 && ada.state.saveState === "saving"; turn += 1) {
      await settle();
      ada.world.advance(25);
    }
    expect(server.text).toBe("Hegel!?");
    expect(ada.state.saveState).toBe("saved");
    expect(server.refusals).toEqual([]);
    expect([...new Set(seen)]).toEqual(["saving", "saved"]);
  });

  it("[DOC1] sends again what was under way when the connection was lost, which changes nothing when it had arrived", async () => {
    const ada = await somebody("ada");
    ada.world.peer.silence("document.update");
    ada.type("!");
    const [update] = ada.sent;
    server.furnish(ada.world.peer, "ada");
    ada.world.peer.pending.length = 0;
    // It was committed, and the answer lost.
    applyUpdate(server.doc, update?.["update"] as Uint8Array);
    await ada.lose();
    expect(ada.state.saveState).toBe("offline");
    await ada.back();
    await settle();
    expect(ada.sent).toHaveLength(2);
    expect(server.text).toBe("Hegel!");
    expect(ada.text).toBe("Hegel!");
    expect(ada.state.saveState).toBe("saved");
  });

  it("keeps a document open that nobody uses any more until its edits are committed", async () => {
    const ada = await somebody("ada");
    ada.world.peer.silence("document.update");
    ada.type("!");
    ada.release();
    ada.world.advance(1);
    expect(ada.service.document("7")).not.toBeNull();
    ada.world.peer.answer("document.update", { ok: true, data: { sequence: 1, saved: true } });
    await settle();
    expect(ada.service.document("7")).toBeNull();
    expect(ada.world.peer.payloads("document.close")).toHaveLength(1);
  });
});

describe("gaps", () => {
  it("are filled by a sync when something that was heard lacks what came before", async () => {
    const ada = await somebody("ada");
    const ben = new Doc();
    applyUpdate(ben, encodeStateAsUpdate(server.doc));
    const written = ["lives", "on"].map((text) => {
      const vector = encodeStateVector(ben);
      write(ben, text);
      return encodeStateAsUpdate(ben, vector);
    });
    for (const update of written) applyUpdate(server.doc, update);
    server.say("document.updated", { document_id: "7", sequence: 2, client_id: 1, update: written[1] }, 1);
    await settle();
    expect(ada.world.peer.payloads("document.sync")).toHaveLength(1);
    expect(ada.text).toBe("Hegel\nlives\non");
  });

  it("on the server's side are filled with all that it lacks", async () => {
    const ada = await somebody("ada");
    const gap = error("conflict", { details: { reason: "gap" } });
    server.refusals.push(gap);
    ada.type("!");
    await settle();
    ada.world.advance(200);
    await settle();
    expect(ada.world.peer.payloads("document.sync")).toHaveLength(1);
    expect(server.text).toBe("Hegel!");
    expect(ada.state.saveState).toBe("saved");
    expect(ada.copies).toEqual([]);
  });

  it("that come again and again end with a copy, and not in a loop", async () => {
    const ada = await somebody("ada");
    for (let turn = 0; turn < 10; turn += 1)
      server.refusals.push(error("conflict", { details: { reason: "gap" } }));
    ada.type("!");
    for (let turn = 0; turn < 20; turn += 1) {
      await settle();
      ada.world.advance(200);
    }
    expect(ada.copies).toMatchObject([{ reason: "refused", text: "Hegel!\n", documentId: "7" }]);
    expect(ada.sent.length).toBeLessThan(8);
  });
});

describe("edits that the server does not take", () => {
  it("become a copy when they are too large: nothing of them is sent, and what came before is saved", async () => {
    const ada = await somebody("ada");
    const before = ada.doc;
    ada.type("!");
    ada.type("x".repeat(20_000));
    ada.type(" after");
    await settle();
    ada.world.advance(200);
    await settle();
    expect(ada.sent).toHaveLength(1);
    expect(server.text).toBe("Hegel!");
    expect(ada.state.doc).not.toBe(before);
    expect(ada.text).toBe("Hegel!");
    expect(ada.state.saveState).toBe("refused");
    const [copy] = ada.copies;
    expect(copy).toMatchObject({ reason: "too_large", title: "Notes" });
    expect(copy?.text).toContain("x after");
    ada.service.discardCopy(copy?.id ?? "");
    expect(ada.state.saveState).toBe("saved");
    ada.type("?");
    await settle();
    expect(server.text).toBe("Hegel!?");
  });

  it("[DOC11] become a copy when we may only read since a moment ago, and the document is the server's again", async () => {
    const ada = await somebody("ada");
    const ben = await somebody("ben");
    server.modes["ada"] = "view";
    ada.type(" is wrong");
    await settle();
    expect(ada.state).toMatchObject({ mode: "view", phase: "ready" });
    expect(ada.text).toBe("Hegel");
    expect(ada.copies).toMatchObject([{ reason: "mode", text: "Hegel is wrong\n" }]);
    ben.type("!");
    await settle();
    expect(ada.text).toBe("Hegel!");
  });

  it("are not made by an editor that learns in time that it may only read", async () => {
    const ada = await somebody("ada");
    ada.world.peer.say(
      "document.mode",
      { document_id: "7", mode: "comment", reason: "role" },
      { channel: "user:ada" },
    );
    expect(ada.state.mode).toBe("comment");
    write(ada.doc, "by an extension");
    await settle();
    expect(ada.sent).toEqual([]);
    server.modes["ada"] = "comment";
    expect(ada.copies).toHaveLength(1);
    ada.world.peer.say("document.mode", { document_id: "7", reason: "role" }, { channel: "user:ada" });
    expect(ada.state).toMatchObject({ phase: "failed", doc: null });
  });

  it("are not asked for in a loop when an editor writes by itself into what it may only read", async () => {
    server.modes["ada"] = "view";
    const ada = await somebody("ada");
    for (let turn = 0; turn < 10 && ada.state.doc; turn += 1) {
      write(ada.doc, "by an extension");
      await settle();
    }
    expect(ada.state.phase).toBe("failed");
    expect(ada.world.peer.payloads("document.open").length).toBeLessThan(6);
    expect(ada.sent).toEqual([]);
  });
});

describe("another epoch", () => {
  it("[DOC8] gives a new document, the text once, and unsent edits as a copy", async () => {
    const ada = await somebody("ada");
    const before = ada.doc;
    await ada.lose();
    ada.type(" offline");
    server.reset("e2", "Kant");
    await ada.back();
    expect(ada.doc).not.toBe(before);
    expect(ada.text).toBe("Kant");
    expect(ada.copies).toMatchObject([{ reason: "epoch", text: "Hegel offline\n" }]);
    ada.type("!");
    await settle();
    expect(server.text).toBe("Kant!");
  });

  it("is entered at once when the server says so, and edits of the new life do not come into the old one", async () => {
    const ada = await somebody("ada");
    const before = ada.doc;
    server.reset("e2", "Kant");
    server.say("document.reset", { document_id: "7", epoch: "e2", reason: "erased" });
    expect(ada.state.phase).toBe("loading");
    await settle();
    expect(ada.text).toBe("Kant");
    expect(textIn(before)).toBe("Hegel");
  });

  it("that an update meets is entered, too", async () => {
    const ada = await somebody("ada");
    server.reset("e2", "Kant");
    ada.type("!");
    await settle();
    expect(ada.text).toBe("Kant");
    expect(ada.copies).toMatchObject([{ reason: "epoch", text: "Hegel!\n" }]);
  });
});
