/** The parts of documents that are functions: order and filters, what is told, names in notes, places on a page. */

import { afterEach, describe, expect, it } from "vitest";
import type { Thread } from "../../services/websocket/collaboration/view";
import { annotation } from "../../testing/scriptorium";
import { callablesOf, fromWire, toWire } from "./calling";
import { caretOf, selectionOf } from "./caret";
import { DocumentNarrator, GAP_MS, PLACE_MS } from "./news";
import { blocksOf, indexOf, rangeOf, readPage } from "./pageText";
import { refusalOf, sizeWords } from "./pasting";
import { audienceWords, NO_FILTER, parseTags, shownThreads, tagsOf } from "./threads";

const thread = (
  id: string,
  patch: Parameters<typeof annotation>[1] = {},
  replies: string[] = [],
): Thread => ({
  annotation: { ...annotation(id, patch), pending: false },
  replies: replies.map((by) => ({ ...annotation(`${id}-${by}`, { author_id: by }), pending: false })),
});

describe("which notes are shown", () => {
  const all = [
    thread("old", { tags: ["style"] }),
    thread("lost", { author_id: "ben" }),
    thread("first", { motivation: "questioning", author_id: "ben" }, ["cleo"]),
    thread("done", { resolved_at: "2026-11-23T04:00:00.000Z", tags: ["style", "source"] }),
  ];
  const order = new Map([
    ["old", 40],
    ["first", 3],
    ["done", 8],
  ]);
  const ids = (filter: Partial<typeof NO_FILTER>, userId = "ada", at: typeof order | null = order) =>
    shownThreads(all, { ...NO_FILTER, ...filter }, userId, at).map((one) => one.annotation.id);

  it("are those that are open, in the order of the text, and without a place last", () => {
    expect(ids({})).toEqual(["first", "old", "lost"]);
    expect(ids({ state: "all" })).toEqual(["first", "done", "old", "lost"]);
    expect(ids({}, "ada", null)).toEqual(["old", "lost", "first"]);
  });

  it("are filtered by kind, state, tag, and by whether one takes part", () => {
    expect(ids({ kind: "questioning" })).toEqual(["first"]);
    expect(ids({ state: "resolved" })).toEqual(["done"]);
    expect(ids({ state: "all", tag: "style" })).toEqual(["done", "old"]);
    expect(ids({ mine: true }, "cleo")).toEqual(["first"]);
    expect(tagsOf(all)).toEqual(["source", "style"]);
  });

  it("have tags as people write them, and audiences in words", () => {
    expect(parseTags(" #style, source  #style\n#a,,b ")).toEqual(["style", "source", "a", "b"]);
    expect(parseTags("")).toEqual([]);
    expect(parseTags(Array.from({ length: 30 }, (_, n) => `t${n}`).join(" "))).toHaveLength(20);
    const audiences = ["course", "staff", "private", "group:red", "group:blue"];
    expect(audiences.map((one) => audienceWords(one, { red: "Team Red" }))).toEqual([
      "Everybody here",
      "Staff only",
      "Only me",
      "Team Red",
      "Group blue",
    ]);
  });
});

describe("what is told of the others", () => {
  const ben = (place: string | null) => ({ user_id: "ben", name: "Ben", place });

  it("is who comes and goes, not who was found", () => {
    const narrator = new DocumentNarrator();
    narrator.see([ben(null)]);
    expect(narrator.say(0)).toBeNull();
    narrator.see([ben(null), { user_id: "cleo", name: "Cleo", place: null }]);
    expect(narrator.say(0)).toBe("Cleo joined.");
    narrator.see([{ user_id: "cleo", name: "Cleo", place: null }]);
    expect(narrator.say(GAP_MS - 1)).toBeNull();
    expect(narrator.say(GAP_MS)).toBe("Ben left.");
  });

  it("is where they edit, and not at each of their steps", () => {
    const narrator = new DocumentNarrator();
    narrator.see([ben(null)]);
    narrator.see([ben("paragraph 2")]);
    expect(narrator.say(0)).toBe("Ben is at paragraph 2.");
    for (const place of ["paragraph 3", "paragraph 4", "the list in block 5"]) narrator.see([ben(place)]);
    expect(narrator.say(GAP_MS)).toBeNull();
    expect(narrator.say(PLACE_MS)).toBe("Ben is at the list in block 5.");
    narrator.see([ben("the list in block 5")]);
    expect(narrator.say(3 * PLACE_MS)).toBeNull();
  });

  it("is bounded: of many only the number", () => {
    const narrator = new DocumentNarrator();
    narrator.see([]);
    narrator.see(Array.from({ length: 30 }, (_, n) => ({ user_id: `u${n}`, name: `U${n}`, place: null })));
    expect(narrator.say(0)).toBe("U0 joined. U1 joined. U2 joined. And 27 more.");
    expect(narrator.say(GAP_MS)).toBeNull();
  });
});

describe("calling people in a note", () => {
  const people = [
    { user_id: "ada", name: "Ada" },
    { user_id: "u.17", name: "Ada Lovelace" },
    { user_id: "x", name: "C++ (tutor)" },
  ];

  it("is writing names, and sending ids", () => {
    expect(toWire("@Ada Lovelace and @ada, ask @C++ (tutor)! @Adam", people)).toBe(
      "@u.17 and @ada, ask @x! @Adam",
    );
    expect(fromWire("@u.17 and @ada, ask @x! me@ada @ada.b", people)).toBe(
      "@Ada Lovelace and @Ada, ask @C++ (tutor)! me@ada @ada.b",
    );
    expect(callablesOf(people).at(-1)).toMatchObject({ name: "staff", userId: null });
  });
});

describe("a static page", () => {
  const show = (html: string): Element => {
    document.body.innerHTML = `<main>${html}</main>`;
    return document.body.firstElementChild as Element;
  };
  afterEach(() => document.body.replaceChildren());

  it("is read as text, and places in it are found in the DOM", () => {
    const root = show("<h2>One</h2><p>A <b>bold</b> word.</p><script>no()</script><p>End</p>");
    const page = readPage(root);
    expect(page.text).toBe("OneA bold word.End");
    for (const words of ["One", "A bold word.", "bold", "d w", "End", page.text]) {
      const from = page.text.indexOf(words);
      const range = rangeOf(page, from, from + words.length) as Range;
      expect(page.text.slice(from, from + words.length)).toBe(words);
      expect(indexOf(page, range.startContainer, range.startOffset)).toBe(from);
      expect(indexOf(page, range.endContainer, range.endOffset)).toBe(from + words.length);
    }
    expect(rangeOf(page, 0, 99)).toBeNull();
  });

  it("has blocks to choose from, each once", () => {
    const root = show(
      "<p>One</p><ul><li><p>Two</p></li><li>Three</li></ul><p> </p><blockquote><p>Four</p></blockquote>",
    );
    const page = readPage(root);
    const blocks = blocksOf(root, page);
    expect(blocks.map(({ words }) => words)).toEqual(["One", "Two", "Three", "Four"]);
    expect(blocks.map(({ from, to }) => page.text.slice(from, to))).toEqual(["One", "Two", "Three", "Four"]);
  });
});

describe("what comes from elsewhere", () => {
  it("is measured before anything is made of it", () => {
    expect(refusalOf(500, 3_000, 500)).toBeNull();
    expect(refusalOf(501, 0, 500)).toContain("too much to paste at once");
    expect(refusalOf(10, 4_001, 500)).toContain("4 KB");
    expect([sizeWords(512 * 1024), sizeWords(10_000_000)]).toEqual(["524 KB", "10 MB"]);
  });

  it("is drawn as a caret only in a colour, and with a name that is only a name", () => {
    const caret = caretOf({ name: "<img src=x>", color: "red;background:url(x)" });
    expect(caret.textContent).toBe("<img src=x>");
    expect(caret.getAttribute("style")).toBe("--cw-person: #6b7280;");
    expect(selectionOf({ color: "#0a5bd0" })).toEqual({
      class: "cw-caret-selection",
      style: "--cw-person: #0a5bd0",
    });
  });
});
