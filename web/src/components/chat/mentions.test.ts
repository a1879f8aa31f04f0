/** Calling people: what is begun at the caret, whom it may mean, what is written in the end. */

import { describe, expect, it } from "vitest";
import { begun, type Callable, called, candidates, completed, GROUPS } from "./mentions";

const person = (name: string, userId: string): Callable => ({ name, userId, hint: "" });
const people = [
  person("Ben Okafor", "ben"),
  person("Cleo Marín", "cleo"),
  person("Åsa Berg", "asa"),
  ...GROUPS,
];
const names = (found: readonly Callable[]) => found.map(({ name }) => name);

describe("a mention", () => {
  it("begins at an @ that follows no word", () => {
    expect(begun("hi @be", 6)).toEqual({ start: 3, query: "be" });
    expect(begun("@", 1)).toEqual({ start: 0, query: "" });
    expect(begun("(@Ben Ok", 8)).toEqual({ start: 1, query: "Ben Ok" });
    for (const text of ["ada@example", "no at all", "@ space", "a @b\nc"]) {
      expect(begun(text, text.length)).toBeNull();
    }
    expect(begun("@ben and more", 3)).toEqual({ start: 0, query: "be" });
  });

  it("may mean those whose name, or a word of it, begins like it", () => {
    expect(names(candidates("be", people))).toEqual(["Ben Okafor", "Åsa Berg"]);
    expect(names(candidates("MAR", people))).toEqual(["Cleo Marín"]);
    expect(names(candidates("st", people))).toEqual(["staff"]);
    expect(names(candidates("", people))).toHaveLength(5);
    expect(candidates("nobody", people)).toEqual([]);
  });

  it("is done when the name is written out", () => {
    expect(candidates("Ben Okafor ", people)).toEqual([]);
    expect(candidates("ben okafor", people)).toEqual([]);
    expect(names(candidates("ben", [...people, person("Ben", "b2")]))).toEqual(["Ben Okafor", "Ben"]);
  });

  it("takes the place of what was begun", () => {
    const text = "hi @be, look";
    expect(completed(text, { start: 3, query: "be" }, person("Ben Okafor", "ben"))).toEqual({
      text: "hi @Ben Okafor, look",
      caret: 14,
    });
  });

  it("calls those who stand in the text in the end, and no group by id", () => {
    expect(called("@Ben Okafor and @staff, not Cleo Marín", people)).toEqual(["ben"]);
    expect(called("nobody", people)).toEqual([]);
  });
});
