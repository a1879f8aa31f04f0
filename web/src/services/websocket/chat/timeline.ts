/** The messages of one room or thread as far as they are loaded: one stretch without holes, by number, the newest version. */

import type { History, Message } from "../../../contract";

export interface Timeline {
  phase: "loading" | "ready" | "failed";
  /** Ascending by number. */
  messages: readonly Message[];
  hasBefore: boolean;
  /** Newer ones are not loaded: one looks at the past. What comes live is not put in, or there would be a hole. */
  hasAfter: boolean;
  loadingBefore: boolean;
  loadingAfter: boolean;
  /** The highest number that was ever heard of. */
  newest: number;
  /** Why it failed, in plain words. */
  error: string | null;
}

/** A room that stays open for days would grow for ever: above this the oldest go, and can be loaded again. */
export const LONGEST = 20_000;
const TRIMMED = 15_000;
/** Characters of a quoted message, as the server has it. */
const QUOTED = 200;

export const emptyTimeline: Timeline = {
  phase: "loading",
  messages: [],
  hasBefore: false,
  hasAfter: false,
  loadingBefore: false,
  loadingAfter: false,
  newest: 0,
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

/** Put a page in: once over both, not once per message. */
function merged(messages: readonly Message[], page: readonly Message[]): readonly Message[] {
  const first = page[0];
  const last = page.at(-1);
  if (!first || !last) return messages;
  const known = new Map(messages.map((message) => [message.id, message]));
  const newest = page.map((message) => {
    const before = known.get(message.id);
    return before && !isNewer(message, before) ? before : message;
  });
  const inPage = new Set(page.map(({ id }) => id));
  const rest = messages.filter(({ id }) => !inPage.has(id));
  return [...rest, ...newest].sort((a, b) => a.number - b.number);
}

export function arrived(timeline: Timeline, message: Message): Timeline {
  const newest = Math.max(timeline.newest, message.number);
  const last = timeline.messages.at(-1)?.number ?? 0;
  if (timeline.hasAfter && message.number > last) {
    return newest === timeline.newest ? timeline : { ...timeline, newest };
  }
  // Another version of one that is older than what is loaded would stand alone.
  const first = timeline.messages[0]?.number ?? 0;
  if (timeline.hasBefore && message.number < first) return timeline;
  const messages = insert(timeline.messages, message);
  if (messages === timeline.messages) return timeline;
  if (messages.length <= LONGEST) return { ...timeline, messages, newest };
  return { ...timeline, messages: messages.slice(-TRIMMED), hasBefore: true, newest };
}

/** What is quoted stands in its replies, too: a new text, or that it was taken back. */
export function requoted(timeline: Timeline, message: Message): Timeline {
  if (message.version === 1 && message.state === "sent") return timeline;
  if (!timeline.messages.some(({ quote }) => quote?.id === message.id)) return timeline;
  const text = message.text.slice(0, QUOTED);
  const messages = timeline.messages.map((reply) =>
    reply.quote?.id === message.id
      ? { ...reply, quote: { ...reply.quote, text, state: message.state } }
      : reply,
  );
  return { ...timeline, messages };
}

/** Change one message in place, if it is loaded. */
export function patched(
  timeline: Timeline,
  messageId: string,
  patch: (message: Message) => Message,
): Timeline {
  const index = timeline.messages.findLastIndex(({ id }) => id === messageId);
  const message = timeline.messages[index];
  if (!message) return timeline;
  return { ...timeline, messages: timeline.messages.with(index, patch(message)) };
}

/** A page before what is here. */
export function olderLoaded(timeline: Timeline, page: History): Timeline {
  const messages = merged(timeline.messages, page.items);
  return { ...timeline, messages, hasBefore: page.has_before, loadingBefore: false };
}

/** A page after what is here. One that was heard of meanwhile and is not in it leaves more to load. */
export function newerLoaded(timeline: Timeline, page: History): Timeline {
  const messages = merged(timeline.messages, page.items);
  const last = messages.at(-1)?.number ?? 0;
  const empty = page.items.length === 0;
  return {
    ...timeline,
    messages,
    hasAfter: !empty && (page.has_after || last < timeline.newest),
    loadingAfter: false,
    newest: Math.max(timeline.newest, last),
  };
}

/** A page from the midst of the history: it joins what is here, or it replaces it. */
export function aroundLoaded(timeline: Timeline, page: History): Timeline {
  const first = page.items[0]?.number ?? 1;
  const last = page.items.at(-1)?.number ?? 0;
  const from = timeline.messages[0]?.number ?? Number.POSITIVE_INFINITY;
  const to = timeline.messages.at(-1)?.number ?? 0;
  const overlap = timeline.messages.some(({ number }) => number >= first && number <= last);
  if (overlap) {
    return {
      ...timeline,
      phase: "ready",
      messages: merged(timeline.messages, page.items),
      hasBefore: first < from ? page.has_before : timeline.hasBefore,
      hasAfter: last > to ? page.has_after || last < timeline.newest : timeline.hasAfter,
      error: null,
    };
  }
  const newest = Math.max(timeline.newest, last);
  return {
    ...emptyTimeline,
    phase: "ready",
    messages: page.items,
    hasBefore: page.has_before,
    hasAfter: page.has_after || last < newest,
    newest,
  };
}

/**
 * The newest page. What is here already stays if it joins the page without a hole; what came live while the page was under
 * way stays in any case.
 */
export function newestLoaded(timeline: Timeline, page: History): Timeline {
  const first = page.items[0]?.number ?? 1;
  const last = page.items.at(-1)?.number ?? 0;
  const joins = timeline.messages.some(({ number }) => number >= first && number <= last);
  const touches = timeline.messages.some(({ number }) => number === first - 1);
  const keeps = (joins || touches) && !timeline.hasAfter;
  const kept = timeline.messages.filter(({ number }) => (number < first ? keeps : !timeline.hasAfter));
  const messages = merged(kept, page.items);
  return {
    phase: "ready",
    messages,
    hasBefore: keeps && (kept[0]?.number ?? first) < first ? timeline.hasBefore : page.has_before,
    hasAfter: false,
    loadingBefore: false,
    loadingAfter: false,
    newest: Math.max(timeline.newest, messages.at(-1)?.number ?? 0),
    error: null,
  };
}
