/** What a device keeps: over reloads, for one user, without the connection, and what is said when it keeps nothing. */

import { IDBFactory, IDBObjectStore } from "fake-indexeddb";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Doc, XmlElement, XmlText } from "yjs";
import { Scriptorium, textIn } from "../../../testing/scriptorium";
import { settle, World } from "../../../testing/world";
import { CollaborationWebSocketService } from "../collaborationWebSocket";
import { DeviceStore } from "./store";

let databases: IDBFactory;
let server: Scriptorium;
let pages: Page[];

beforeEach(() => {
  databases = new IDBFactory();
  server = new Scriptorium("Hegel");
  pages = [];
});
afterEach(async () => {
  for (const page of pages) await page.leave();
});

/** A page in the browser of one machine. */
class Page {
  readonly world = new World();
  readonly service = new CollaborationWebSocketService({ environment: this.world });

  constructor(
    readonly user: string,
    factory: IDBFactory | null = databases,
  ) {
    this.world.databases = factory;
    pages.push(this);
    this.service.connect(user, "token");
    this.service.openDocument("7");
  }

  async online(): Promise<this> {
    await quiet();
    server.furnish(this.world.peer, this.user);
    if (this.world.peer.connects > 1) this.world.advance(5_000);
    this.world.peer.accept({ user: { id: this.user, name: this.user } });
    await quiet();
    return this;
  }

  async offline(): Promise<this> {
    server.gone(this.world.peer);
    this.world.peer.cut();
    await quiet();
    return this;
  }

  /** Closed or reloaded; what waits for its turn is written. */
  async leave(): Promise<void> {
    server.gone(this.world.peer);
    this.service.disconnect();
    await quiet();
  }

  get state() {
    const state = this.service.document("7");
    if (!state) throw new Error("the document is not open");
    return state;
  }

  get doc(): Doc {
    if (!this.state.doc) throw new Error("there is no document");
    return this.state.doc;
  }

  async type(text: string): Promise<void> {
    const inside = (this.doc.getXmlFragment("default").get(0) as XmlElement).get(0) as XmlText;
    inside.insert(inside.length, text);
    await quiet();
  }
}

/** Until the database and everything that waits for it have had their turns. */
async function quiet(): Promise<void> {
  await import("./provider");
  for (let turn = 0; turn < 40; turn += 1) await settle();
}

describe("a document on the device", () => {
  it("is there without a connection, and edits made then are sent by a later page", async () => {
    await (await new Page("ada").online()).leave();

    const offline = new Page("ada");
    await quiet();
    expect(offline.state).toMatchObject({ phase: "ready", mode: "edit", saveState: "saved", keeps: true });
    expect(textIn(offline.doc)).toBe("Hegel");
    await offline.type(" offline");
    expect(offline.state.saveState).toBe("kept");
    expect(offline.service.isUnsaved).toBe(true);
    await offline.leave();

    const later = new Page("ada");
    await quiet();
    expect(later.state.saveState).toBe("kept");
    await later.online();
    await quiet();
    expect(server.text).toBe("Hegel offline");
    expect(later.state.saveState).toBe("saved");
    later.world.advance(2_000);
    await quiet();
    await later.leave();

    const last = new Page("ada");
    await quiet();
    expect(last.state.saveState).toBe("saved");
    expect(textIn(last.doc)).toBe("Hegel offline");
    await last.online();
    expect(server.updates).toHaveLength(1);
  });

  it("holds what others wrote, too", async () => {
    const ada = await new Page("ada").online();
    const ben = await new Page("ben", null).online();
    await ben.type(" lives");
    await ada.leave();
    const again = new Page("ada");
    await quiet();
    expect(textIn(again.doc)).toBe("Hegel lives");
  });

  it("is shared by the tabs of one person, and what either left unsent is sent once a tab is connected", async () => {
    const one = await new Page("ada").online();
    const two = await new Page("ada").online();
    await one.offline();
    await two.offline();
    await one.type(" by one");
    await two.type(" by two");
    await one.leave();
    await two.leave();
    const later = await new Page("ada").online();
    expect(textIn(later.doc).split(" ").sort().join(" ")).toBe("Hegel by by one two");
    expect(server.text).toBe(textIn(later.doc));
    expect(later.state.saveState).toBe("saved");
    const last = await new Page("ada").online();
    later.world.advance(5_000);
    last.world.advance(5_000);
    await quiet();
    const kept = await new DeviceStore(databases, "ada").load("7");
    expect([...(kept?.updates.values() ?? [])].filter(({ unsent }) => unsent)).toEqual([]);
  });

  it("is nobody else's: another user of this browser finds nothing", async () => {
    const ada = await new Page("ada").online();
    await ada.offline();
    await ada.type(" secret");
    expect(ada.state.saveState).toBe("kept");
    await ada.leave();
    const ben = new Page("ben");
    await quiet();
    expect(ben.state).toMatchObject({ phase: "loading", doc: null });
    await ben.online();
    expect(textIn(ben.doc)).toBe("Hegel");
    expect(server.updates).toEqual([]);
  });

  it("goes when its owner signs out, after a last try to save it", async () => {
    const ada = await new Page("ada").online();
    await ada.type("!");
    await ada.service.forgetDevice("ada");
    await ada.leave();
    expect(server.text).toBe("Hegel!");
    expect(await databases.databases()).toEqual([]);
    const again = new Page("ada");
    await quiet();
    expect(again.state.phase).toBe("loading");
  });

  it("of another epoch is not merged: its unsent edits become a copy, which is there after a reload", async () => {
    const ada = await new Page("ada").online();
    await ada.offline();
    await ada.type(" offline");
    await ada.leave();
    server.reset("e2", "Kant");
    const later = await new Page("ada").online();
    expect(textIn(later.doc)).toBe("Kant");
    const copies = later.service.store.getSnapshot().copies;
    expect(copies).toMatchObject([{ reason: "epoch", text: "Hegel offline\n", title: "Notes" }]);
    expect(later.state.saveState).toBe("refused");
    expect(later.service.isUnsaved).toBe(false);
    await later.leave();
    const last = await new Page("ada").online();
    expect(last.service.store.getSnapshot().copies).toEqual(copies);
    last.service.discardCopy(copies[0]?.id ?? "");
    await quiet();
    expect(last.state.saveState).toBe("saved");
    await last.leave();
    expect((await new Page("ada").online()).service.store.getSnapshot().copies).toEqual([]);
  });

  it("does not grow for ever: many rows become one", async () => {
    server.limits.updates_per_second = 1_000;
    const ada = await new Page("ada").online();
    for (let count = 0; count < 520; count += 1) {
      await settle();
      const inside = (ada.doc.getXmlFragment("default").get(0) as XmlElement).get(0) as XmlText;
      inside.insert(inside.length, "x");
      ada.world.advance(2_001);
      for (let turn = 0; turn < 12; turn += 1) await settle();
    }
    await ada.leave();
    for (let turn = 0; turn < 30; turn += 1) await quiet(); // A row is a turn of the database.
    const kept = await new DeviceStore(databases, "ada").load("7");
    expect(kept?.updates.size).toBeLessThan(100);
    expect([...(kept?.updates.values() ?? [])].filter(({ unsent }) => unsent)).toEqual([]);
    const again = new Page("ada");
    await quiet();
    expect(textIn(again.doc)).toBe(`Hegel${"x".repeat(520)}`);
  });
});

describe("what is on screen", () => {
  it("says that an edit is kept only while all are, however short ago that was told", async () => {
    const ada = await new Page("ada").online();
    await ada.offline();
    let told: string | undefined;
    ada.service.store.subscribe(() => {
      told = ada.state.saveState;
    });
    await ada.type("!");
    ada.world.advance(20);
    expect(told).toBe("kept");
    const typed = ada.type("?");
    // No timer has run, nor anything else.
    expect(told).toBe("keeping");
    await typed;
    ada.world.advance(20);
    expect(told).toBe("kept");
  });
});

describe("a device that keeps nothing", () => {
  it("says so, and editing goes on", async () => {
    const ada = await new Page("ada", null).online();
    expect(ada.state).toMatchObject({ phase: "ready", keeps: false, saveState: "saved" });
    await ada.type("!");
    expect(server.text).toBe("Hegel!");
    await ada.offline();
    await ada.type("?");
    expect(ada.state.saveState).toBe("offline");
    await ada.online();
    expect(server.text).toBe("Hegel!?");
    expect(ada.state.saveState).toBe("saved");
  });

  it("because its disk is full says so with the edit that did not fit, and keeps it once it fits", async () => {
    const ada = await new Page("ada").online();
    await ada.offline();
    const full = fill();
    await ada.type("!");
    expect(ada.state).toMatchObject({ saveState: "offline", keeps: false });
    full.end();
    await ada.type("?");
    expect(ada.state).toMatchObject({ saveState: "kept", keeps: true });
  });

  it("because it cannot be opened, or never answers, does not keep anybody from a document", async () => {
    const broken = { open: () => fakeRequest("error") } as unknown as IDBFactory;
    const ada = await new Page("ada", broken).online();
    expect(ada.state).toMatchObject({ phase: "ready", keeps: false });
    const mute = { open: () => fakeRequest(null) } as unknown as IDBFactory;
    const ben = new Page("ben", mute);
    await quiet();
    ben.world.advance(3_000);
    await ben.online();
    expect(ben.state).toMatchObject({ phase: "ready", keeps: false });
    expect(textIn(ben.doc)).toBe("Hegel");
  });

  it("because a row in it cannot be read asks the server, and begins anew", async () => {
    await (await new Page("ada").online()).leave();
    const store = new DeviceStore(databases, "ada");
    await store.change(["7", "e1"], { add: [{ bytes: Uint8Array.of(1, 2, 3), unsent: true }], remove: [] });
    await store.close();
    const ada = await new Page("ada").online();
    expect(textIn(ada.doc)).toBe("Hegel");
    expect(ada.world.reported).toHaveLength(1);
    ada.world.advance(2_000);
    await quiet();
    await ada.leave();
    const kept = await new DeviceStore(databases, "ada").load("7");
    expect([...(kept?.updates.values() ?? [])].some(({ unsent }) => unsent)).toBe(false);
  });
});

describe("a device that is slow to tell what it has kept", () => {
  /** Ada has left something unsent, and comes back to a page that does not wait for her device any longer. */
  async function comesBack(connected: boolean): Promise<{ ada: Page; answer: () => Promise<void> }> {
    const before = await new Page("ada").online();
    await before.offline();
    await before.type(" offline");
    await before.leave();
    const slow = slowDatabases();
    const ada = new Page("ada", slow.factory);
    await quiet();
    ada.world.advance(3_000);
    await quiet();
    if (connected) await ada.online();
    return {
      ada,
      answer: async () => {
        slow.answer();
        await quiet();
      },
    };
  }

  it("adds it to what was written meanwhile, and both are sent", async () => {
    const { ada, answer } = await comesBack(true);
    await ada.type("!");
    expect(server.text).toBe("Hegel!");
    await ada.offline();
    await ada.type("?");
    await answer();
    expect(ada.state.saveState).toBe("kept");
    await ada.online();
    expect(textIn(ada.doc)).toBe(server.text);
    expect(server.text.replace(" offline", "")).toBe("Hegel!?");
    expect(server.text).toContain(" offline");
    expect(ada.state.saveState).toBe("saved");
  });

  it("sends it at once where there is a connection", async () => {
    const { ada, answer } = await comesBack(true);
    expect(ada.state.saveState).toBe("saved");
    await answer();
    expect(server.text).toBe("Hegel offline");
    expect(textIn(ada.doc)).toBe("Hegel offline");
  });

  it("shows it where there is none", async () => {
    const { ada, answer } = await comesBack(false);
    expect(ada.state).toMatchObject({ phase: "loading", doc: null });
    await answer();
    expect(ada.state).toMatchObject({ phase: "ready", saveState: "kept" });
    expect(textIn(ada.doc)).toBe("Hegel offline");
  });

  it("makes a copy of it where the document has begun anew", async () => {
    const { ada, answer } = await comesBack(false);
    server.reset("e2", "Kant");
    await ada.online();
    await answer();
    expect(textIn(ada.doc)).toBe("Kant");
    expect(ada.service.store.getSnapshot().copies).toMatchObject([
      { reason: "epoch", text: "Hegel offline\n", title: "Notes" },
    ]);
  });

  it("reports what cannot be read of it, and goes on without", async () => {
    const { ada, answer } = await comesBack(true);
    const store = new DeviceStore(databases, "ada");
    await store.change(["7", "e1"], { add: [{ bytes: Uint8Array.of(1, 2, 3), unsent: true }], remove: [] });
    await store.close();
    await ada.type("!");
    await answer();
    expect(ada.world.reported).toHaveLength(1);
    expect(ada.state).toMatchObject({ phase: "ready", saveState: "saved" });
    expect(server.text).toContain("!");
  });
});

describe("DeviceStore", () => {
  const about = (id: string, at: number, epoch = "e1") => ({
    ...{ id, epoch, layout: 1, mode: "edit" as const, at },
    info: server.info("ada"),
  });
  const whole = () => Uint8Array.of(0, 0);
  const goes = vi.fn();
  const edit = (...bytes: number[]) => ({
    add: [{ bytes: Uint8Array.of(...bytes), unsent: true }],
    remove: [],
  });

  it("tells a tab that another has begun the document anew, or forgotten it, and mixes nothing", async () => {
    const store = new DeviceStore(databases, "ada");
    await store.begin(about("7", 1), whole, goes);
    await store.change(["7", "e1"], edit(1));
    await store.begin(about("7", 2, "e2"), whole, goes);
    await store.change(["7", "e2"], edit(2));
    await expect(store.change(["7", "e1"], edit(3))).rejects.toThrow(/another life/);
    const kept = await store.load("7");
    expect([...(kept?.updates.values() ?? [])]).toEqual([
      { bytes: whole(), unsent: false },
      { bytes: Uint8Array.of(2), unsent: true },
    ]);
    await store.remove("7");
    await expect(store.change(["7", "e2"], edit(4))).rejects.toThrow(/another life/);
    expect(await store.load("7")).toBeNull();
    // Nothing of what was turned away is left behind: it would grow with every try, and come back with that life.
    await store.begin(about("7", 3), whole, goes);
    expect((await store.load("7"))?.updates.size).toBe(1);
  });

  it("keeps fifty documents, and those with unsent edits beyond", async () => {
    const store = new DeviceStore(databases, "ada");
    for (let number = 0; number < 60; number += 1) {
      await store.begin(about(`d${number}`, number), whole, goes);
      const unsent = number < 3;
      await store.change([`d${number}`, "e1"], { add: [{ bytes: Uint8Array.of(0, 0), unsent }], remove: [] });
    }
    const there = await Promise.all(Array.from({ length: 60 }, (_one, number) => store.load(`d${number}`)));
    expect(there.slice(0, 3).every((one) => one?.updates.size === 2)).toBe(true);
    expect(there.slice(3, 10).every((one) => one === null)).toBe(true);
    expect(there.slice(10).every((one) => one !== null)).toBe(true);
  });
});

/** Nothing more fits into the database, until `end`: the transaction is aborted, as browsers do it. */
function fill(): { end: () => void } {
  const full = vi.spyOn(IDBObjectStore.prototype, "add").mockImplementation(function (this: IDBObjectStore) {
    this.transaction.abort();
    throw new DOMException("full", "QuotaExceededError");
  });
  return { end: () => full.mockRestore() };
}

/** Databases that open only once they are told to. */
function slowDatabases(): { factory: IDBFactory; answer: () => void } {
  let answer = () => {};
  const open = (name: string, version: number) => {
    const request = fakeRequest(null);
    answer = () => {
      const real = databases.open(name, version);
      real.onsuccess = () =>
        request.onsuccess?.call(Object.assign(request, { result: real.result }), new Event("success"));
    };
    return request;
  };
  return { factory: { open } as unknown as IDBFactory, answer: () => answer() };
}

/** A request that ends so, or never. */
function fakeRequest(end: "error" | null): IDBOpenDBRequest {
  const request = { error: new DOMException("no", "UnknownError") } as unknown as IDBOpenDBRequest;
  if (end === "error") queueMicrotask(() => request.onerror?.(new Event("error")));
  return request;
}
