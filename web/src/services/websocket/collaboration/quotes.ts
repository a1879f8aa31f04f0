/** Quotes: what was marked and what stood around it, and where that is in a text that has changed since. */

import search from "approx-string-match";
import type { TextQuote } from "../../../contract";

/** Characters kept before and after. */
const AROUND = 32;
/** Characters of a quote: the contract's bound. Of a longer one its beginning is kept. */
const MOST_EXACT = 2_000;
/** Of a quote of ten characters three may be others. */
const LEAST_ALIKE = 0.7;
/** A search costs by the length of what it looks for: of a longer quote its two ends are looked for. */
const MOST_SEARCHED = 256;
const END = 96;
/** Places where a quote may begin, for each of which its end is looked for. */
const MOST_BEGINNINGS = 20;
/** Characters at each end that stand there by no accident. */
const LEAST_END = 2;
/** Pasted out of other programs; line breaks and tabs may stay. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what it is about
const CONTROL = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g;
/** Exact finds that are compared; a word of one letter would be found everywhere. */
const MOST_FOUND = 1_000;

export interface Found {
  /** UTF-16 units. */
  from: number;
  to: number;
  /** Characters that differ from the quote. */
  errors: number;
  /** How much of what stood around it stands there, from 0 to 1. */
  around: number;
}

type Match = Pick<Found, "from" | "to" | "errors">;

/** The same, as long as it is, without what no text that travels may have: control characters count as blanks. */
export const legible = (text: string): string => text.replace(CONTROL, " ");

/** Quote a part of a text. */
export function quoteOf(given: string, from: number, to: number): TextQuote {
  const text = legible(given);
  return {
    exact: whole(text.slice(from, Math.min(to, from + MOST_EXACT))),
    prefix: whole(text.slice(Math.max(0, from - AROUND), from)),
    suffix: whole(text.slice(to, to + AROUND)),
  };
}

/**
 * Find a quote again: the same words where there are any, otherwise words much like them; of several the one among the
 * same neighbours, then the one nearest to where it was (`near`). Null: nobody finds it.
 */
export function findQuote(
  given: string,
  quote: Partial<TextQuote> & { exact: string },
  near?: number,
): Found | null {
  const { exact } = quote;
  if (exact === "") return null;
  const text = legible(given);
  let found: Match[] = exactly(text, exact);
  if (found.length === 0) found = exact.length > MOST_SEARCHED ? byEnds(text, exact) : nearly(text, exact);
  const best = found
    .map((one) => ({ ...one, around: neighbours(text, quote, one) }))
    .map((one) => ({ one, score: score(text, exact, one, near) }))
    .sort((a, b) => b.score - a.score || a.one.from - b.one.from)[0];
  return best?.one ?? null;
}

/** How much two texts are alike, from 0 to 1. */
export function likeness(a: string, b: string): number {
  if (a === b) return 1;
  const [shorter, longer] = a.length < b.length ? [a, b] : [b, a];
  if (shorter === "") return 0;
  if (longer.includes(shorter)) return shorter.length / longer.length;
  const errors = Math.min(
    ...search(longer, shorter, shorter.length).map((one) => one.errors),
    shorter.length,
  );
  return ((shorter.length - errors) / shorter.length) * (shorter.length / longer.length);
}

/** Whether one became the other by a stretch that was put in, or taken out, within it: both of its ends still stand. */
export function isEdited(before: string, now: string): boolean {
  const front = common(before, now);
  const rest = Math.min(before.length, now.length) - front;
  const back = common(reversed(before.slice(front)), reversed(now.slice(front)));
  return front >= LEAST_END && back >= LEAST_END && back >= rest;
}

function exactly(text: string, exact: string): Match[] {
  const found: Match[] = [];
  for (let at = text.indexOf(exact); at >= 0 && found.length < MOST_FOUND; at = text.indexOf(exact, at + 1))
    found.push({ from: at, to: at + exact.length, errors: 0 });
  return found;
}

function nearly(text: string, exact: string): Match[] {
  const most = Math.floor(exact.length * (1 - LEAST_ALIKE));
  const found = most > 0 ? search(text, exact, most) : [];
  return found.map(({ start, end, errors }) => ({ from: start, to: end, errors }));
}

/** Where its beginning is followed by its end, about as far from it as it was. */
function byEnds(text: string, exact: string): Match[] {
  const beginnings = nearly(text, exact.slice(0, END)).sort((a, b) => a.errors - b.errors);
  return beginnings.slice(0, MOST_BEGINNINGS).flatMap(({ from, errors }) => {
    const least = from + Math.floor(exact.length * LEAST_ALIKE) - END;
    const most = from + Math.ceil(exact.length / LEAST_ALIKE);
    const ends = nearly(text.slice(least, most), exact.slice(-END)).sort((a, b) => a.errors - b.errors);
    const [end] = ends;
    return end ? [{ from, to: least + end.to, errors: errors + end.errors }] : [];
  });
}

/** Words count most, then neighbours, then the way from where it was. */
function score(text: string, exact: string, { from, errors, around }: Found, near?: number): number {
  const way = near === undefined ? 0 : Math.min(1, Math.abs(from - near) / (text.length || 1));
  return 50 * (1 - errors / exact.length) + 40 * around - 10 * way;
}

function neighbours(
  text: string,
  { prefix = "", suffix = "" }: Partial<TextQuote>,
  { from, to }: Match,
): number {
  const before = common(reversed(prefix), reversed(text.slice(Math.max(0, from - AROUND), from)));
  const after = common(suffix, text.slice(to, to + AROUND));
  const around = prefix.length + suffix.length;
  return around > 0 ? (before + after) / around : 1;
}

/** How many characters from the beginning are the same. */
function common(a: string, b: string): number {
  let count = 0;
  while (count < a.length && count < b.length && a[count] === b[count]) count += 1;
  return count;
}

const reversed = (text: string): string => [...text].reverse().join("");

/** Without half a pair at either end: no text that travels may have one. */
function whole(text: string): string {
  return text.replace(/^[\udc00-\udfff]/, "").replace(/[\ud800-\udbff]$/, "");
}
