/** The bounds of what waits: for a device that is slow, and for a server that is away. */

import { describe, expect, it } from "vitest";
import { applyUpdate, Doc, decodeUpdate } from "yjs";
import { settle, World } from "../../../testing/world";
import { CommandError } from "../errors";
import { NamedTimers } from "../timers";
import { Keeping, type Unsent } from "./keeping";
import { Saving } from "./saving";
import type { Change, KeptContent } from "./store";

/** A document to which letters are added, one update each. */
function typist(count: number): { updates: Uint8Array[]; text: string } {
  const doc = new Doc();
  const updates: Uint8Array[] = [];
  doc.on("update", (update: Uint8Array) => updates.push(update));
  const text = doc.getText("t");
  for (let index = 0; index < count; index += 1) text.insert(index, String(index % 10));
  return { updates, text: text.toString() };
}

function read(updates: readonly Uint8Array[]): string {
  const doc = new Doc();
  for (const update of updates) applyUpdate(doc, update);
  return doc.getText("t").toString();
}

/** A document that a device knows, which answers to what it is given when a test says so. */
function slow() {
  const world = new World();
  const changes: Change[] = [];
  const waiting: ((keys: number[] | Promise<never>) => void)[] = [];
  const keeping = new Keeping("7", {
    rows: {
      load: async () => null,
      begin: async () => null,
      change: (_life, change) => {
        changes.push(change);
        return new Promise((done) => waiting.push(done));
      },
    },
    timers: new NamedTimers(world),
    changed: () => undefined,
    found: () => undefined,
  });
  keeping.begin({ id: "7", epoch: "e1", layout: 1, mode: "edit", info: {}, at: 0 } as never, null, true);
  return { world, keeping, changes, waiting };
}

describe("what the device has kept", () => {
  function load(): {
    world: World;
    keeping: Keeping;
    loading: Promise<unknown>;
    answer: (kept: KeptContent) => void;
    late: KeptContent[];
  } {
    const world = new World();
    const late: KeptContent[] = [];
    let answer: (kept: KeptContent) => void = () => undefined;
    const keeping = new Keeping("7", {
      rows: {
        load: () =>
          new Promise((done) => {
            answer = done;
          }),
        begin: async () => null,
        change: async () => [],
      },
      timers: new NamedTimers(world),
      changed: () => undefined,
      found: (kept) => late.push(kept),
    });
    return { world, keeping, loading: keeping.load(), answer: (kept) => answer(kept), late };
  }

  const kept = { document: {}, updates: new Map() } as unknown as KeptContent;

  it("is waited for by a page that was too busy to hear it", async () => {
    const { world, keeping, loading, answer, late } = load();
    world.stall(20_000);
    answer(kept);
    expect(await loading).toBe(kept);
    expect(late).toEqual([]);
    expect(keeping.works).toBe(true);
    expect(world.timers.size).toBe(0);
  });

  it("is not waited for when the device is mute, and told when it speaks after all", async () => {
    const { world, keeping, loading, answer, late } = load();
    world.advance(3_000);
    expect(await loading).toBeNull();
    expect(keeping.works).toBe(false);
    answer(kept);
    await settle();
    expect(late).toEqual([kept]);
  });
});

describe("what others write, while the device is slow", () => {
  it("is merged above its bound, and written whole", async () => {
    const { world, keeping, changes, waiting } = slow();
    const { updates, text } = typist(700);
    keeping.received(updates[0] as Uint8Array);
    world.advance(2_000);
    await settle();
    for (const update of updates.slice(1)) keeping.received(update);
    waiting.shift()?.([1]);
    await settle();
    world.advance(2_000);
    await settle();
    expect(changes.map(({ add }) => add.length)).toEqual([1, 1]);
    expect(read(changes.flatMap(({ add }) => add.map(({ bytes }) => bytes)))).toBe(text);
  });
});

describe("what we write, while the device is slow", () => {
  it("is with the device in the same turn, and above a bound together once it has answered", async () => {
    const { keeping, changes, waiting } = slow();
    const { updates, text } = typist(250);
    const edits = updates.map((bytes): Unsent => ({ bytes, key: null }));
    keeping.received(Uint8Array.of(0, 0)); // What others wrote before goes along: nobody could read it without.
    for (const edit of edits.slice(0, 3)) keeping.add(edit);
    expect(changes.map(({ add }) => add.map(({ unsent }) => unsent))).toEqual([
      [false, true],
      [true],
      [true],
    ]);
    for (const edit of edits.slice(3)) keeping.add(edit);
    expect(changes.map(({ add }) => add.length)).toEqual([2, ...Array(99).fill(1)]);
    expect(keeping.isWhole).toBe(false);
    waiting.shift()?.([1_000, 0]);
    for (let key = 1; key < 99; key += 1) waiting.shift()?.([key]);
    await settle();
    expect(changes.slice(100).map(({ add }) => add.length)).toEqual([150]);
    waiting.shift()?.([99]);
    await settle();
    expect(keeping.isWhole).toBe(false);
    waiting.shift()?.(Array.from({ length: 150 }, (_one, index) => 100 + index));
    await settle();
    expect(keeping.isWhole).toBe(true);
    expect(edits.map(({ key }) => key)).toEqual(edits.map((_one, index) => index));
    expect(read(changes.flatMap(({ add }) => add.map(({ bytes }) => bytes)))).toBe(text);
  });
});

describe("an edit that the server has by now", () => {
  it("goes from the device with what is in its place, and not before", async () => {
    const { world, keeping, changes, waiting } = slow();
    const [one, two] = typist(2).updates.map((bytes): Unsent => ({ bytes, key: null })) as [Unsent, Unsent];
    keeping.add(one);
    waiting.shift()?.([5]);
    await settle();
    keeping.sent([one], one.bytes);
    keeping.add(two);
    world.advance(2_000);
    await settle();
    expect(changes.map(({ add, remove }) => [add.length, remove])).toEqual([
      [1, []],
      [2, []],
    ]);
    waiting.shift()?.(Promise.reject(new Error("full")));
    await settle();
    expect(changes.slice(2)).toEqual([{ add: [{ bytes: one.bytes, unsent: false }], remove: [5] }]);
    expect(keeping.isWhole).toBe(false);
  });
});

describe("what we write, while the server is away", () => {
  it("is merged above its bound, loses nothing, and never becomes larger than an update may be", async () => {
    const world = new World();
    const sent: Uint8Array[] = [];
    const rows = new Set<Unsent>();
    const saving = new Saving({
      timers: new NamedTimers(world),
      send: async (update) => void sent.push(update),
      sent: () => undefined,
      merged: (edits, one) => {
        for (const edit of edits) rows.delete(edit);
        rows.add(one);
      },
      gap: () => undefined,
      open: () => undefined,
      refused: (error) => {
        throw error;
      },
    });
    const { updates, text } = typist(5_000);
    for (const bytes of updates) {
      const edit = { bytes, key: null };
      rows.add(edit);
      saving.add(edit);
      expect(saving.waiting.length).toBeLessThanOrEqual(1_001);
    }
    expect([...rows]).toEqual(saving.waiting);
    expect(read(saving.waiting.map(({ bytes }) => bytes))).toBe(text);
    saving.resume({ bytes: 60_000, perSecond: 100 });
    while (!saving.isEmpty) {
      await settle();
      world.advance(10);
    }
    expect(Math.max(...sent.map(({ length }) => length))).toBeLessThanOrEqual(60_000);
    expect(read(sent)).toBe(text);
  });
});

describe("what we wrote without a connection, when it is too much at once", () => {
  const tooLarge = new CommandError({ code: "too_large", message: "", retryable: false });

  /** A server that takes an update of so many of the edits at once, and of no more. */
  function sender(most: number, updates: readonly Uint8Array[]) {
    const world = new World();
    const tried: number[] = [];
    const sent: Uint8Array[] = [];
    const refusals: CommandError[] = [];
    const saving: Saving = new Saving({
      timers: new NamedTimers(world),
      send: async (update) => {
        const { structs } = decodeUpdate(update);
        tried.push(structs.length);
        if (structs.length > most) throw tooLarge;
        sent.push(update);
      },
      sent: () => undefined,
      merged: () => undefined,
      gap: () => undefined,
      open: () => undefined,
      refused: (error) => refusals.push(error),
    });
    for (const bytes of updates) saving.add({ bytes, key: null });
    saving.resume({ perSecond: 100 });
    const settled = async () => {
      for (let turn = 0; turn < 100 && !saving.isEmpty && refusals.length === 0; turn += 1) {
        await settle();
        world.advance(10);
      }
    };
    return { saving, tried, sent, refusals, settled };
  }

  it("goes in parts, as large as the server takes them, and whole again afterwards", async () => {
    const { updates, text } = typist(100);
    const { saving, tried, sent, refusals, settled } = sender(30, updates);
    await settled();
    expect(refusals).toEqual([]);
    expect(read(sent)).toBe(text);
    expect(tried).toEqual([100, 50, 25, 25, 25, 25]);
    for (const bytes of updates.slice(0, 20)) saving.add({ bytes, key: null });
    await settled();
    expect(tried.slice(-2)).toEqual([1, 19]);
  });

  it("is refused when one edit alone is too much", async () => {
    const { saving, tried, refusals, settled } = sender(0, typist(10).updates);
    await settled();
    expect(tried).toEqual([10, 5, 3, 2, 1]);
    expect(refusals).toEqual([tooLarge]);
    expect(saving.waiting).toHaveLength(10);
  });
});
