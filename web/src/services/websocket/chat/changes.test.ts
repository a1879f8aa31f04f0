/** What shows before the server has answered, what is taken back when it says no, and what others do meanwhile. */

import { beforeEach, describe, expect, it } from "vitest";
import { ada, ben, furnish, message, meta, room } from "../../../testing/campus";
import { settle, World } from "../../../testing/world";
import { ChatWebSocketService } from "../chatWebSocket";
import { CommandError } from "../errors";
import { EditConflict } from "./changes";
import { foreseen } from "./view";

let world: World;
let chat: ChatWebSocketService;

beforeEach(async () => {
  world = new World();
  chat = new ChatWebSocketService({ environment: world });
  chat.connect("ada", "token");
  await settle();
  furnish(world.peer, [room()], [message(1), message(2, { author: ada })]);
  world.peer.accept();
  await settle();
  await chat.openRoom("r1");
});

const loaded = (id: string) => chat.chat.timelines["r1"]?.messages.find((one) => one.id === id);
const shown = (id: string) => {
  const found = loaded(id);
  if (!found) throw new Error(`${id} is not loaded`);
  return foreseen(found, chat.chat.pending, "ada");
};
const first = () => loaded("m1") ?? message(1);
const refused = { ok: false, error: { code: "forbidden", message: "no", retryable: false } } as const;
const thumbs = (user_ids: string[], mine?: boolean) => [
  { emoji: "👍", count: user_ids.length, user_ids, ...(mine !== undefined && { mine }) },
];

describe("a reaction of ours", () => {
  it("shows at once, and is the server's once it has answered", async () => {
    const done = chat.reactToMessage(first(), "👍", true);
    expect(shown("m1").reactions).toEqual(thumbs(["ada"], true));
    expect(first().reactions).toEqual([]);
    await settle();
    const answer = message(1, { reactions: thumbs(["ben", "ada"], true) });
    world.peer.answer("message.react", { ok: true, data: { message: answer, duplicate: false } });
    await done;
    expect(chat.chat.pending).toEqual([]);
    expect(shown("m1").reactions).toEqual(thumbs(["ben", "ada"], true));
  });

  it("is taken back when the server says no, and what others did meanwhile stays", async () => {
    const done = chat.reactToMessage(first(), "👍", true);
    await settle();
    world.peer.say("reaction.changed", message(1, { reactions: thumbs(["ben"]) }), meta(1));
    expect(shown("m1").reactions).toEqual(thumbs(["ben", "ada"], true));
    world.peer.answer("message.react", refused);
    await expect(done).rejects.toBeInstanceOf(CommandError);
    expect(shown("m1").reactions).toEqual(thumbs(["ben"], false));
  });

  it("can be taken back by ourselves, and the last one leaves no empty emoji", async () => {
    world.peer.say("reaction.changed", message(1, { reactions: thumbs(["ada"]) }), meta(1));
    expect(shown("m1").reactions).toEqual(thumbs(["ada"], true));
    void chat.reactToMessage(first(), "👍", false).catch(() => undefined);
    expect(shown("m1").reactions).toEqual([]);
  });

  it("given on another device is ours here too, also among more than are named", () => {
    const many = { emoji: "👍", count: 40, user_ids: ["ben"] };
    const changed = { user_id: "ada", emoji: "👍", on: true };
    world.peer.say("reaction.changed", { ...message(1, { reactions: [many] }), changed }, meta(1));
    expect(loaded("m1")?.reactions[0]?.mine).toBe(true);
    const other = { user_id: "ben", emoji: "👍", on: true };
    world.peer.say(
      "reaction.changed",
      { ...message(1, { reactions: [{ ...many, count: 41 }] }), changed: other },
      meta(2),
    );
    expect(loaded("m1")?.reactions[0]).toMatchObject({ count: 41, mine: true });
  });
});

describe("a pin", () => {
  it("shows at once and is taken back when the server says no", async () => {
    const done = chat.pinMessage(first(), true);
    expect(shown("m1").pinned).toBe(true);
    await settle();
    world.peer.answer("message.pin", refused);
    await expect(done).rejects.toBeInstanceOf(CommandError);
    expect(shown("m1").pinned).toBe(false);
  });

  it("moves the list of pins, the last one first, and leaves it with its message", async () => {
    await chat.loadPins("r1");
    world.peer.say("message.pinned", message(1, { pinned: true }), meta(1));
    world.peer.say("message.pinned", message(2, { author: ada, pinned: true }), meta(2));
    expect(chat.chat.pins["r1"]?.map(({ id }) => id)).toEqual(["m2", "m1"]);
    world.peer.say("message.edited", message(1, { pinned: true, version: 2, text: "new" }), meta(3));
    expect(chat.chat.pins["r1"]?.[1]?.text).toBe("new");
    world.peer.say("message.pinned", message(2, { author: ada, pinned: false }), meta(4));
    world.peer.say("message.deleted", message(1, { version: 3, state: "deleted", text: "" }), meta(5));
    expect(chat.chat.pins["r1"]).toEqual([]);
  });
});

describe("a thread", () => {
  it("holds its answers, and its first message in the room says how it stands", async () => {
    await chat.openThread("r1", "m1");
    const before = chat.chat.timelines["r1"]?.messages.length;
    const thread = { replies: 1, last_at: "2026-11-22T18:00:00.000Z" };
    world.peer.say("message.sent", message(3, { thread_id: "m1", thread }), meta(1));
    expect(chat.chat.threads["m1"]?.messages.at(-1)?.id).toBe("m3");
    // The room keeps it as well, so that its numbers have no holes; the screen leaves it out there.
    expect(chat.chat.timelines["r1"]?.messages).toHaveLength((before ?? 0) + 1);
    expect(loaded("m1")?.thread).toEqual(thread);
    const gone = message(3, { thread_id: "m1", thread: { replies: 0 }, state: "deleted", version: 2 });
    world.peer.say("message.deleted", gone, meta(2));
    expect(chat.chat.threads["m1"]?.messages.at(-1)?.state).toBe("deleted");
    expect(loaded("m1")?.thread).toEqual({ replies: 0 });
  });

  it("that is not open only counts", () => {
    world.peer.say("message.sent", message(3, { thread_id: "m1", thread: { replies: 1 } }), meta(1));
    expect(chat.chat.threads).toEqual({});
    expect(loaded("m1")?.thread?.replies).toBe(1);
  });
});

describe("an edit", () => {
  it("over an old version is a conflict that carries the current message", async () => {
    const done = chat.editMessage(message(2, { author: ada }), "mine");
    await settle();
    const current = message(2, { author: ada, text: "theirs", version: 2 });
    world.peer.answer("message.edit", {
      ok: false,
      error: { code: "conflict", message: "old", retryable: false, details: { message: current } },
    });
    const error = await done.catch((cause: unknown) => cause);
    expect(error).toBeInstanceOf(EditConflict);
    expect((error as EditConflict).current).toEqual(current);
    expect(loaded("m2")?.text).toBe("theirs");
  });
});

describe("an anonymous message of ours", () => {
  it("is known as ours by the answer, and is shown once while that is under way", async () => {
    const key = chat.sendMessage("r1", "who am I?", { anonymous: true });
    expect(world.peer.payloads("message.send")).toMatchObject([{ key, anonymous: true }]);
    const { author: _author, ...hidden } = message(3, { anonymous: true, text: "who am I?" });
    world.peer.say("message.sent", hidden, meta(1));
    world.peer.answer("message.send", { ok: true, data: { message: hidden, duplicate: false } });
    await settle();
    expect(chat.chat.outgoing).toEqual([]);
    expect(chat.chat.ownIds.has("m3")).toBe(true);
  });

  it("is known as ours after a reload, by what the server tells us alone", async () => {
    const { author: _author, ...nameless } = message(40, { anonymous: true });
    world.peer.reply("history.read", () => ({
      items: [nameless, { ...nameless, id: "m41", number: 41 }],
      position: { epoch: "a", offset: 0 },
      own: ["m40"],
      has_before: true,
      has_after: false,
    }));
    await chat.loadAround("r1", "m40");
    expect([...chat.chat.ownIds]).toEqual(["m40"]);
    const known = chat.chat.ownIds;
    world.peer.say("message.edited", { ...nameless, version: 2, text: "said otherwise" }, meta(1));
    expect(chat.chat.ownIds).toBe(known);
  });

  it("is known as ours by the answer to whatever we do with it", async () => {
    const { author: _author, ...nameless } = message(2, { anonymous: true, version: 2 });
    const done = chat.reactToMessage(message(2), "👍", true);
    world.peer.answer("message.react", {
      ok: true,
      data: { message: nameless, own: true, duplicate: false },
    });
    await done;
    expect(chat.chat.ownIds.has("m2")).toBe(true);
  });
});

describe("keeping order", () => {
  it("takes the right to write with a lock or a mute, and gives it back", () => {
    const { joined: _joined, unread: _unread, ...plain } = room();
    world.peer.say("room.updated", { ...plain, can_post: undefined, locked: true }, meta(1));
    expect(chat.chat.rooms["r1"]?.can_post).toBe(false);
    world.peer.say("room.updated", { ...plain, can_post: undefined, locked: false }, meta(2));
    expect(chat.chat.rooms["r1"]?.can_post).toBe(true);
    const muted_until = "9999-12-31T23:59:59.999Z";
    world.peer.say("member.muted", { room_id: "r1", muted_until }, meta(1, "user:ada"));
    expect(chat.chat.rooms["r1"]).toMatchObject({ can_post: false, muted_until });
    world.peer.say("member.muted", { room_id: "r1" }, meta(2, "user:ada"));
    expect(chat.chat.rooms["r1"]?.can_post).toBe(true);
    expect(chat.chat.rooms["r1"]?.muted_until).toBeUndefined();
  });

  it("keeps what was said last when the answer leaves it out", async () => {
    world.peer.say("message.sent", message(3), meta(1));
    const done = chat.moderateRoom("r1", { action: "slow_mode", seconds: 30 });
    await settle();
    expect(world.peer.payloads("room.moderate")).toMatchObject([{ action: "slow_mode", seconds: 30 }]);
    world.peer.answer("room.moderate", {
      ok: true,
      data: { room: room({ slow_mode_s: 30 }), duplicate: false },
    });
    await done;
    expect(chat.chat.rooms["r1"]).toMatchObject({ slow_mode_s: 30, last_message: { id: "m3" } });
  });
});

describe("going to a message", () => {
  it("loads what is around it, and what comes live waits until one comes back", async () => {
    world.peer.reply("history.read", ({ around }) => ({
      items: around ? [message(40, { author: ben }), message(41)] : [message(90), message(91)],
      position: { epoch: "a", offset: 0 },
      own: [],
      has_before: true,
      has_after: around !== undefined,
    }));
    await chat.loadAround("r1", "m41");
    const ids = () => chat.chat.timelines["r1"]?.messages.map(({ id }) => id);
    expect(ids()).toEqual(["m40", "m41"]);
    world.peer.say("message.sent", message(92), meta(1));
    expect(ids()).toEqual(["m40", "m41"]);
    await chat.loadNewest("r1");
    expect(ids()).toEqual(["m90", "m91"]);
  });
});
