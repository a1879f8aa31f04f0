/** The chat service against a server's end in memory: loading, sending, retrying, snapshots, receipts. */

import { beforeEach, describe, expect, it, vi } from "vitest";
import { furnish, message, meta, room } from "../../testing/campus";
import { settle, World } from "../../testing/world";
import { ChatWebSocketService } from "./chatWebSocket";

let world: World;
let chat: ChatWebSocketService;
const history = Array.from({ length: 120 }, (_, index) => message(index + 1));

async function connected(rooms = [room({ last_number: 120 })]): Promise<void> {
  chat.connect("ada", "token");
  await settle();
  furnish(world.peer, rooms, history);
  world.peer.accept({
    resumed: { "user:ada": { epoch: "a", offset: 3, recovered: false } },
  });
  await settle();
}

beforeEach(() => {
  world = new World();
  chat = new ChatWebSocketService({ environment: world });
});

const texts = () => chat.chat.timelines["r1"]?.messages.map(({ text }) => text);
const sent = (key: string, number: number) =>
  message(number, { author: { user_id: "ada", name: "Ada" }, key, text: "hello" });

describe("connecting", () => {
  it("loads the rooms and listens to those we are in", async () => {
    await connected([room(), room({ id: "r2", joined: false })]);
    expect(chat.chat).toMatchObject({ phase: "ready", me: { user_id: "ada" } });
    expect(world.peer.payloads("subscribe")).toEqual([{ channel: "room:r1" }]);
  });

  it("[SUB4] resumes from its positions after a reconnect", async () => {
    await connected();
    world.peer.say("message.sent", message(121), meta(1));
    world.peer.cut();
    world.advance(1_000);
    expect(world.peer.auth).toMatchObject({
      resume: { "user:ada": { epoch: "a", offset: 3 }, "room:r1": { epoch: "a", offset: 1 } },
    });
  });

  it("says why the rooms are not there, and tries again", async () => {
    chat.connect("ada", "token");
    await settle();
    world.peer.accept();
    world.peer.answer("room.list", { ok: false, error: { code: "internal", message: "x", retryable: true } });
    await settle();
    expect(chat.chat).toMatchObject({ phase: "failed", error: expect.stringContaining("server") });
    furnish(world.peer, [room()]);
    await chat.loadRooms();
    expect(chat.chat.phase).toBe("ready");
  });
});

describe("history", () => {
  it("loads the newest page once, then older ones, in order", async () => {
    await connected();
    await chat.openRoom("r1");
    await chat.openRoom("r1");
    expect(texts()?.[0]).toBe("message 71");
    await chat.loadOlder("r1");
    await Promise.all([chat.loadOlder("r1"), chat.loadOlder("r1")]);
    expect(texts()).toEqual(history.map(({ text }) => text));
    expect(chat.chat.timelines["r1"]?.hasBefore).toBe(false);
    await chat.loadOlder("r1");
    expect(world.peer.payloads("history.read")).toHaveLength(3);
  });

  it("[CLI3] asks again with the next connection when one was lost before the answer", async () => {
    await connected();
    world.peer.silence("history.read");
    const opened = chat.openRoom("r1");
    world.peer.cut();
    await settle();
    expect(chat.chat.timelines["r1"]).toMatchObject({ phase: "loading", error: null });
    furnish(world.peer, [room()], history);
    world.advance(1_000);
    world.peer.accept();
    await opened;
    expect(chat.chat.timelines["r1"]).toMatchObject({ phase: "ready" });
    expect(texts()?.at(-1)).toBe("message 120");
    expect(world.peer.payloads("history.read")).toHaveLength(2);
  });

  it("says so when what it asks for ends every connection", async () => {
    await connected();
    world.peer.silence("history.read");
    const opened = chat.openRoom("r1");
    for (let lost = 0; lost < 3; lost += 1) {
      expect(chat.chat.timelines["r1"]?.phase).toBe("loading");
      world.peer.cut();
      await settle();
      world.advance(30_000);
      world.peer.accept();
      await settle();
    }
    await opened;
    expect(chat.chat.timelines["r1"]).toMatchObject({ phase: "failed" });
    expect(world.peer.payloads("history.read")).toHaveLength(3);
  });

  it("asks nothing in the name of who comes after", async () => {
    await connected();
    world.peer.silence("history.read");
    const opened = chat.openRoom("r1");
    chat.connect("ben", "token");
    await opened;
    await settle();
    furnish(world.peer, [], []);
    world.peer.accept();
    await settle();
    expect(world.peer.payloads("history.read")).toEqual([]);
  });

  it("[SUB3] loads a snapshot when the server cannot replay, and goes on from its position", async () => {
    await connected();
    await chat.openRoom("r1");
    world.peer.cut();
    world.advance(1_000);
    world.peer.reply("history.read", () => ({
      items: [message(300), message(301)],
      position: { epoch: "b", offset: 9 },
      own: [],
      has_before: true,
      has_after: false,
    }));
    world.peer.accept({
      resumed: { "room:r1": { epoch: "b", offset: 9, recovered: false, reason: "epoch" } },
    });
    await settle();
    expect(texts()).toEqual(["message 300", "message 301"]);
    expect(world.peer.payloads("subscribe").at(-1)).toEqual({
      channel: "room:r1",
      since: { epoch: "b", offset: 9 },
    });
  });
});

describe("sending", () => {
  it("shows at once, and becomes the server's message when it is answered", async () => {
    await connected();
    await chat.openRoom("r1");
    const key = chat.sendMessage("r1", "hello");
    expect(chat.chat.outgoing).toMatchObject([{ key, text: "hello", status: "sending" }]);
    world.peer.answer("message.send", { ok: true, data: { message: sent(key, 121), duplicate: false } });
    await settle();
    expect(chat.chat.outgoing).toEqual([]);
    expect(texts()?.at(-1)).toBe("hello");
  });

  it("is one message when the event overtakes the answer", async () => {
    await connected();
    await chat.openRoom("r1");
    const key = chat.sendMessage("r1", "hello");
    world.peer.say("message.sent", sent(key, 121), meta(1));
    world.peer.answer("message.send", { ok: true, data: { message: sent(key, 121), duplicate: false } });
    await settle();
    expect(texts()?.filter((text) => text === "hello")).toHaveLength(1);
  });

  it("[LOG3] fails with plain words, and is sent again with its old key", async () => {
    await connected();
    const key = chat.sendMessage("r1", "hello");
    const refused = { code: "forbidden", message: "you are muted here", retryable: false } as const;
    world.peer.answer("message.send", { ok: false, error: refused });
    await settle();
    expect(chat.chat.outgoing).toMatchObject([{ status: "failed", error: "You are muted here." }]);
    chat.retryMessage(key);
    expect(chat.chat.outgoing).toMatchObject([{ status: "sending", error: null }]);
    expect(world.peer.payloads("message.send").map((payload) => payload["key"])).toEqual([key, key]);
  });

  it("can be given up after it failed, and not before", async () => {
    await connected();
    const key = chat.sendMessage("r1", "hello");
    chat.discardMessage(key);
    expect(chat.chat.outgoing).toHaveLength(1);
    world.peer.answer("message.send", {
      ok: false,
      error: { code: "invalid", message: "no", retryable: false },
    });
    await settle();
    chat.discardMessage(key);
    expect(chat.chat.outgoing).toEqual([]);
  });

  it("[CLI2] waits without a connection, shows after a reload, and is sent once in its order", async () => {
    await connected();
    world.peer.cut();
    const first = chat.sendMessage("r1", "one");
    const second = chat.sendMessage("r1", "two");
    chat.disconnect();
    await settle();

    chat = new ChatWebSocketService({ environment: world });
    chat.connect("ada", "token");
    await settle();
    expect(chat.chat.outgoing.map(({ text }) => text)).toEqual(["one", "two"]);
    furnish(world.peer, [room()], history);
    world.peer.accept();
    await settle();
    world.peer.answer("message.send", { ok: true, data: { message: sent(first, 121), duplicate: true } });
    world.peer.answer("message.send", { ok: true, data: { message: sent(second, 122), duplicate: false } });
    await settle();
    expect(world.peer.payloads("message.send").map((payload) => payload["key"])).toEqual([first, second]);
    expect(chat.chat.outgoing).toEqual([]);
  });
});

describe("changing", () => {
  it("shows the current message when somebody was faster", async () => {
    await connected();
    await chat.openRoom("r1");
    const current = message(120, { version: 5, text: "theirs" });
    const edit = chat.editMessage(message(120), "mine");
    world.peer.answer("message.edit", {
      ok: false,
      error: { code: "conflict", message: "old", retryable: false, details: { message: current } },
    });
    await expect(edit).rejects.toMatchObject({ code: "conflict" });
    expect(texts()?.at(-1)).toBe("theirs");
  });
});

describe("signals", () => {
  it("tells that everything was read once, and takes the server's count", async () => {
    await connected([room({ last_number: 120, unread: 4 })]);
    await chat.openRoom("r1");
    chat.markRead("r1");
    chat.markRead("r1");
    await settle();
    expect(world.peer.payloads("receipt.mark")).toEqual([{ room_id: "r1", read: "m120", delivered: "m120" }]);
    expect(chat.chat.rooms["r1"]).toMatchObject({ unread: 0, read_number: 120 });
    chat.markRead("r1");
    expect(world.peer.payloads("receipt.mark")).toHaveLength(1);
  });

  it("tells that a burst was delivered with one receipt", async () => {
    await connected();
    for (const number of [121, 122, 123]) world.peer.say("message.sent", message(number), meta(number - 120));
    world.advance(500);
    expect(world.peer.payloads("receipt.mark")).toEqual([{ room_id: "r1", delivered: "m123" }]);
  });

  it("tells that we type every few seconds, not at every key stroke", async () => {
    await connected();
    for (let stroke = 0; stroke < 10; stroke += 1) chat.setTyping("r1", true);
    world.advance(3_000);
    chat.setTyping("r1", true);
    chat.setTyping("r1", false);
    chat.setTyping("r1", false);
    expect(world.peer.payloads("typing.set").map(({ active }) => active)).toEqual([true, true, false]);
  });

  it("forgets who types when the end of it is lost", async () => {
    await connected();
    world.peer.say(
      "typing.changed",
      { room_id: "r1", users: [{ user_id: "ben", name: "Ben" }] },
      { channel: "room:r1" },
    );
    expect(chat.chat.typing["r1"]).toHaveLength(1);
    world.advance(8_000);
    expect(chat.chat.typing["r1"]).toBeUndefined();
  });
});

describe("events that are not what they should be", () => {
  it("are reported, and change nothing", async () => {
    const heard = vi.fn();
    chat.on("message.sent", heard);
    await connected();
    const before = chat.chat;
    const { number: _number, ...rest } = message(121);
    for (const data of [rest, null, "text", { ...message(121), version: "1" }]) {
      world.peer.say("message.sent", data, { channel: "room:r1" });
    }
    world.peer.say("typing.changed", { room_id: "r1", users: {} }, { channel: "room:r1" });
    world.peer.say("something.new", null, { channel: "room:r1" });
    expect(chat.chat).toBe(before);
    expect(heard).not.toHaveBeenCalled();
    expect(world.reported.map(String)).toEqual([
      "TypeError: message.sent came without a proper number",
      "TypeError: message.sent came without a proper data",
      "TypeError: message.sent came without a proper data",
      "TypeError: message.sent came without a proper version",
      "TypeError: typing.changed came without a proper users",
    ]);
  });
});

describe("callbacks", () => {
  it("hear the messages of one room or of all, until they stop", async () => {
    const one = vi.fn();
    const all = vi.fn();
    const stop = chat.subscribeToMessages(one, "r1");
    chat.subscribeToMessages(all);
    await connected();
    world.peer.say("message.sent", message(1), meta(1));
    world.peer.say("message.sent", message(1, { room_id: "r2" }), meta(1, "room:r2"));
    stop();
    world.peer.say("message.sent", message(2), meta(2));
    expect(one).toHaveBeenCalledTimes(1);
    expect(all).toHaveBeenCalledTimes(3);
  });

  it("are not what keeps the state: forgetting them leaves it", async () => {
    await connected();
    chat.unsubscribe("message.sent");
    world.peer.say("message.sent", message(121), meta(1));
    expect(chat.chat.rooms["r1"]?.last_number).toBe(121);
  });
});

it("leaves nothing behind", async () => {
  await connected();
  world.peer.say("message.sent", message(121), meta(1));
  chat.disconnect();
  await settle();
  expect(world.timers.size).toBe(0);
  expect(chat.chat.phase).toBe("loading");
  expect(chat.chat.rooms).toEqual({});
});
