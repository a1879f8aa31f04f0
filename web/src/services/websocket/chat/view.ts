/** What a screen asks of the chat's state: order, names, and how far a message has got. */

import type { Author, Member, Message, RoomSummary } from "../../../contract";
import { reacted } from "./reactions";
import type { ChatState, Outgoing, PendingChange } from "./state";

export type MessageStatus = "sending" | "failed" | "sent" | "delivered" | "read";

const sorted = new WeakMap<object, readonly RoomSummary[]>();

/** Joined rooms first, and among them the one that moved last. Found once, for all who ask, until a room changes. */
export function sortedRooms({ rooms }: Pick<ChatState, "rooms">): readonly RoomSummary[] {
  const before = sorted.get(rooms);
  if (before) return before;
  const found = Object.values(rooms).sort((a, b) => {
    if (a.joined !== b.joined) return a.joined ? -1 : 1;
    return movedAt(b).localeCompare(movedAt(a)) || a.id.localeCompare(b.id);
  });
  sorted.set(rooms, found);
  return found;
}

const movedAt = (room: RoomSummary): string => room.last_message?.sent_at ?? room.created_at;

/** A direct room is called after the other person; a group without a title after its people. */
export function roomName(room: RoomSummary, me: string | null): string {
  if (room.title) return room.title;
  const others = (room.others ?? []).filter(({ user_id }) => user_id !== me);
  if (others.length === 0) return room.kind === "direct" ? "Notes to self" : "Room";
  if (others.length <= 3) return others.map(({ name }) => name).join(", ");
  return `${others
    .slice(0, 2)
    .map(({ name }) => name)
    .join(", ")} and ${others.length - 2} more`;
}

export function totalUnread(state: ChatState): number {
  return Object.values(state.rooms).reduce((sum, room) => sum + (room.joined ? room.unread : 0), 0);
}

/** What this page knows to be ours. */
export type Own = Pick<ChatState, "ownKeys" | "ownIds">;

/** Ours: by its author, or, where it carries none, by what this page has sent. */
export function isMine({ id, key, author }: Message, me: string | null, own: Own): boolean {
  if (author) return author.user_id === me;
  return own.ownIds.has(id) || (key !== undefined && own.ownKeys.has(key));
}

/**
 * Without the anonymous message that is ours and that the server has not confirmed yet: its event says nothing of us, and
 * would show it twice until the answer is here.
 */
export function withoutEcho(messages: readonly Message[], outgoing: readonly Outgoing[]): readonly Message[] {
  const hidden = outgoing.filter(({ payload, status }) => payload.anonymous && status === "sending");
  if (hidden.length === 0) return messages;
  const isEcho = ({ anonymous, author, text }: Message): boolean =>
    anonymous && !author && hidden.some((one) => one.text === text);
  const newest = messages.slice(-ECHOES);
  return newest.some(isEcho)
    ? [...messages.slice(0, -ECHOES), ...newest.filter((message) => !isEcho(message))]
    : messages;
}

/** An echo is among the newest. */
const ECHOES = 20;

const ENTITIES: Record<string, string> = { "&lt;": "<", "&gt;": ">", "&quot;": '"', "&amp;": "&" };

/** The words of a message without its marks, in one line: text, to be shown as text. */
export function plainWords({ html }: Pick<Message, "html">): string {
  return html
    .replace(/<[^>]*>/gu, (tag) => (/^<\/?(?:p|br|li|pre|blockquote|ul|ol)\b/u.test(tag) ? " " : ""))
    .replace(/&(?:lt|gt|quot|amp);/gu, (entity) => ENTITIES[entity] ?? entity)
    .replace(/\s+/gu, " ")
    .trim();
}

/** A message as it will be once the server has taken what we have just done; the same object when that is nothing. */
export function foreseen(message: Message, pending: readonly PendingChange[], me: string | null): Message {
  let shown = message;
  for (const change of pending) {
    if (change.messageId !== message.id || me === null) continue;
    shown =
      change.kind === "pin"
        ? { ...shown, pinned: change.on }
        : { ...shown, reactions: reacted(shown.reactions, me, change) };
  }
  return shown;
}

/** The rooms that have people to write to, the one that moved last first. */
export const sharedRooms = (state: Pick<ChatState, "rooms">): readonly RoomSummary[] =>
  sortedRooms(state).filter((room) => room.joined && room.kind !== "direct");

/** Everybody we share a room with, by name, as far as the members of our rooms are loaded. */
export const knownPeople = (state: Pick<ChatState, "rooms" | "members" | "me">): Member[] =>
  othersByName(
    sharedRooms(state).flatMap(({ id }) => state.members[id] ?? []),
    state.me,
  );

/** Each of them once, without ourselves. */
export function othersByName(members: readonly Member[], me: Author | null): Member[] {
  const found = new Map(members.map((member) => [member.user_id, member]));
  if (me) found.delete(me.user_id);
  return [...found.values()].sort((a, b) => a.name.localeCompare(b.name));
}

const named = new WeakMap<object, ReadonlyMap<string, Author>>();

/** Everybody whose name is known in a room: its members, who wrote, who is opposite. Found once for each timeline. */
export function peopleOf(state: ChatState, roomId: string): ReadonlyMap<string, Author> {
  const timeline = state.timelines[roomId];
  const members = state.members[roomId];
  const known = members ?? timeline;
  const before = known && named.get(known);
  if (before) return before;
  const authors = (timeline?.messages ?? []).flatMap(({ author }) => author ?? []);
  const all = [...authors, ...(state.rooms[roomId]?.others ?? []), ...(members ?? [])];
  const people = new Map(all.map((person) => [person.user_id, person]));
  if (known) named.set(known, people);
  return people;
}

export interface Progress {
  status: MessageStatus;
  /** How many others have read it; 0 in rooms that do not tell. */
  readBy: number;
  /** How many others there are. */
  others: number;
}

/** How far one of our messages has got: the furthest of anybody. */
export function progress(
  state: Pick<ChatState, "receipts" | "rooms">,
  message: Message,
  me: string | null,
): Progress {
  const receipts = Object.values(state.receipts[message.room_id] ?? {}).filter(
    ({ user_id }) => user_id !== me,
  );
  const readBy = receipts.filter(({ read_number }) => read_number >= message.number).length;
  const delivered = receipts.some(({ delivered_number }) => delivered_number >= message.number);
  const others = Math.max((state.rooms[message.room_id]?.member_count ?? 1) - 1, readBy);
  return { status: readBy > 0 ? "read" : delivered ? "delivered" : "sent", readBy, others };
}

/** What is on its way into a room, or into one of its threads. */
export const outgoingOf = (
  outgoing: readonly Outgoing[],
  roomId: string,
  threadId?: string,
): readonly Outgoing[] =>
  outgoing.filter((one) => one.roomId === roomId && one.payload.thread_id === threadId);
