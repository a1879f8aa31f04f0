/** What one can do with a message, and what of it this person may do in this room. */

import type { Author, Message, Receipts, RoomSummary } from "../../contract";

/** The same functions for as long as a room is open. */
export interface MessageActions {
  retry: (key: string) => void;
  discard: (key: string) => void;
  /** Open the editor on a message; null closes it. */
  startEdit: (message: Message | null) => void;
  /** Resolves when saved; throws `EditConflict`, or an error with plain words. */
  edit: (message: Message, text: string) => Promise<void>;
  react: (message: Message, emoji: string, on: boolean) => void;
  reply: (message: Message) => void;
  openThread: (message: Message) => void;
  pin: (message: Message, on: boolean) => void;
  /** Ask first, then do it. */
  ask: (question: Question, message: Message) => void;
  /** Hide or restore. */
  hide: (message: Message, hidden: boolean) => void;
  copyLink: (message: Message) => void;
  jump: (messageId: string) => void;
  /** Those whose names are known, by id. */
  people: () => ReadonlyMap<string, Author>;
}

/** Dialogs about one message. */
export type Question = "delete" | "report" | "reveal" | "mute" | "readers";

export interface Rights {
  me: string | null;
  canPost: boolean;
  canModerate: boolean;
  canPin: boolean;
  receipts: Receipts;
  inThread: boolean;
}

export function rightsIn(room: RoomSummary, me: string | null, inThread: boolean): Rights {
  const { joined, can_post, can_moderate, course_id, receipts } = room;
  return {
    me,
    canPost: (joined || can_moderate) && can_post,
    canModerate: can_moderate,
    // Rooms of a course are in order by their staff; the others by their members.
    canPin: course_id === undefined ? joined : can_moderate,
    receipts,
    inThread,
  };
}

/** The few that are one click away. */
export const QUICK_EMOJI = ["👍", "❤️", "😂", "🎉", "🤔", "✅"] as const;
export const MOST_REACTIONS = 20;

/** Keys on a message that has the focus. */
export const SHORTCUTS: readonly (readonly [string, string])[] = [
  ["↑ ↓", "The message before, the message after"],
  ["Home End", "The first and the last message that are loaded"],
  ["Enter", "All that one can do with the message"],
  ["+", "React with an emoji"],
  ["R", "Reply"],
  ["T", "Open its thread"],
  ["P", "Pin it, or take the pin off"],
  ["E", "Edit one's own message"],
  ["Delete", "Delete one's own message"],
  ["Esc", "Back to writing"],
];
