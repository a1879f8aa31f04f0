/** What a screen asks of the chat's state: order, names, and how far a message has got. */

import type { Message, RoomSummary } from "../../../contract";
import type { ChatState, Outgoing } from "./state";

export type MessageStatus = "sending" | "failed" | "sent" | "delivered" | "read";

/** Joined rooms first, and among them the one that moved last. */
export function sortedRooms(state: ChatState): RoomSummary[] {
  return Object.values(state.rooms).sort((a, b) => {
    if (a.joined !== b.joined) return a.joined ? -1 : 1;
    return movedAt(b).localeCompare(movedAt(a)) || a.id.localeCompare(b.id);
  });
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

export const isMine = (state: ChatState, message: Message): boolean =>
  state.me !== null && message.author?.user_id === state.me.user_id;

export interface Progress {
  status: MessageStatus;
  /** How many others have read it; 0 in rooms that do not tell. */
  readBy: number;
  /** How many others there are. */
  others: number;
}

/** How far one of our messages has got: the furthest of anybody. */
export function progress(state: ChatState, message: Message): Progress {
  const receipts = Object.values(state.receipts[message.room_id] ?? {}).filter(
    ({ user_id }) => user_id !== state.me?.user_id,
  );
  const readBy = receipts.filter(({ read_number }) => read_number >= message.number).length;
  const delivered = receipts.some(({ delivered_number }) => delivered_number >= message.number);
  const others = Math.max((state.rooms[message.room_id]?.member_count ?? 1) - 1, readBy);
  return { status: readBy > 0 ? "read" : delivered ? "delivered" : "sent", readBy, others };
}

export const outgoingOf = (state: ChatState, roomId: string): readonly Outgoing[] =>
  state.outgoing.filter((one) => one.roomId === roomId);
