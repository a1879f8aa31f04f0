/** Rooms and messages for tests, and a `/chat` peer that knows them. */

import type { Message, Receipt, RoomSummary } from "../contract";
import type { Peer } from "./world";

export const ada = { user_id: "ada", name: "Ada Lovelace" };
export const ben = { user_id: "ben", name: "Ben Okafor" };

export function message(number: number, patch: Partial<Message> = {}): Message {
  return {
    id: `m${number}`,
    room_id: "r1",
    number,
    author: ben,
    anonymous: false,
    text: `message ${number}`,
    html: `<p>${patch.text ?? `message ${number}`}</p>`,
    mentions: [],
    mention_groups: [],
    reactions: [],
    pinned: false,
    state: "sent",
    version: 1,
    sent_at: new Date(Date.parse("2026-11-22T10:00:00.000Z") + number * 1_000).toISOString(),
    ...patch,
  };
}

export function room(patch: Partial<RoomSummary> = {}): RoomSummary {
  return {
    id: "r1",
    kind: "course",
    course_id: "cs101",
    title: "General",
    member_count: 3,
    last_number: 0,
    receipts: "names",
    locked: false,
    slow_mode_s: 0,
    created_at: "2026-11-01T10:00:00.000Z",
    joined: true,
    unread: 0,
    mentions: 0,
    read_number: 0,
    can_post: true,
    can_moderate: false,
    others: [],
    ...patch,
  };
}

export function receipt(user_id: string, read_number: number, delivered_number = read_number): Receipt {
  return { room_id: "r1", user_id, read_number, delivered_number };
}

export const meta = (offset: number, channel = "room:r1") => ({
  channel,
  id: `e${offset}`,
  at: "2026-11-22T18:00:00.000Z",
  epoch: "a",
  offset,
});

/** Answer what a chat asks when it opens. */
export function furnish(peer: Peer, rooms: RoomSummary[], history: Message[] = [], own: string[] = []): void {
  peer.reply("room.list", () => ({ items: rooms }));
  peer.reply("subscribe", ({ channel }) => ({ channel, epoch: "a", offset: 0, recovered: false }));
  peer.reply("history.read", ({ before }) => {
    const end = before === undefined ? history.length : history.findIndex(({ id }) => id === before);
    const items = history.slice(Math.max(0, end - 50), end);
    return {
      items,
      position: { epoch: "a", offset: 0 },
      own: own.filter((id) => items.some((item) => item.id === id)),
      has_before: end > items.length,
      has_after: false,
    };
  });
  peer.reply("receipt.mark", ({ room_id, read }) => {
    const number = history.find(({ id }) => id === read)?.number ?? 0;
    return {
      receipt: { room_id, user_id: "ada", read_number: number, delivered_number: number },
      unread: { room_id, unread: 0, mentions: 0, total: 0 },
    };
  });
  peer.reply("room.pins", () => ({ items: [], own: [] }));
  peer.reply("room.members", () => ({
    items: [
      { ...ada, roles: ["learner"], joined_at: "2026-11-01T10:00:00.000Z" },
      { ...ben, roles: ["instructor"], joined_at: "2026-11-01T10:00:00.000Z" },
    ],
  }));
  peer.reply("ping", ({ sent_at }) => ({ sent_at, server_time: "2026-11-22T18:00:00.000Z" }));
}
