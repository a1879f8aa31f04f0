/** The list of rooms while it is loaded: what is said, made, and moves meanwhile; and who is in many rooms. */

import { beforeEach, expect, it } from "vitest";
import type { RoomSummary } from "../../../contract";
import { furnish, message, meta, room } from "../../../testing/campus";
import { settle, World } from "../../../testing/world";
import { ChatWebSocketService } from "../chatWebSocket";

let world: World;
let chat: ChatWebSocketService;

const mine = { channel: "user:ada" };
const unread = (room_id: string, count: number) => ({ room_id, unread: count, mentions: 0, total: count });

beforeEach(async () => {
  world = new World();
  chat = new ChatWebSocketService({ environment: world });
  chat.connect("ada", "token");
  await settle();
  furnish(world.peer, []);
  world.peer.silence("room.list");
  world.peer.accept();
});

async function listed(items: RoomSummary[], next?: string): Promise<void> {
  const page = { items, ...(next !== undefined && { next_cursor: next }) };
  world.peer.answer("room.list", { ok: true, data: page });
  await settle();
}

it("keeps what was said while the list was under way, and is older", async () => {
  world.peer.say("unread.changed", unread("r1", 2), mine);
  world.peer.say("message.sent", message(7), meta(1));
  await listed([room()]);
  expect(chat.chat.rooms["r1"]).toMatchObject({ unread: 2, last_number: 7, last_message: { number: 7 } });
});

it("lets nobody type for ever who typed while the list was under way", async () => {
  const typing = { room_id: "r1", users: [{ user_id: "ben", name: "Ben" }] };
  world.peer.say("typing.changed", typing, { channel: "room:r1" });
  world.advance(9_000);
  await listed([room()]);
  expect(chat.chat.typing).toEqual({});
});

it("asks again when a room came while the list was under way", async () => {
  world.peer.say("room.updated", room({ id: "r9" }), mine);
  await listed([room()]);
  expect(world.peer.payloads("room.list")).toHaveLength(2);
  await listed([room({ id: "r9" }), room()]);
  expect(Object.keys(chat.chat.rooms)).toEqual(["r9", "r1"]);
  expect(world.peer.payloads("room.list")).toHaveLength(2);
});

it("asks again when more was said meanwhile than is kept", async () => {
  for (let count = 0; count <= 1_000; count += 1) world.peer.say("unread.changed", unread("r1", count), mine);
  await listed([room()]);
  expect(world.peer.payloads("room.list")).toHaveLength(2);
  await listed([room({ unread: 1_000 })]);
  expect(chat.chat.rooms["r1"]?.unread).toBe(1_000);
});

it("misses no room that moves from a page to come to one that is read", async () => {
  await listed([room({ id: "r1" })], "2");
  await listed([room({ id: "r2" })]);
  // r3 stood on the second page until somebody wrote in it.
  await listed([room({ id: "r3", unread: 1 }), room({ id: "r1", unread: 4 })], "2");
  expect(world.peer.payloads("room.list")).toEqual([{}, { cursor: "2" }, {}]);
  expect(Object.keys(chat.chat.rooms).sort()).toEqual(["r1", "r2", "r3"]);
  expect(chat.chat.rooms["r1"]?.unread).toBe(4);
});

it("is asked for once by all who want it, and is here when they go on", async () => {
  const seen: string[] = [];
  for (const name of ["one", "two"])
    void chat.loadRooms().then(() => seen.push(`${name}: ${Object.keys(chat.chat.rooms)}`));
  await settle();
  await listed([room()]);
  expect(seen).toEqual(["one: r1", "two: r1"]);
  expect(world.peer.payloads("room.list")).toHaveLength(1);
});

it("says nothing of a failure to whoever comes after the one who asked", async () => {
  chat.connect("ben", "token");
  await settle();
  expect(chat.chat).toMatchObject({ phase: "loading", error: null });
});

it("misses nothing of an open room whose subscription was refused for a while", async () => {
  world.peer.silence("subscribe");
  await listed([room()]);
  await chat.openRoom("r1");
  const later = { code: "rate_limited", message: "later", retryable: true, retry_after_ms: 50 } as const;
  world.peer.answer("subscribe", { ok: false, error: later });
  // Said before anybody listens, and after the history was read.
  furnish(world.peer, [room()], [message(1)]);
  world.advance(50);
  await settle();
  expect(chat.chat.timelines["r1"]?.messages.map(({ number }) => number)).toEqual([1]);
  expect(world.peer.payloads("history.read")).toHaveLength(2);
});

it("reads the history once where the subscription came first", async () => {
  await listed([room()]);
  await chat.openRoom("r1");
  await settle();
  expect(world.peer.payloads("history.read")).toHaveLength(1);
});

it("tells one room after the other that its messages were delivered", async () => {
  world.peer.silence("receipt.mark");
  const ids = ["r1", "r2", "r3"];
  await listed(ids.map((id) => room({ id, unread: 1, last_message: message(5, { room_id: id }) })));
  world.advance(400);
  const told = () => world.peer.payloads("receipt.mark").map(({ room_id }) => room_id);
  for (const [index, id] of ids.entries()) {
    expect(told()).toEqual(ids.slice(0, index + 1));
    const receipt = { room_id: id, user_id: "ada", read_number: 0, delivered_number: 5 };
    world.peer.answer("receipt.mark", { ok: true, data: { receipt, unread: unread(id, 1) } });
    await settle();
  }
  expect(told()).toEqual(ids);
});

it("asks few rooms at a time who is in them, and shows whoever is known", async () => {
  await listed(Array.from({ length: 20 }, (_, index) => room({ id: `r${index}` })));
  world.peer.silence("room.members");
  const people = chat.people();
  const asked = () => world.peer.pending.filter(({ command }) => command === "room.members").length;
  const answered = (name: string) =>
    world.peer.answer("room.members", {
      ok: true,
      data: { items: [{ user_id: name, name, roles: ["learner"], joined_at: "2026-11-01T10:00:00.000Z" }] },
    });
  for (let done = 0; done < 20; done += 1) {
    expect(asked()).toBe(Math.min(4, 20 - done));
    answered(`p${done % 5}`);
    await settle();
  }
  expect((await people).map(({ name }) => name)).toEqual(["p0", "p1", "p2", "p3", "p4"]);
});
