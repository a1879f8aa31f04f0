/** Days, groups, the line of the new, and the words around them. */

import { describe, expect, it } from "vitest";
import { ada, ben, message } from "../../testing/campus";
import { hue, initials } from "../people";
import { dayName, duration, shortWhen } from "../times";
import { conversation, type MessageRow, typingLine } from "./conversation";

const at = (time: string) => ({ sent_at: new Date(time).toISOString() });
const none = { ownKeys: new Set<string>(), ownIds: new Set<string>() };
const shapeOf = (rows: readonly MessageRow[]) => {
  const shape: (string | number)[] = [];
  for (const row of rows) {
    if (row.startsDay) shape.push("day");
    if (row.startsNew) shape.push("new");
    if (row.first) shape.push(1);
    else shape[shape.length - 1] = Number(shape.at(-1)) + 1;
  }
  return shape;
};
const shape = (messages: ReturnType<typeof message>[], readNumber: number | null = null) =>
  shapeOf(conversation({ messages, outgoing: [], me: ada, own: none, readNumber }));

describe("conversation", () => {
  it("groups what one person says within five minutes", () => {
    const messages = [
      message(1, at("2026-11-20T10:00:00")),
      message(2, at("2026-11-20T10:04:00")),
      message(3, at("2026-11-20T10:09:30")),
      message(4, { ...at("2026-11-20T10:10:00"), author: ada }),
    ];
    expect(shape(messages)).toEqual(["day", 2, 1, 1]);
  });

  it("separates days by the calendar, also a minute apart", () => {
    const messages = [message(1, at("2026-11-20T23:59:30")), message(2, at("2026-11-21T00:00:10"))];
    expect(shape(messages)).toEqual(["day", 1, "day", 1]);
  });

  it("draws the line before the first new message of somebody else, once", () => {
    const messages = [1, 2, 3, 4].map((number) => message(number));
    expect(shape(messages, 2)).toEqual(["day", 2, "new", 2]);
    expect(shape(messages, 4)).toEqual(["day", 4]);
    expect(shape([message(1), message(2, { author: ada })], 1)).toEqual(["day", 1, 1]);
  });

  it("never groups anonymous messages: they may be of different people", () => {
    const hidden = [1, 2].map((number) => {
      const { author: _author, ...rest } = message(number, { anonymous: true });
      return rest;
    });
    expect(shape(hidden)).toEqual(["day", 1, 1]);
  });

  it("knows an anonymous message of ours by the server's answer", () => {
    const { author: _author, ...hidden } = message(1, { anonymous: true });
    const mineOf = (own: typeof none) =>
      conversation({ messages: [hidden], outgoing: [], me: ada, own, readNumber: null }).at(-1);
    expect(mineOf({ ...none, ownIds: new Set(["m1"]) })).toMatchObject({ mine: true, anonymous: true });
    expect(mineOf(none)).toMatchObject({ mine: false, anonymous: true });
  });

  it("keeps the key of a message of ours from sending to sent", () => {
    const outgoing = {
      key: "k1",
      roomId: "r1",
      text: "hello",
      payload: { key: "k1", room_id: "r1", text: "hello" },
      writtenAt: "2026-11-20T10:00:00.000Z",
      status: "sending" as const,
      error: null,
    };
    const keyOf = (rows: readonly MessageRow[]) => rows.map(({ key }) => key);
    const common = { me: ada, own: none, readNumber: null };
    const before = conversation({ messages: [], outgoing: [outgoing], ...common });
    const sent = message(1, { author: ada, key: "k1" });
    const after = conversation({ messages: [sent], outgoing: [], ...common });
    expect(keyOf(before)).toEqual(["k1"]);
    expect(keyOf(after)).toEqual(["k1"]);
  });
});

describe("words", () => {
  it("name who is typing", () => {
    const cleo = { user_id: "cleo", name: "Cleo Marín" };
    expect(typingLine([])).toBe("");
    expect(typingLine([ben])).toBe("Ben is typing");
    expect(typingLine([ben, cleo])).toBe("Ben and Cleo are typing");
    expect(typingLine([ben, cleo, ada])).toBe("Several people are typing");
  });

  it("shorten names to initials in any script", () => {
    expect(initials("Ada Lovelace")).toBe("AL");
    expect(initials("  Cleo  de la Marín ")).toBe("CM");
    expect(initials("Plato")).toBe("P");
    expect(initials("𝒜da 李")).toBe("𝒜李");
    expect(initials("")).toBe("");
  });

  it("give a person the same colour every time", () => {
    expect(hue("ada")).toBe(hue("ada"));
    expect(hue("ada")).not.toBe(hue("ben"));
    expect(hue("ada")).toBeLessThan(360);
  });

  it("name days and times", () => {
    const now = new Date("2026-11-22T12:00:00").getTime();
    const time = (text: string) => new Date(text).getTime();
    expect(dayName(time("2026-11-22T00:01:00"), now)).toBe("Today");
    expect(dayName(time("2026-11-21T23:59:00"), now)).toBe("Yesterday");
    expect(dayName(time("2026-11-18T10:00:00"), now, "en-GB")).toBe("Wednesday");
    expect(dayName(time("2026-03-03T10:00:00"), now, "en-GB")).toBe("3 March");
    expect(dayName(time("2024-03-03T10:00:00"), now, "en-GB")).toBe("3 March 2024");
    expect(shortWhen(time("2026-11-22T09:05:00"), now, "en-GB")).toBe("9:05");
    expect(shortWhen(time("2026-11-03T09:05:00"), now, "en-GB")).toBe("3 Nov");
    expect([10_000, 300_000, 3 * 3_600_000, 30 * 3_600_000, 72 * 3_600_000].map(duration)).toEqual([
      "less than a minute",
      "5 min",
      "3 h",
      "1 day",
      "3 days",
    ]);
  });
});
