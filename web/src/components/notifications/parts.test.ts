/** The pure parts of the components: links that may be followed, times to snooze until, days, names of courses. */

import { describe, expect, it } from "vitest";
import { notification, preferences } from "../../testing/inbox";
import { courseNameOf, knownCourses } from "./courses";
import { byDay } from "./days";
import { kindOf, priorityLabel } from "./kinds";
import { isOurs, safeLink } from "./links";
import { snoozeChoices } from "./snoozing";

const BASE = "https://campus.example.edu/inbox";

describe("links", () => {
  it.each(["/courses/cs101", "#/chat/r1?message=m1", "https://example.org/", "http://example.org/a b"])(
    "may be %s",
    (url) => expect(safeLink(url, BASE)).toBe(url),
  );

  it.each([
    undefined,
    "",
    " ",
    "javascript:alert(1)",
    "JaVaScRiPt:alert(1)",
    " data:text/html,x",
    "https://",
  ])("may not be %s", (url) => expect(safeLink(url, BASE)).toBeNull());

  it("are ours or another's", () => {
    expect(isOurs("/courses", BASE)).toBe(true);
    expect(isOurs("//evil.example", BASE)).toBe(false);
    expect(isOurs("https://example.org/", BASE)).toBe(false);
  });
});

describe("snoozing", () => {
  const at = (text: string) => new Date(text).getTime();
  const named = (text: string) =>
    snoozeChoices(at(text)).map(({ label, until }) => [label, new Date(until).toString().slice(0, 21)]);

  it("offers usual times of the device's days", () => {
    expect(named("2026-11-25T15:30:00")).toEqual([
      ["In an hour", "Wed Nov 25 2026 16:30"],
      ["In three hours", "Wed Nov 25 2026 18:30"],
      ["Tomorrow morning", "Thu Nov 26 2026 08:00"],
      ["Monday morning", "Mon Nov 30 2026 08:00"],
    ]);
  });

  it("does not offer Monday twice on a Sunday, and means the next one on a Monday", () => {
    expect(named("2026-11-29T10:00:00").at(-1)).toEqual(["Tomorrow morning", "Mon Nov 30 2026 08:00"]);
    expect(named("2026-11-30T10:00:00").at(-1)).toEqual(["Monday morning", "Mon Dec 07 2026 08:00"]);
  });
});

it("puts items under their days, in their order", () => {
  const on = (number: number, moved_at: string) => notification(number, { moved_at });
  const now = Date.parse("2026-11-22T12:00:00");
  const items = [on(3, "2026-11-22T10:00:00"), on(2, "2026-11-22T09:00:00"), on(1, "2026-11-21T09:00:00")];
  expect(byDay(items, now).map(({ name, items: held }) => [name, held.map(({ id }) => id)])).toEqual([
    ["Today", ["n0003", "n0002"]],
    ["Yesterday", ["n0001"]],
  ]);
});

it("names courses by the page's names, or else by their ids", () => {
  const items = [notification(1, { course_id: "bio" }), notification(2)];
  const names = { cs101: "Computing" };
  expect(knownCourses(names, items, preferences({ courses: { art: "muted" } }))).toEqual([
    ["art", "art"],
    ["bio", "bio"],
    ["cs101", "Computing"],
  ]);
  expect(courseNameOf(names)("cs101")).toBe("Computing");
});

it("has a name for what a newer server says", () => {
  expect(kindOf("weather").label).toBe("weather");
  expect(priorityLabel("extreme" as never)).toBe("extreme");
});
