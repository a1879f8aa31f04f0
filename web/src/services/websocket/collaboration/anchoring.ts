/** Where an annotation stands: a Yjs relative position, with its quote as the fallback. Knows no editor. */

import { decodeRelativePosition, encodeRelativePosition, type RelativePosition, type XmlFragment } from "yjs";
import type { AnnotationTarget } from "../../../contract";
import { type Found, findQuote, isEdited, legible, likeness, quoteOf } from "./quotes";
import { type DocumentText, indexOf, relativeAt, textOf } from "./text";

export { type DocumentText, textOf } from "./text";

/** Text between the anchors that is less like the quote than this is another text. */
const LEAST_ALIKE = 0.5;
/** Words found elsewhere must be so much more like the quote than those between the anchors, or they are others. */
const CLEARLY = 0.2;

export interface Place {
  /** UTF-16 units of `textOf(fragment).text`. */
  from: number;
  to: number;
  start: RelativePosition;
  end: RelativePosition;
  /** `quote`: the anchors point to nothing, or to something else; then it should be anchored anew. */
  by: "anchor" | "quote";
}

/** What to say of a selection, given as relative positions; null: there is no text in it. */
export function targetOf(
  fragment: XmlFragment,
  start: RelativePosition,
  end: RelativePosition,
): AnnotationTarget | null {
  const text = textOf(fragment);
  const from = resolved(fragment, text, start);
  const to = resolved(fragment, text, end);
  return from === null || to === null ? null : targetAt(text, Math.min(from, to), Math.max(from, to));
}

/** The same of a part of the text. White space around it is left out. */
export function targetAt(text: DocumentText, from: number, to: number): AnnotationTarget | null {
  const marked = text.text.slice(from, to);
  const first = from + marked.length - marked.trimStart().length;
  const last = to - (marked.length - marked.trimEnd().length);
  if (first >= last) return null;
  const start = relativeAt(text, first, "before");
  const end = relativeAt(text, last, "after");
  if (!start || !end) return null;
  return { quote: quoteOf(text.text, first, last), start: encoded(start), end: encoded(end) };
}

/** Find the place of an annotation; null: it is an orphan. Pass `text` to look for many in one document. */
export function locate(
  fragment: XmlFragment,
  target: AnnotationTarget,
  text: DocumentText = textOf(fragment),
): Place | null {
  const { quote } = target;
  const from = target.start === undefined ? null : anchored(fragment, text, target.start);
  const to = target.end === undefined ? null : anchored(fragment, text, target.end);
  if (from === null || to === null || from >= to) {
    const found = findQuote(text.text, quote, from ?? to ?? undefined);
    return found && place(text, found.from, found.to, "quote");
  }
  const marked = legible(text.text.slice(from, to));
  if (marked === quote.exact || isEdited(quote.exact, marked)) return place(text, from, to, "anchor");
  // Somebody has edited within it, or the anchors have drifted: then its words stand somewhere else.
  const alike = likeness(marked, quote.exact);
  const found = findQuote(text.text, quote, from);
  const better = found && 1 - found.errors / quote.exact.length > alike + CLEARLY && isSame(found, from, to);
  if (!better && alike >= LEAST_ALIKE) return place(text, from, to, "anchor");
  return found && place(text, found.from, found.to, "quote");
}

/** Whether a find is the place that was marked, and not the same words elsewhere: it overlaps, or has its neighbours. */
const isSame = (found: Found, from: number, to: number): boolean =>
  (found.from < to && found.to > from) || found.around >= LEAST_ALIKE;

/** What to say of a place that was found. */
export const targetOfPlace = (text: DocumentText, { from, to }: Place): AnnotationTarget | null =>
  targetAt(text, from, to);

function place(text: DocumentText, from: number, to: number, by: Place["by"]): Place | null {
  const start = relativeAt(text, from, "before");
  const end = relativeAt(text, to, "after");
  return start && end ? { from, to, start, end, by } : null;
}

function anchored(fragment: XmlFragment, text: DocumentText, anchor: string): number | null {
  try {
    return resolved(fragment, text, decodeRelativePosition(decoded(anchor)));
  } catch {
    return null; // Written by something that is not Yjs.
  }
}

const resolved = (fragment: XmlFragment, text: DocumentText, position: RelativePosition): number | null =>
  fragment.doc ? indexOf(text, fragment.doc, position) : null;

/** Base64url without padding, as the contract wants it. */
function encoded(position: RelativePosition): string {
  const bytes = encodeRelativePosition(position);
  return btoa(String.fromCharCode(...bytes))
    .replaceAll("+", "-")
    .replaceAll("/", "_")
    .replaceAll("=", "");
}

function decoded(anchor: string): Uint8Array {
  const text = atob(anchor.replaceAll("-", "+").replaceAll("_", "/"));
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}
