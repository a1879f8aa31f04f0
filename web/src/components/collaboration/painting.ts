/** Marks places of a page without touching it: highlights that the browser paints over its text (CSS Custom Highlights). */

import type { Motivation } from "../../contract";
import { type PageText, rangeOf } from "./pageText";

export interface PageMark {
  id: string;
  kind: Motivation;
  resolved: boolean;
  from: number;
  to: number;
}

const KINDS = ["commenting", "questioning", "highlighting", "assessing", "active"] as const;

/** Paint until the returned function is called. A browser without such highlights paints none: the notes quote the words. */
export function paint(page: PageText, marks: readonly PageMark[], active: string | null): () => void {
  if (typeof Highlight === "undefined" || !CSS.highlights) return () => undefined;
  const ranges = new Map<string, Range[]>(KINDS.map((kind) => [kind, []]));
  for (const { id, kind, resolved, from, to } of marks) {
    const range = resolved && id !== active ? null : rangeOf(page, from, to);
    if (range) ranges.get(id === active || id === "draft" ? "active" : kind)?.push(range);
  }
  for (const [kind, found] of ranges) CSS.highlights.set(`cw-${kind}`, new Highlight(...found));
  return () => {
    for (const kind of KINDS) CSS.highlights.delete(`cw-${kind}`);
  };
}
