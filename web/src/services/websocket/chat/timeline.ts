/** The messages of one room as far as they are loaded: by number, once each, the newest version. */

import type { History, Message } from "../../../contract";

export interface Timeline {
  phase: "loading" | "ready" | "failed";
  /** Ascending by number. */
  messages: readonly Message[];
  hasBefore: boolean;
  loadingBefore: boolean;
  /** Why it failed, in plain words. */
  error: string | null;
}

/** A room that stays open for days would grow for ever: above this the oldest go, and can be loaded again. */
export const LONGEST = 2_000;
const TRIMMED = 1_000;

export const emptyTimeline: Timeline = {
  phase: "loading",
  messages: [],
  hasBefore: false,
  loadingBefore: false,
  error: null,
};

/** Whether `next` is the same message, later. An answer and an event of one change are equal: either may win. */
const isNewer = (next: Message, known: Message): boolean => next.version >= known.version;

/** Put one message in its place; the same object comes back when nothing changed. */
export function insert(messages: readonly Message[], message: Message): readonly Message[] {
  let index = messages.length;
  // Almost always the newest: look from the end.
  while (index > 0 && (messages[index - 1]?.number ?? 0) > message.number) index -= 1;
  const known = messages[index - 1];
  if (known?.id === message.id) {
    return isNewer(message, known) ? messages.with(index - 1, message) : messages;
  }
  return messages.toSpliced(index, 0, message);
}

export function arrived(timeline: Timeline, message: Message): Timeline {
  const messages = insert(timeline.messages, message);
  if (messages === timeline.messages) return timeline;
  if (messages.length <= LONGEST) return { ...timeline, messages };
  return { ...timeline, messages: messages.slice(-TRIMMED), hasBefore: true };
}

/** A page before what is here. */
export function olderLoaded(timeline: Timeline, page: History): Timeline {
  const messages = page.items.reduce(insert, timeline.messages);
  return { ...timeline, messages, hasBefore: page.has_before, loadingBefore: false };
}

/**
 * The newest page. What is here already stays if it joins the page without a hole; what came live while the page was under
 * way stays in any case.
 */
export function newestLoaded(timeline: Timeline, page: History): Timeline {
  const first = page.items[0]?.number ?? 1;
  const last = page.items.at(-1)?.number ?? 0;
  const older = timeline.messages.filter((message) => message.number < first);
  const joins = older.length > 0 && older.at(-1)?.number === first - 1;
  const kept = timeline.messages.filter((message) => (message.number < first ? joins : true));
  const messages = page.items.reduce(insert, kept as readonly Message[]);
  return {
    phase: "ready",
    messages,
    hasBefore: joins ? timeline.hasBefore : page.has_before && last > 0,
    loadingBefore: false,
    error: null,
  };
}
