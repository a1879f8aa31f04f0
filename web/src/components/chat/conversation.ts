/** A room's messages as a screen shows them, row by row: days, the line where the new ones begin, who speaks. */

import type { Author, Message } from "../../contract";
import type { Outgoing } from "../../services/websocket/chat/state";
import { isMine, type Own, withoutEcho } from "../../services/websocket/chat/view";

/** Messages of one author within this time share one head. */
const GROUP_MS = 5 * 60_000;

/** A row is always a message, so that its key stays when older ones come before it: by it the list keeps its place. */
export interface MessageRow {
  key: string;
  /** A day begins above it. */
  startsDay: boolean;
  /** The new messages begin with it. */
  startsNew: boolean;
  message: Message | null;
  outgoing: Outgoing | null;
  /** Milliseconds since 1970. */
  at: number;
  author: Author | null;
  mine: boolean;
  anonymous: boolean;
  /** The first and the last of a group of one author. */
  first: boolean;
  last: boolean;
}

export interface ConversationInput {
  messages: readonly Message[];
  outgoing: readonly Outgoing[];
  me: Author | null;
  own: Own;
  /** The number of the last message that was read when the room was opened; null shows no line. */
  readNumber: number | null;
}

/** Reading a date costs more than all the rest, and a message is never sent at another time. */
const times = new WeakMap<Message, { at: number; day: number }>();

function timeOf(message: Message): { at: number; day: number } {
  let time = times.get(message);
  if (!time) {
    const at = Date.parse(message.sent_at);
    time = { at, day: dayOf(at) };
    times.set(message, time);
  }
  return time;
}

const dayOf = (at: number): number => new Date(at).setHours(0, 0, 0, 0);

const fresh = { startsDay: false, startsNew: false, first: true, last: true };

export function conversation({ messages, outgoing, me, own, readNumber }: ConversationInput): MessageRow[] {
  const rows: MessageRow[] = [];
  let before: MessageRow | null = null;
  let day = Number.NaN;
  let lineDrawn = readNumber === null;

  const add = (row: MessageRow, rowDay: number): void => {
    if (rowDay !== day) {
      row.startsDay = true;
      day = rowDay;
      before = null;
    }
    if (!lineDrawn && !row.mine && (row.message?.number ?? 0) > (readNumber ?? 0)) {
      lineDrawn = true;
      row.startsNew = true;
      before = null;
    }
    if (before && goOn(before, row)) {
      before.last = false;
      row.first = false;
    }
    rows.push(row);
    before = row;
  };

  for (const message of withoutEcho(messages, outgoing)) {
    const mine = isMine(message, me?.user_id ?? null, own);
    const { at, day: itsDay } = timeOf(message);
    // Keys survive the way from "sending" to "sent": the bubble stays the same element.
    const key = mine && message.key ? message.key : message.id;
    const { anonymous } = message;
    const author = message.author ?? null;
    const row = { key, message, outgoing: null, at, author, mine, anonymous };
    add({ ...fresh, ...row }, itsDay);
  }
  for (const one of outgoing) {
    const at = Date.parse(one.writtenAt);
    const anonymous = one.payload.anonymous ?? false;
    const author = anonymous ? null : me;
    const row = { key: one.key, message: null, outgoing: one, at, author, mine: true, anonymous };
    add({ ...fresh, ...row }, dayOf(at));
  }
  return rows;
}

/** Whether a row goes on with what the row before it began. Two anonymous messages need not be of one person. */
function goOn(before: MessageRow, row: MessageRow): boolean {
  if (before.anonymous || row.anonymous || before.mine !== row.mine) return false;
  return before.author?.user_id === row.author?.user_id && row.at - before.at < GROUP_MS;
}

/** "Grace is typing", "Grace and Alan are typing", "Several people are typing". */
export function typingLine(users: readonly Author[]): string {
  const names = users.map(({ name }) => name.split(/\s+/u)[0] ?? name);
  if (names.length === 0) return "";
  if (names.length === 1) return `${names[0]} is typing`;
  if (names.length === 2) return `${names[0]} and ${names[1]} are typing`;
  return "Several people are typing";
}
