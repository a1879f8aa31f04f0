/** Random days at one device: what was shown as kept, or saved, is there at the end, however often its page just went. */

import { IDBFactory, IDBObjectStore } from "fake-indexeddb";
import { afterEach, describe, expect, it, vi } from "vitest";
import type { XmlElement, XmlText } from "yjs";
import { numbers } from "../../../testing/numbers";
import { Scriptorium, textIn } from "../../../testing/scriptorium";
import { settle, World } from "../../../testing/world";
import { CollaborationWebSocketService } from "../collaborationWebSocket";
import { isAtRisk } from "./state";

/** A tab of Ada's. */
class Tab {
  readonly world = new World();
  readonly service = new CollaborationWebSocketService({ environment: this.world });
  readonly typed: string[] = [];
  isOnline = false;
  /** Whether it shows that nothing can be lost. */
  #isCalm = false;
  #isGone = false;
  readonly #transactions: IDBTransaction[] = [];

  constructor(
    readonly device: IDBFactory,
    readonly server: Scriptorium,
    readonly promised: Set<string>,
  ) {
    this.world.databases = { ...device, open: this.#open } as unknown as IDBFactory;
    this.service.connect("ada", "token");
    this.service.openDocument("7");
    this.service.store.subscribe(() => {
      const state = this.service.document("7");
      // Of a copy it says that it was not taken: it is safe once the page would close without asking.
      const isSafe =
        state?.saveState === "refused" ? !this.service.isUnsaved : !isAtRisk(state?.saveState ?? "saved");
      this.#isCalm = state?.phase === "ready" && isSafe;
      this.#promise();
    });
  }

  get text(): XmlText | null {
    const doc = this.service.document("7")?.doc;
    return doc ? ((doc.getXmlFragment("default").get(0) as XmlElement).get(0) as XmlText) : null;
  }

  type(words: string): void {
    const { text } = this;
    if (!text || this.service.document("7")?.phase !== "ready") return;
    this.typed.push(words);
    text.insert(text.length, words);
    this.#promise();
  }

  /** What is on screen is believed of all that was typed by then. */
  #promise(): void {
    if (this.#isCalm) for (const words of this.typed) this.promised.add(words);
  }

  come(): void {
    const { peer } = this.world;
    this.server.furnish(peer, "ada");
    if (peer.connects > 1) this.world.advance(6_000);
    peer.accept({ user: { id: "ada", name: "Ada" } });
    this.isOnline = true;
  }

  leave(): void {
    this.server.gone(this.world.peer);
    this.world.peer.cut();
    this.isOnline = false;
  }

  /** It is just gone, as at a crash: what the device was not told to commit is undone. */
  go(): void {
    this.#isGone = true;
    for (const peer of this.world.peers) this.server.gone(peer);
    for (const transaction of this.#transactions) {
      try {
        transaction.abort();
      } catch {
        // It is committed, or over.
      }
    }
  }

  readonly #open = (name: string, version: number): IDBOpenDBRequest => {
    const request = this.device.open(name, version);
    request.addEventListener("success", () => {
      const database = request.result;
      const begin = database.transaction.bind(database);
      database.transaction = (...given) => {
        if (this.#isGone) throw new DOMException("the page is gone", "InvalidStateError");
        const transaction = begin(...given);
        this.#transactions.push(transaction);
        return transaction;
      };
    });
    return request;
  };
}

async function day(seed: number): Promise<void> {
  const random = numbers(seed);
  const below = (count: number): number => Math.floor(random() * count);
  const server = new Scriptorium("Hegel");
  server.limits.updates_per_second = 50;
  const device = new IDBFactory();
  const promised = new Set<string>();
  const tabs: Tab[] = [];
  /** What the server has thrown away, as the course wanted. */
  const cleared = new Set<string>();
  let epoch = 1;
  let count = 0;
  let full: { mockRestore: () => void } | null = null;

  const begin = async (): Promise<Tab> => {
    const tab = new Tab(device, server, promised);
    await import("./provider");
    await settle();
    return tab;
  };
  for (const at of [0, 1]) tabs[at] = await begin();
  tabs[0]?.come();

  for (let step = 0; step < 120; step += 1) {
    const at = below(tabs.length);
    const tab = tabs[at] as Tab;
    const chance = random();
    if (chance < 0.5) {
      count += 1;
      tab.type(`<${count}>`);
    } else if (chance < 0.6) {
      if (tab.isOnline) tab.leave();
      else tab.come();
    } else if (chance < 0.66) {
      tab.go();
      tabs[at] = await begin();
    } else if (chance < 0.68) {
      if (full) full.mockRestore();
      full = full ? null : fill();
    } else if (chance < 0.695) {
      for (const words of wordsIn(server.text)) cleared.add(words);
      epoch += 1;
      server.reset(`e${epoch}`, "Kant");
      server.say("document.reset", { document_id: "7", epoch: `e${epoch}` });
    } else if (chance < 0.85) tab.world.advance(below(2) ? below(40) : below(3_000));
    else for (let turn = below(40); turn >= 0; turn -= 1) await settle();
  }
  full?.mockRestore();

  // The evening: both go, another one comes and is saved.
  for (const tab of tabs) tab.go();
  const last = await begin();
  last.come();
  for (let turn = 0; turn < 200; turn += 1) {
    last.world.advance(50);
    await settle();
  }
  const state = last.service.document("7");
  const { copies } = last.service.store.getSnapshot();
  expect(state?.saveState, `seed ${seed}`).toBe(copies.length > 0 ? "refused" : "saved");
  expect(state?.doc && textIn(state.doc)).toBe(server.text);
  const there = new Set([server.text, ...copies.map(({ text }) => text)].flatMap(wordsIn));
  const lost = [...promised].filter((words) => !there.has(words) && !cleared.has(words));
  expect(lost, `seed ${seed}: of ${count}`).toEqual([]);
  const once = wordsIn(server.text);
  expect(once, `seed ${seed}`).toEqual([...new Set(once)]);
  last.service.disconnect();
}

const wordsIn = (text: string): string[] => text.match(/<\d+>/g) ?? [];

/** The device is full: what is added aborts its transaction. */
function fill(): { mockRestore: () => void } {
  return vi.spyOn(IDBObjectStore.prototype, "add").mockImplementation(function (this: IDBObjectStore) {
    this.transaction.abort();
    throw new DOMException("full", "QuotaExceededError");
  });
}

afterEach(() => vi.restoreAllMocks());

describe("random days at a device", () => {
  it.each(Array.from({ length: 25 }, (_one, seed) => seed))("keep what they said was kept: %i", day);
});
