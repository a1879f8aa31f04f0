/** Messages by number, once, in their newest version. */

import { describe, expect, it } from "vitest";
import { message } from "../../../testing/campus";
import { arrived, emptyTimeline, insert, LONGEST, newestLoaded, olderLoaded } from "./timeline";

const page = (numbers: number[], has_before = false) => ({
  items: numbers.map((number) => message(number)),
  position: { epoch: "a", offset: 0 },
  has_before,
  has_after: false,
});
const numbers = (messages: readonly { number: number }[]) => messages.map(({ number }) => number);
const ready = { ...emptyTimeline, phase: "ready" as const };

describe("insert", () => {
  it("orders by number, whatever the order of arrival", () => {
    let messages: readonly ReturnType<typeof message>[] = [];
    for (const number of [3, 1, 5, 2, 4]) messages = insert(messages, message(number));
    expect(numbers(messages)).toEqual([1, 2, 3, 4, 5]);
  });

  it("[CLI1] takes a message once, and an older version never", () => {
    const edited = message(1, { version: 2, text: "edited" });
    const messages = insert([message(1)], edited);
    expect(messages).toEqual([edited]);
    expect(insert(messages, message(1))).toBe(messages);
  });
});

describe("a timeline", () => {
  it("keeps live messages that came while the page was on its way", () => {
    const loading = arrived(emptyTimeline, message(51));
    const loaded = newestLoaded(loading, page([49, 50], true));
    expect(numbers(loaded.messages)).toEqual([49, 50, 51]);
    expect(loaded).toMatchObject({ phase: "ready", hasBefore: true });
  });

  it("does not show a hole after a snapshot: what no longer joins goes", () => {
    const before = { ...ready, messages: [message(1), message(2)] };
    expect(numbers(newestLoaded(before, page([10, 11], true)).messages)).toEqual([10, 11]);
    expect(numbers(newestLoaded(before, page([3, 4], true)).messages)).toEqual([1, 2, 3, 4]);
  });

  it("puts older pages in front", () => {
    const loaded = olderLoaded({ ...ready, messages: [message(3)], hasBefore: true }, page([1, 2]));
    expect(numbers(loaded.messages)).toEqual([1, 2, 3]);
    expect(loaded.hasBefore).toBe(false);
  });

  it("is bounded: above 2,000 the oldest go, and can be loaded again", () => {
    let timeline = ready as typeof emptyTimeline;
    for (let number = 1; number <= LONGEST; number += 1) timeline = arrived(timeline, message(number));
    expect(timeline).toMatchObject({ hasBefore: false });
    timeline = arrived(timeline, message(LONGEST + 1));
    expect(timeline.messages).toHaveLength(1_000);
    expect(timeline.messages.at(-1)?.number).toBe(LONGEST + 1);
    expect(timeline.hasBefore).toBe(true);
  });
});
