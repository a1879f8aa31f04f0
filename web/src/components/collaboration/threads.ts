/** Which notes the sidebar shows, and in which order: that of the text; those without a place come last. */

import type { Motivation } from "../../contract";
import type { Thread } from "../../services/websocket/collaboration/view";

export interface NoteFilter {
  kind: Motivation | "all";
  state: "open" | "resolved" | "all";
  tag: string | null;
  mine: boolean;
}

export const NO_FILTER: NoteFilter = { kind: "all", state: "open", tag: null, mine: false };

/** Where each note stands, from the top: the smaller comes first; what is missing has no place. */
export type Order = ReadonlyMap<string, number>;

const isResolved = ({ annotation }: Thread): boolean => annotation.resolved_at !== undefined;

function passes(thread: Thread, filter: NoteFilter, userId: string): boolean {
  const { annotation, replies } = thread;
  if (filter.kind !== "all" && annotation.motivation !== filter.kind) return false;
  if (filter.state !== "all" && isResolved(thread) !== (filter.state === "resolved")) return false;
  if (filter.tag !== null && !annotation.tags.includes(filter.tag)) return false;
  return !filter.mine || [annotation, ...replies].some(({ author_id }) => author_id === userId);
}

export function shownThreads(
  threads: readonly Thread[],
  filter: NoteFilter,
  userId: string,
  order: Order | null,
): Thread[] {
  const at = ({ annotation }: Thread): number => order?.get(annotation.id) ?? Number.POSITIVE_INFINITY;
  return (
    threads
      .filter((thread) => passes(thread, filter, userId))
      // Of the same place, the older first: sorting keeps the order of equals.
      .sort((one, other) => Math.sign(at(one) - at(other)) || 0)
  );
}

/** The tags that are in use, each once, by name. */
export const tagsOf = (threads: readonly Thread[]): string[] =>
  [...new Set(threads.flatMap(({ annotation }) => annotation.tags))].sort((a, b) => a.localeCompare(b));

/** What one writes into the field for tags: words, with or without `#` and commas; each once. */
export const parseTags = (text: string): string[] =>
  [...new Set(text.split(/[\s,]+/u).map((word) => word.replace(/^#+/u, "").slice(0, 40)))]
    .filter(Boolean)
    .slice(0, 20);

const AUDIENCES: Record<string, string> = {
  course: "Everybody here",
  staff: "Staff only",
  private: "Only me",
};

/** Whom a note is for, in words; `groups` are names by id. */
export function audienceWords(audience: string, groups: Readonly<Record<string, string>>): string {
  const group = audience.replace(/^group:/u, "");
  return AUDIENCES[audience] ?? groups[group] ?? `Group ${group}`;
}

export const KINDS: readonly (readonly [Motivation, string])[] = [
  ["commenting", "Comment"],
  ["questioning", "Question"],
  ["highlighting", "Highlight"],
  ["assessing", "Assessment"],
];

export const kindWords = (kind: Motivation): string => KINDS.find(([one]) => one === kind)?.[1] ?? kind;
