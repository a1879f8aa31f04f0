/** Messages by number, once, in their newest version. */

import { describe, expect, it } from "vitest";
import { message } from "../../../testing/campus";
import {
  aroundLoaded,
  arrived,
  emptyTimeline,
  insert,
  LONGEST,
  newerLoaded,
  newestLoaded,
  olderLoaded,
  requoted,
} from "./timeline";

const page = (numbers: number[], has_before = false) => ({
  items: numbers.map((number) => message(number)),
  position: { epoch: "a", offset: 0 },
  own: [],
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

  it("is bounded: above 20,000 the oldest go, and can be loaded again", () => {
    const all = Array.from({ length: LONGEST - 1 }, (_, index) => message(index + 1));
    let timeline = arrived({ ...ready, messages: all }, message(LONGEST));
    expect(timeline).toMatchObject({ hasBefore: false });
    timeline = arrived(timeline, message(LONGEST + 1));
    expect(timeline.messages).toHaveLength(15_000);
    expect(timeline.messages.at(-1)?.number).toBe(LONGEST + 1);
    expect(timeline.hasBefore).toBe(true);
  });

  describe("that looks at the past", () => {
    const past = aroundLoaded(
      { ...ready, messages: [message(90), message(91)], newest: 91 },
      { ...page([40, 41, 42], true), has_after: true },
    );

    it("replaces what it does not join", () => {
      expect(numbers(past.messages)).toEqual([40, 41, 42]);
      expect(past).toMatchObject({ hasBefore: true, hasAfter: true, newest: 91 });
    });

    it("leaves out what comes live, or there would be a hole, and knows that there is more", () => {
      const later = arrived(past, message(92));
      expect(numbers(later.messages)).toEqual([40, 41, 42]);
      expect(later.newest).toBe(92);
      // The page says that it is the last one, but 92 came while it was under way.
      expect(newerLoaded(later, page([43, 91])).hasAfter).toBe(true);
      expect(newerLoaded(later, page([43, 91, 92])).hasAfter).toBe(false);
    });

    it("takes new versions of what it shows", () => {
      const edited = arrived(past, message(41, { version: 2, text: "edited" }));
      expect(edited.messages[1]?.text).toBe("edited");
    });

    it("comes back to the newest page whole", () => {
      const back = newestLoaded(past, page([90, 91], true));
      expect(numbers(back.messages)).toEqual([90, 91]);
      expect(back).toMatchObject({ hasBefore: true, hasAfter: false });
    });

    it("joins what it overlaps", () => {
      const joined = aroundLoaded(
        { ...ready, messages: [message(42), message(43)], newest: 43 },
        { ...page([40, 41, 42], true), has_after: true },
      );
      expect(numbers(joined.messages)).toEqual([40, 41, 42, 43]);
      expect(joined).toMatchObject({ hasBefore: true, hasAfter: false });
    });
  });

  it("shows in replies what became of what they quote", () => {
    const quote = { id: "m1", number: 1, text: "before", state: "sent" as const };
    const timeline = { ...ready, messages: [message(1), message(2, { reply_to: "m1", quote })] };
    const edited = requoted(timeline, message(1, { version: 2, text: "after" }));
    expect(edited.messages[1]?.quote).toMatchObject({ text: "after", state: "sent" });
    const gone = requoted(timeline, message(1, { text: "", state: "deleted" }));
    expect(gone.messages[1]?.quote).toMatchObject({ text: "", state: "deleted" });
    expect(requoted(timeline, message(1))).toBe(timeline);
  });
});
