/** Annotations and the text under them: edited within and around, split, undone, moved, deleted, copied. */

import { describe, expect, it } from "vitest";
import { applyUpdate, Doc, encodeStateAsUpdate, UndoManager, type XmlElement, type XmlText } from "yjs";
import type { AnnotationTarget } from "../../../contract";
import { write } from "../../../testing/scriptorium";
import { locate, targetAt } from "./anchoring";
import { findQuote, likeness, quoteOf } from "./quotes";
import { indexOf, relativeAt, textOf } from "./text";

const PAGE = [
  "Das Wahre ist das Ganze.",
  "Das Ganze 😀 aber ist nur das durch seine Entwicklung sich vollendende Wesen.",
  "字 und noch ein Satz, in dem das Ganze steht.",
];

function page(lines = PAGE): Doc {
  const doc = new Doc();
  for (const line of lines) write(doc, line);
  return doc;
}

const root = (doc: Doc) => doc.getXmlFragment("default");
const plain = (doc: Doc) => textOf(root(doc));
const line = (doc: Doc, number: number) => (root(doc).get(number) as XmlElement).get(0) as XmlText;

/** Annotate words that are there once, or the `nth` time. */
function mark(doc: Doc, words: string, nth = 1): AnnotationTarget {
  const text = plain(doc);
  let at = -1;
  for (let count = 0; count < nth; count += 1) at = text.text.indexOf(words, at + 1);
  const target = targetAt(text, at, at + words.length);
  if (!target) throw new Error(`nothing to mark: ${words}`);
  return target;
}

function found(doc: Doc, target: AnnotationTarget) {
  const place = locate(root(doc), target);
  return place && { text: plain(doc).text.slice(place.from, place.to), by: place.by, from: place.from };
}

describe("the text of a document", () => {
  it("has a line for each block, and goes to relative positions and back, everywhere", () => {
    const doc = page();
    const text = plain(doc);
    expect(text.text).toBe(`${PAGE.join("\n")}\n`);
    for (const { start, end } of text.pieces)
      for (let at = start; at < end; at += 1) {
        const before = relativeAt(text, at, "before");
        const after = relativeAt(text, at + 1, "after");
        expect(before && indexOf(text, doc, before)).toBe(at);
        expect(after && indexOf(text, doc, after)).toBe(at + 1);
      }
  });
});

describe("a target", () => {
  it("quotes what is marked and what stands around it, without white space at its ends", () => {
    const doc = page();
    const text = plain(doc);
    const target = targetAt(text, 3, 14);
    expect(target?.quote).toEqual({
      exact: "Wahre ist",
      prefix: "Das ",
      suffix: " das Ganze.\nDas Ganze 😀 aber is",
    });
    expect(target?.start).toMatch(/^[A-Za-z0-9_-]{1,400}$/);
    expect(targetAt(text, 3, 4)).toBeNull();
  });

  it("says control characters as blanks, which no text that travels may have, and is found by them", () => {
    const doc = page(["Das\u000bWahre\u0000 ist\u0085 das Ganze."]);
    const target = targetAt(plain(doc), 0, 14);
    expect(target?.quote).toMatchObject({ exact: "Das Wahre  ist", suffix: "  das Ganze.\n" });
    if (!target) throw new Error("nothing is marked");
    expect(found(doc, target)).toMatchObject({ by: "anchor" });
    expect(found(doc, { quote: target.quote })).toMatchObject({ from: 0, by: "quote" });
  });

  it("never cuts an emoji into halves", () => {
    const text = "x".repeat(10) + "😀".repeat(40);
    const quote = quoteOf(text, 11, 41);
    for (const part of Object.values(quote)) expect(() => encodeURIComponent(part)).not.toThrow();
  });
});

describe("an annotation is found", () => {
  it("where it was, in another copy of the document", () => {
    const doc = page();
    const target = mark(doc, "das Ganze", 2);
    const other = new Doc();
    applyUpdate(other, encodeStateAsUpdate(doc));
    expect(found(other, target)).toMatchObject({ text: "das Ganze", by: "anchor" });
  });

  it("with what was typed within it, and without what was typed at its edges", () => {
    const doc = page();
    const target = mark(doc, "sich vollendende");
    const at = line(doc, 1).toString().indexOf("sich vollendende");
    line(doc, 1).insert(at + 16, "!");
    line(doc, 1).insert(at + 4, " ganz");
    line(doc, 1).insert(at, "?");
    expect(found(doc, target)).toMatchObject({ text: "sich ganz vollendende", by: "anchor" });
  });

  it("by the same words in the same place when there are others like them", () => {
    const doc = page();
    const target = mark(doc, "Ganze", 2);
    line(doc, 0).insert(0, "Vorweg: ");
    line(doc, 1).delete(4, 5);
    line(doc, 1).insert(4, "Ganze");
    expect(found(doc, target)).toMatchObject({ text: "Ganze", by: "quote", from: 37 });
  });

  it("after it was deleted and the deletion undone", () => {
    const doc = page();
    const target = mark(doc, "seine Entwicklung");
    const undo = new UndoManager(root(doc));
    const at = line(doc, 1).toString().indexOf("seine");
    line(doc, 1).delete(at, 17);
    expect(found(doc, target)).toBeNull();
    undo.undo();
    expect(found(doc, target)).toMatchObject({ text: "seine Entwicklung" });
  });

  it("by its quote after it was cut and pasted elsewhere, which makes other text of it", () => {
    const doc = page();
    const target = mark(doc, "seine Entwicklung");
    line(doc, 1).delete(line(doc, 1).toString().indexOf("seine"), 17);
    line(doc, 2).insert(0, "seine Entwicklung: ");
    expect(found(doc, target)).toMatchObject({ text: "seine Entwicklung", by: "quote" });
  });

  it("when its paragraph was split in the middle of it", () => {
    const doc = page();
    const target = mark(doc, "durch seine Entwicklung");
    const first = line(doc, 1);
    const at = first.toString().indexOf("Entwicklung");
    const rest = first.toString().slice(at);
    first.delete(at, rest.length);
    write(doc, rest);
    expect(found(doc, target)?.text).toMatch(/durch seine/);
  });

  it("when a few of its letters have changed, and not when nearly all have", () => {
    const doc = page();
    const target = mark(doc, "vollendende Wesen");
    const fresh = page([PAGE[0] ?? "", "nur das durch seine Entwicklung sich vollendete Wesen."]);
    expect(found(fresh, target)).toMatchObject({
      text: expect.stringMatching(/vollendete Wesen/),
      by: "quote",
    });
    expect(found(page(["Ganz etwas anderes."]), target)).toBeNull();
  });

  it("nowhere when it was deleted: it is an orphan", () => {
    const doc = page();
    const target = mark(doc, "nur das durch");
    line(doc, 1).delete(line(doc, 1).toString().indexOf("nur"), 13);
    expect(found(doc, target)).toBeNull();
  });

  it("nowhere near the same words elsewhere when it was only edited", () => {
    const doc = page(["Die Katze schläft.", "Hier ist noch eine Katze, und sie wacht."]);
    const target = mark(doc, "Katze");
    line(doc, 0).insert(9, "n");
    line(doc, 0).insert(6, "mm");
    expect(found(doc, target)?.from).toBeLessThan(15);
  });

  it("by its quote when its anchors are of another document, or nonsense", () => {
    const doc = page();
    const target = mark(page(), "Entwicklung");
    expect(found(doc, target)).toMatchObject({ text: "Entwicklung", by: "quote" });
    expect(found(doc, { ...target, start: "AAAA", end: "____" })).toMatchObject({ text: "Entwicklung" });
    expect(found(doc, { quote: target.quote })).toMatchObject({ text: "Entwicklung" });
  });
});

describe("findQuote", () => {
  const text = "one two three. two four. two three four.";

  it("takes the neighbours before the distance, and the distance before the first", () => {
    expect(findQuote(text, { exact: "two", prefix: "four. ", suffix: " three four" })?.from).toBe(25);
    expect(findQuote(text, { exact: "two" }, 16)?.from).toBe(15);
    expect(findQuote(text, { exact: "two" })?.from).toBe(4);
    expect(findQuote(text, { exact: "" })).toBeNull();
    expect(findQuote(text, { exact: "seventeen" })).toBeNull();
  });

  it("is done with a long quote in a long text in no time to speak of", () => {
    const long = Array.from({ length: 20_000 }, (_one, index) => `word${index}`).join(" ");
    const exact = `${long.slice(90_000, 91_990)}!!!!!!`;
    const place = findQuote(long, { exact });
    expect(long.slice(place?.from, place?.to)).toBe(long.slice(90_000, place?.to));
    expect(Math.abs((place?.to ?? 0) - 91_990)).toBeLessThanOrEqual(6);
  });

  it("knows how much two texts are alike", () => {
    expect(likeness("abc", "abc")).toBe(1);
    expect(likeness("", "abc")).toBe(0);
    expect(likeness("abcdefghij", "abcdefghi")).toBeCloseTo(0.9);
    expect(likeness("abcdefghij", "zyxwvutsrq")).toBeLessThan(0.2);
  });
});
