/** A room's messages as a screen shows them: days, groups of one author, the line where the new ones begin. */

import type { Author, Message } from "../contract";
import type { Outgoing } from "../services/websocket/chat/state";
import { daysBetween } from "./times";

/** Messages of one author within this time share one head. */
const GROUP_MS = 5 * 60_000;

export interface Entry {
  key: string;
  message: Message | null;
  outgoing: Outgoing | null;
  /** Milliseconds since 1970. */
  at: number;
}

export type Item =
  | { type: "day"; key: string; at: number }
  | { type: "new"; key: string }
  | {
      type: "group";
      key: string;
      author: Author | null;
      mine: boolean;
      anonymous: boolean;
      entries: Entry[];
    };

export interface ConversationInput {
  messages: readonly Message[];
  outgoing: readonly Outgoing[];
  me: Author | null;
  /** The number of the last message that was read when the room was opened; null shows no line. */
  readNumber: number | null;
}

export function conversation({ messages, outgoing, me, readNumber }: ConversationInput): Item[] {
  const items: Item[] = [];
  let last: { at: number; group: Extract<Item, { type: "group" }> | null } | null = null;
  let lineDrawn = readNumber === null;

  const add = (entry: Entry, author: Author | null, mine: boolean, anonymous: boolean): void => {
    if (last === null || daysBetween(last.at, entry.at) !== 0) {
      items.push({ type: "day", key: `day-${entry.key}`, at: entry.at });
      last = { at: entry.at, group: null };
    }
    const isNew = !lineDrawn && !mine && (entry.message?.number ?? 0) > (readNumber ?? 0);
    if (isNew) {
      lineDrawn = true;
      items.push({ type: "new", key: "new" });
      last = { at: entry.at, group: null };
    }
    const { group } = last;
    const sameAuthor = group?.author?.user_id === author?.user_id && group?.mine === mine;
    if (group && sameAuthor && !anonymous && !group.anonymous && entry.at - last.at < GROUP_MS) {
      group.entries.push(entry);
      last = { at: entry.at, group };
      return;
    }
    const next: Item = {
      type: "group",
      key: `group-${entry.key}`,
      author,
      mine,
      anonymous,
      entries: [entry],
    };
    items.push(next);
    last = { at: entry.at, group: next };
  };

  for (const message of messages) {
    const mine = me !== null && message.author?.user_id === me.user_id;
    // Keys survive the way from "sending" to "sent": the bubble stays the same element.
    const key = mine && message.key ? message.key : message.id;
    const entry = { key, message, outgoing: null, at: Date.parse(message.sent_at) };
    add(entry, message.author ?? null, mine, message.anonymous);
  }
  for (const one of outgoing) {
    add({ key: one.key, message: null, outgoing: one, at: Date.parse(one.writtenAt) }, me, true, false);
  }
  return items;
}

/** The same number for the same person, 0-359: the hue of an avatar. */
export function hue(id: string): number {
  let hash = 2_166_136_261;
  for (let index = 0; index < id.length; index += 1)
    hash = Math.imul(hash ^ id.charCodeAt(index), 16_777_619);
  return (hash >>> 0) % 360;
}

/** Two letters at most. */
export function initials(name: string): string {
  const words = name.trim().split(/\s+/u).filter(Boolean);
  const letters = words.length > 1 ? [words[0], words.at(-1)] : words;
  return letters
    .map((word) => [...(word ?? "")][0] ?? "")
    .join("")
    .toLocaleUpperCase();
}

/** "Grace is typing", "Grace and Alan are typing", "Several people are typing". */
export function typingLine(users: readonly Author[]): string {
  const names = users.map(({ name }) => name.split(/\s+/u)[0] ?? name);
  if (names.length === 0) return "";
  if (names.length === 1) return `${names[0]} is typing`;
  if (names.length === 2) return `${names[0]} and ${names[1]} are typing`;
  return "Several people are typing";
}
