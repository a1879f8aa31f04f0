/** What pops up: a burst is one toast, and what is read is gone from it. */

import { describe, expect, it } from "vitest";
import { notification, read } from "../../../testing/inbox";
import { arrived, BURST_MS, changed, dismissed, MOST_ITEMS, MOST_TOASTS, type Toast } from "./toasts";

const loud = (number: number, patch = {}) => notification(number, { toast: true, ...patch });
const all = (items: ReturnType<typeof loud>[], gap = 0): readonly Toast[] =>
  items.reduce<readonly Toast[]>((toasts, item, index) => arrived(toasts, item, index * gap), []);

describe("toasts", () => {
  it("are one for a burst, the newest first", () => {
    const toasts = all([loud(1), loud(2), loud(3)], BURST_MS - 1);
    expect(toasts).toMatchObject([
      { id: "n0001@0", items: [{ id: "n0003" }, { id: "n0002" }, { id: "n0001" }] },
    ]);
  });

  it("are new ones after a pause", () => {
    expect(all([loud(1), loud(2)], BURST_MS)).toHaveLength(2);
  });

  it("keep what is urgent apart", () => {
    const toasts = all([loud(1), loud(2, { priority: "urgent" }), loud(3)]);
    expect(toasts).toMatchObject([
      { urgent: false, items: [{ id: "n0003" }, { id: "n0001" }] },
      { urgent: true, items: [{ id: "n0002" }] },
    ]);
  });

  it("never show what is low, what the server keeps quiet, and what is settled", () => {
    expect(
      all([loud(1, { priority: "low" }), notification(2), read(loud(3)), loud(4, { archived_at: "x" })]),
    ).toEqual([]);
  });

  it("lose what is read, archived or put off, and end with the last", () => {
    const toasts = all([loud(1), loud(2)]);
    const one = changed(toasts, read(loud(2)));
    expect(one).toMatchObject([{ items: [{ id: "n0001" }] }]);
    expect(changed(one, loud(1, { snoozed_until: "x" }))).toEqual([]);
    expect(changed(one, read(loud(9)))).toBe(one);
  });

  it("say again what moves up once more, in its place", () => {
    const toasts = all([loud(1), loud(2), loud(1, { group_count: 2 })]);
    expect(toasts).toMatchObject([{ items: [{ id: "n0001", group_count: 2 }, { id: "n0002" }] }]);
  });

  it("are bounded: a further one joins the newest, a large burst keeps its newest", () => {
    const toasts = all(
      Array.from({ length: MOST_TOASTS + 2 }, (_, index) => loud(index)),
      BURST_MS,
    );
    expect(toasts.map(({ items }) => items.length)).toEqual([1, 1, 3]);
    const [large] = all(Array.from({ length: MOST_ITEMS + 1 }, (_, index) => loud(index)));
    expect(large).toMatchObject({ more: true, items: { length: MOST_ITEMS } });
    expect(large?.items.at(-1)?.id).toBe("n0001");
  });

  it("go when they are dismissed", () => {
    const toasts = all([loud(1)]);
    expect(dismissed(toasts, "n0001@0")).toEqual([]);
    expect(dismissed(toasts, "else")).toBe(toasts);
  });
});
