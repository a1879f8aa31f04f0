/** Carets between two pages: seen, gone, back again, and never ours when others say so. */

import { beforeEach, describe, expect, it, vi } from "vitest";
import { type Awareness, applyAwarenessUpdate, Awareness as Made } from "y-protocols/awareness";
import { Doc } from "yjs";
import { World } from "../../../testing/world";
import { NamedTimers } from "../timers";
import { Carets } from "./awareness";

let world: World;
beforeEach(() => {
  world = new World();
});

/** A page, whose words go to `others`. */
class Page {
  readonly said: Uint8Array[] = [];
  readonly carets: Carets;

  constructor(readonly others: Awareness[] = []) {
    this.carets = new Carets(new Doc(), {
      timers: new NamedTimers(world),
      send: (bytes) => {
        this.said.push(bytes);
        for (const one of others) applyAwarenessUpdate(one, bytes, "test");
      },
      report: world.report,
    });
  }

  get id(): number {
    return this.carets.awareness.clientID;
  }

  move(at: number): void {
    this.carets.awareness.setLocalStateField("cursor", { anchor: at, head: at });
  }
}

const observer = (): Awareness => {
  const made = new Made(new Doc());
  made.setLocalState(null);
  return made;
};
const NOBODY = Uint8Array.of(0);

describe("Carets", () => {
  it("are shown to others with nothing but their place: who it is says the server", () => {
    const others = observer();
    const ada = new Page([others]);
    ada.carets.awareness.setLocalStateField("user", { name: "Somebody else", color: "red" });
    ada.carets.open(NOBODY, true);
    ada.move(3);
    world.advance(200);
    expect(others.getStates().get(ada.id)).toEqual({ cursor: { anchor: 3, head: 3 } });
  });

  it("move five times a second at most, and end where they are", () => {
    const others = observer();
    const ada = new Page([others]);
    ada.carets.open(NOBODY, true);
    for (let at = 0; at < 100; at += 1) {
      ada.move(at);
      world.advance(10);
    }
    world.advance(200);
    expect(ada.said.length).toBeLessThanOrEqual(7);
    expect(others.getStates().get(ada.id)).toEqual({ cursor: { anchor: 99, head: 99 } });
  });

  it("come back with a new clock after a connection was lost, or nobody would see them", () => {
    const others = observer();
    const ada = new Page([others]);
    ada.carets.open(NOBODY, true);
    world.advance(200);
    ada.carets.lost();
    // The server takes it away at the clock that it had.
    const clock = others.meta.get(ada.id)?.clock ?? 0;
    applyAwarenessUpdate(others, Uint8Array.of(1, ...varint(ada.id), clock, 4, ...text("null")), "server");
    expect(others.getStates().has(ada.id)).toBe(false);
    ada.carets.open(NOBODY, true);
    expect(others.getStates().has(ada.id)).toBe(true);
  });

  it("stay when the half-open connection before is taken away late", () => {
    const others = observer();
    const ada = new Page([others]);
    ada.carets.open(NOBODY, true);
    const late = Uint8Array.of(1, ...varint(ada.id), others.meta.get(ada.id)?.clock ?? 0, 4, ...text("null"));
    ada.carets.lost();
    ada.carets.open(NOBODY, true);
    applyAwarenessUpdate(others, late, "server");
    expect(others.getStates().has(ada.id)).toBe(true);
  });

  it("are said again when somebody says that we are gone", () => {
    const others = observer();
    const ada = new Page([others]);
    ada.carets.open(NOBODY, true);
    world.advance(200);
    const clock = others.meta.get(ada.id)?.clock ?? 0;
    const gone = Uint8Array.of(1, ...varint(ada.id), clock, 4, ...text("null"));
    applyAwarenessUpdate(others, gone, "server");
    ada.carets.received(gone);
    expect(others.getStates().has(ada.id)).toBe(true);
  });

  it("of others are gone without a connection, and there again with it though they have not moved", () => {
    const ada = new Page();
    const ben = new Page([ada.carets.awareness]);
    ada.carets.open(NOBODY, true);
    ben.carets.open(NOBODY, true);
    const standing = ben.said.at(-1) ?? NOBODY;
    expect(ada.carets.awareness.getStates().has(ben.id)).toBe(true);
    ada.carets.lost();
    expect(ada.carets.awareness.getStates().has(ben.id)).toBe(false);
    ada.carets.open(standing, true);
    expect(ada.carets.awareness.getStates().has(ben.id)).toBe(true);
  });

  it("are not shown by those who only read, and are taken away when the mode becomes one", () => {
    const others = observer();
    const ada = new Page([others]);
    ada.carets.open(NOBODY, false);
    ada.move(1);
    world.advance(1_000);
    expect(ada.said).toEqual([]);
    ada.carets.allow(true);
    expect(others.getStates().has(ada.id)).toBe(true);
    ada.carets.allow(false);
    expect(others.getStates().has(ada.id)).toBe(false);
    world.advance(1_000);
    ada.move(2);
    expect(others.getStates().has(ada.id)).toBe(false);
  });

  it("that nobody can read are reported and change nothing", () => {
    const ada = new Page();
    ada.carets.open(NOBODY, true);
    ada.carets.received(Uint8Array.of(1, 5, 1, 3, 97, 98));
    expect(world.reported).toHaveLength(1);
    expect([...ada.carets.awareness.getStates().keys()]).toEqual([ada.id]);
  });

  it("of somebody who stands still are said again before others take them for gone", () => {
    vi.useFakeTimers();
    try {
      const others = observer();
      const ada = new Page([others]);
      ada.carets.open(NOBODY, true);
      for (let second = 0; second < 60; second += 3) {
        vi.advanceTimersByTime(3_000);
        world.advance(3_000);
      }
      expect(others.getStates().has(ada.id)).toBe(true);
      expect(ada.said.length).toBeLessThan(8);
      ada.carets.destroy();
      others.destroy();
    } finally {
      vi.useRealTimers();
    }
  });

  it("leave no timer behind", () => {
    const ada = new Page();
    ada.carets.open(NOBODY, true);
    ada.carets.destroy();
    expect(world.timers.size).toBe(0);
  });
});

function varint(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  while (rest > 127) {
    bytes.push((rest % 128) + 128);
    rest = Math.floor(rest / 128);
  }
  return [...bytes, rest];
}

const text = (value: string): number[] => [...value].map((letter) => letter.charCodeAt(0));
