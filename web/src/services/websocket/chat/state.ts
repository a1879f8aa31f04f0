/** What a chat client knows, folded from answers and events by pure functions: no socket, no clock. */

import type {
  Author,
  Member,
  Membership,
  Message,
  Mute,
  Presence,
  Receipt,
  Room,
  RoomSummary,
  SendMessage,
  Typing,
  Unread,
} from "../../../contract";
import * as pins from "./pins";
import { withMine } from "./reactions";
import * as timelines from "./timeline";
import { emptyTimeline, type Timeline } from "./timeline";

/** A message of ours that the server has not confirmed. */
export interface Outgoing {
  key: string;
  roomId: string;
  text: string;
  /** As it is sent, and sent again. */
  payload: SendMessage;
  /** ISO 8601: when it was written, by this device's clock. */
  writtenAt: string;
  status: "sending" | "failed";
  /** Why it failed, in plain words. */
  error: string | null;
}

/** A change of ours that the server has not confirmed: shown over what it said last, and gone if it says no. */
export type PendingChange = { key: string; messageId: string } & (
  | { kind: "reaction"; emoji: string; on: boolean }
  | { kind: "pin"; on: boolean }
);

export interface ChatState {
  me: Author | null;
  phase: "loading" | "ready" | "failed";
  error: string | null;
  rooms: Readonly<Record<string, RoomSummary>>;
  /** What was said in a room, the answers in threads among it: so its numbers have no holes. */
  timelines: Readonly<Record<string, Timeline>>;
  /** The answers of a thread, by its first message. */
  threads: Readonly<Record<string, Timeline>>;
  /** By room, where they were loaded: the one pinned last first. */
  pins: Readonly<Record<string, readonly Message[]>>;
  pending: readonly PendingChange[];
  /** Keys under which this page has sent. */
  ownKeys: ReadonlySet<string>;
  /** Ids of anonymous messages of ours: nothing in them says whose they are, but answers tell their author. */
  ownIds: ReadonlySet<string>;
  /** In the order written, over all rooms. */
  outgoing: readonly Outgoing[];
  /** By room, then by user. */
  receipts: Readonly<Record<string, Readonly<Record<string, Receipt>>>>;
  typing: Readonly<Record<string, readonly Author[]>>;
  presence: Readonly<Record<string, Presence>>;
  members: Readonly<Record<string, readonly Member[]>>;
}

export const initialState: ChatState = {
  me: null,
  phase: "loading",
  error: null,
  rooms: {},
  timelines: {},
  threads: {},
  pins: {},
  pending: [],
  ownKeys: new Set(),
  ownIds: new Set(),
  outgoing: [],
  receipts: {},
  typing: {},
  presence: {},
  members: {},
};

// Rooms

export function roomsLoaded(state: ChatState, items: readonly RoomSummary[]): ChatState {
  return {
    ...state,
    phase: "ready",
    error: null,
    rooms: Object.fromEntries(items.map((room) => [room.id, room])),
  };
}

export function roomLoaded(state: ChatState, room: RoomSummary): ChatState {
  return { ...state, rooms: { ...state.rooms, [room.id]: room } };
}

/** The answer to a change of a room, which may leave out what was said last. */
export function roomChanged(state: ChatState, room: RoomSummary): ChatState {
  return roomLoaded(state, { ...state.rooms[room.id], ...room });
}

/** What every member sees of a room has changed; what only we see of it stays, or follows from it. */
export function roomUpdated(state: ChatState, room: Room): ChatState {
  const before = state.rooms[room.id];
  const next = patchRoom(state, room.id, room);
  return before && before.locked !== room.locked ? patchRoom(next, room.id, posting(next, room.id)) : next;
}

/** We may not write any more, or again. */
export function memberMuted(state: ChatState, { room_id, muted_until }: Mute): ChatState {
  const room = state.rooms[room_id];
  if (!room) return state;
  const { muted_until: _before, ...rest } = room;
  const muted = muted_until === undefined ? rest : { ...rest, muted_until };
  const next = { ...state, rooms: { ...state.rooms, [room_id]: muted } };
  return patchRoom(next, room_id, posting(next, room_id));
}

/** As the server decides it: staff always, others where nothing keeps them from it. */
function posting(state: ChatState, roomId: string): Pick<RoomSummary, "can_post"> {
  const room = state.rooms[roomId];
  if (!room) return { can_post: false };
  const kept = room.locked || room.kind === "announcement" || room.muted_until !== undefined;
  return { can_post: room.can_moderate || !kept };
}

export function roomGone(state: ChatState, roomId: string): ChatState {
  if (!(roomId in state.rooms)) return state;
  const { [roomId]: _room, ...rooms } = state.rooms;
  const { [roomId]: _timeline, ...rest } = state.timelines;
  return { ...state, rooms, timelines: rest };
}

export function memberCame(state: ChatState, { room_id, member_count }: Membership): ChatState {
  return forgetMembers(patchRoom(state, room_id, { member_count }), room_id);
}

export function memberLeft(state: ChatState, { room_id, user_id, member_count }: Membership): ChatState {
  const mine = user_id === state.me?.user_id;
  return forgetMembers(patchRoom(state, room_id, { member_count, ...(mine && { joined: false }) }), room_id);
}

export function membersLoaded(state: ChatState, roomId: string, members: readonly Member[]): ChatState {
  return { ...state, members: { ...state.members, [roomId]: members } };
}

function forgetMembers(state: ChatState, roomId: string): ChatState {
  if (!(roomId in state.members)) return state;
  const { [roomId]: _members, ...members } = state.members;
  return { ...state, members };
}

function patchRoom(state: ChatState, roomId: string, patch: Partial<RoomSummary>): ChatState {
  const room = state.rooms[roomId];
  if (!room) return state;
  return { ...state, rooms: { ...state.rooms, [roomId]: { ...room, ...patch } } };
}

// Messages

/** A new message, another version of one, or the server's answer to one of ours. */
export function messageArrived(state: ChatState, arrived: Message): ChatState {
  const settled = arrived.key ? withoutOutgoing(state, arrived.key) : state;
  const message = withMine(arrived, known(settled, arrived), settled.me?.user_id ?? null);
  const { room_id } = message;
  const room = settled.rooms[room_id];
  let next = withPins(settled, room_id, message);
  if (room && isLast(room, message)) {
    const last_number = Math.max(room.last_number, message.number);
    next = patchRoom(next, room.id, { last_message: message, last_number });
  }
  const timeline = next.timelines[room_id];
  if (timeline) {
    const changed = timelines.requoted(timelines.arrived(timeline, message), message);
    if (changed !== timeline) next = withTimeline(next, room_id, changed);
  }
  return message.thread_id === undefined ? next : replyArrived(next, message, message.thread_id);
}

/** An answer in a thread: it stands there, too, and the thread's first message says how the thread stands. */
function replyArrived(state: ChatState, reply: Message, threadId: string): ChatState {
  let next = state;
  const thread = next.threads[threadId];
  if (thread) {
    const changed = timelines.requoted(timelines.arrived(thread, reply), reply);
    if (changed !== thread) next = withThread(next, threadId, changed);
  }
  const timeline = next.timelines[reply.room_id];
  const stands = reply.thread;
  if (!timeline || !stands) return next;
  const changed = timelines.patched(timeline, threadId, (root) => ({ ...root, thread: stands }));
  return changed === timeline ? next : withTimeline(next, reply.room_id, changed);
}

function known(state: ChatState, { id, room_id, thread_id }: Message): Message | undefined {
  const timeline = thread_id === undefined ? state.timelines[room_id] : state.threads[thread_id];
  return timeline?.messages.findLast((message) => message.id === id);
}

function withPins(state: ChatState, roomId: string, message: Message): ChatState {
  const before = state.pins[roomId];
  if (!before) return state;
  const after = pins.arrived(before, message);
  return after === before ? state : pinsLoaded(state, roomId, after);
}

export function pinsLoaded(state: ChatState, roomId: string, items: readonly Message[]): ChatState {
  return { ...state, pins: { ...state.pins, [roomId]: items } };
}

export function changePending(state: ChatState, change: PendingChange): ChatState {
  return { ...state, pending: [...state.pending, change] };
}

export function changeSettled(state: ChatState, key: string): ChatState {
  if (!state.pending.some((change) => change.key === key)) return state;
  return { ...state, pending: state.pending.filter((change) => change.key !== key) };
}

function isLast(room: RoomSummary, message: Message): boolean {
  const last = room.last_message;
  if (!last || message.number > last.number) return true;
  return message.id === last.id && message.version >= last.version;
}

export function withTimeline(state: ChatState, roomId: string, timeline: Timeline): ChatState {
  return { ...state, timelines: { ...state.timelines, [roomId]: timeline } };
}

export function patchTimeline(state: ChatState, roomId: string, patch: Partial<Timeline>): ChatState {
  return withTimeline(state, roomId, { ...(state.timelines[roomId] ?? emptyTimeline), ...patch });
}

export function withThread(state: ChatState, threadId: string, thread: Timeline): ChatState {
  return { ...state, threads: { ...state.threads, [threadId]: thread } };
}

export function patchThread(state: ChatState, threadId: string, patch: Partial<Timeline>): ChatState {
  return withThread(state, threadId, { ...(state.threads[threadId] ?? emptyTimeline), ...patch });
}

export function written(state: ChatState, outgoing: Outgoing): ChatState {
  return {
    ...state,
    outgoing: [...state.outgoing.filter(({ key }) => key !== outgoing.key), outgoing],
    ownKeys: new Set(state.ownKeys).add(outgoing.key),
  };
}

/** The server has taken one of ours. */
export function sent(state: ChatState, key: string, message: Message): ChatState {
  const next = messageArrived(withoutOutgoing(state, key), message);
  return message.author ? next : ownFound(next, [message.id]);
}

/** The server has told us which messages of ours carry no name. */
export function ownFound(state: ChatState, ids: readonly string[]): ChatState {
  if (ids.every((id) => state.ownIds.has(id))) return state;
  return { ...state, ownIds: new Set([...state.ownIds, ...ids]) };
}

export function patchOutgoing(state: ChatState, key: string, patch: Partial<Outgoing>): ChatState {
  return { ...state, outgoing: state.outgoing.map((one) => (one.key === key ? { ...one, ...patch } : one)) };
}

export function withoutOutgoing(state: ChatState, key: string): ChatState {
  if (!state.outgoing.some((one) => one.key === key)) return state;
  return { ...state, outgoing: state.outgoing.filter((one) => one.key !== key) };
}

// Who has got how far, who is here

/** Pointers only move forward. */
export function receiptChanged(state: ChatState, receipt: Receipt): ChatState {
  const ofRoom = state.receipts[receipt.room_id] ?? {};
  const known = ofRoom[receipt.user_id];
  const read = Math.max(known?.read_number ?? 0, receipt.read_number);
  const delivered = Math.max(known?.delivered_number ?? 0, receipt.delivered_number, read);
  if (known && known.read_number === read && known.delivered_number === delivered) return state;
  const moved: Receipt = { ...receipt, read_number: read, delivered_number: delivered };
  const next = {
    ...state,
    receipts: { ...state.receipts, [receipt.room_id]: { ...ofRoom, [receipt.user_id]: moved } },
  };
  if (receipt.user_id !== state.me?.user_id || (state.rooms[receipt.room_id]?.read_number ?? 0) >= read)
    return next;
  return patchRoom(next, receipt.room_id, {
    read_number: read,
    ...(receipt.read_to !== undefined && { read_to: receipt.read_to }),
  });
}

/** The server's count, always. */
export function unreadChanged(state: ChatState, { room_id, unread, mentions }: Unread): ChatState {
  const room = state.rooms[room_id];
  if (!room || (room.unread === unread && room.mentions === mentions)) return state;
  return patchRoom(state, room_id, { unread, mentions });
}

/** The whole list, without ourselves. */
export function typingChanged(state: ChatState, { room_id, users }: Typing): ChatState {
  const others = users.filter(({ user_id }) => user_id !== state.me?.user_id);
  if (others.length === 0 && !(room_id in state.typing)) return state;
  const { [room_id]: _before, ...rest } = state.typing;
  return { ...state, typing: others.length > 0 ? { ...rest, [room_id]: others } : rest };
}

export function presenceChanged(state: ChatState, presence: Presence): ChatState {
  if (state.presence[presence.user_id]?.status === presence.status) return state;
  return { ...state, presence: { ...state.presence, [presence.user_id]: presence } };
}
