/** Each event of `/chat`, folded; and what a screen asks of the result. */

import { describe, expect, it } from "vitest";
import { ada, ben, message, receipt, room } from "../../../testing/campus";
import * as fold from "./state";
import { type ChatState, initialState, type Outgoing } from "./state";
import { emptyTimeline } from "./timeline";
import { progress, roomName, sortedRooms, totalUnread } from "./view";

const start: ChatState = {
  ...fold.roomsLoaded({ ...initialState, me: ada }, [room()]),
  timelines: { r1: { ...emptyTimeline, phase: "ready" } },
};
const mine = (patch = {}) => message(1, { author: ada, key: "k1", ...patch });
const outgoing: Outgoing = {
  key: "k1",
  roomId: "r1",
  text: "hello",
  payload: { key: "k1", room_id: "r1", text: "hello" },
  writtenAt: "2026-11-22T18:00:00.000Z",
  status: "sending",
  error: null,
};

describe("messages", () => {
  it("show in the room, and as its last words", () => {
    const state = fold.messageArrived(start, message(1));
    expect(state.timelines["r1"]?.messages).toHaveLength(1);
    expect(state.rooms["r1"]).toMatchObject({ last_number: 1, last_message: { text: "message 1" } });
  });

  it("replace what was sent under the same key, whether event or answer comes first", () => {
    const sending = fold.written(start, outgoing);
    const once = fold.messageArrived(sending, mine());
    const twice = fold.messageArrived(once, mine());
    expect(twice.outgoing).toEqual([]);
    expect(twice.timelines["r1"]?.messages).toHaveLength(1);
  });

  it("change the last words when the last one is edited or deleted, not when another is", () => {
    let state = fold.messageArrived(fold.messageArrived(start, message(1)), message(2));
    state = fold.messageArrived(state, message(1, { version: 2, text: "edited" }));
    expect(state.rooms["r1"]?.last_message?.text).toBe("message 2");
    state = fold.messageArrived(state, message(2, { version: 2, state: "deleted", text: "" }));
    expect(state.rooms["r1"]?.last_message?.state).toBe("deleted");
  });

  it("of a room that is not open only move the list", () => {
    const closed = { ...start, timelines: {} };
    const state = fold.messageArrived(closed, message(4));
    expect(state.timelines).toEqual({});
    expect(state.rooms["r1"]?.last_number).toBe(4);
  });
});

describe("receipts", () => {
  it("only move forward", () => {
    const read = fold.receiptChanged(start, receipt("ben", 5));
    expect(fold.receiptChanged(read, receipt("ben", 3))).toBe(read);
    expect(fold.receiptChanged(read, receipt("ben", 6)).receipts["r1"]?.["ben"]?.read_number).toBe(6);
  });

  it("say how far a message has got: sent, delivered, read", () => {
    const state = fold.messageArrived(start, mine());
    const own = mine();
    expect(progress(state, own, "ada")).toEqual({ status: "sent", readBy: 0, others: 2 });
    const delivered = fold.receiptChanged(state, receipt("ben", 0, 1));
    expect(progress(delivered, own, "ada").status).toBe("delivered");
    const read = fold.receiptChanged(delivered, receipt("ben", 1));
    expect(progress(read, own, "ada")).toEqual({ status: "read", readBy: 1, others: 2 });
  });

  it("of ourselves do not count as somebody else's, and move our pointer", () => {
    const state = fold.receiptChanged(fold.messageArrived(start, mine()), receipt("ada", 1));
    expect(progress(state, mine(), "ada").status).toBe("sent");
    expect(state.rooms["r1"]?.read_number).toBe(1);
  });
});

describe("everything else", () => {
  it("takes the server's unread count", () => {
    const state = fold.unreadChanged(start, { room_id: "r1", unread: 7, mentions: 1, total: 9 });
    expect(state.rooms["r1"]).toMatchObject({ unread: 7, mentions: 1 });
    expect(totalUnread(state)).toBe(7);
  });

  it("replaces who is typing, without ourselves", () => {
    const typing = fold.typingChanged(start, { room_id: "r1", users: [ada, ben] });
    expect(typing.typing).toEqual({ r1: [ben] });
    expect(fold.typingChanged(typing, { room_id: "r1", users: [] }).typing).toEqual({});
  });

  it("keeps what only we see of a room when the room itself changes", () => {
    const unread = fold.unreadChanged(start, { room_id: "r1", unread: 2, mentions: 0, total: 2 });
    const { joined: _j, unread: _u, ...rest } = room({ title: "Renamed" });
    expect(fold.roomUpdated(unread, rest).rooms["r1"]).toMatchObject({ title: "Renamed", unread: 2 });
  });

  it("counts members, asks for their names again, and notices when we leave", () => {
    const known = fold.membersLoaded(start, "r1", []);
    const left = fold.memberLeft(known, { room_id: "r1", user_id: "ada", name: "Ada", member_count: 2 });
    expect(left.rooms["r1"]).toMatchObject({ member_count: 2, joined: false });
    expect(left.members).toEqual({});
  });

  it("forgets a room that was taken away", () => {
    const state = fold.roomGone(start, "r1");
    expect(state.rooms).toEqual({});
    expect(state.timelines).toEqual({});
  });
});

describe("the list of rooms", () => {
  it("has joined rooms first, then the one that moved last", () => {
    const state = fold.roomsLoaded(initialState, [
      room({ id: "old", last_message: message(1) }),
      room({ id: "open", joined: false, last_message: message(9) }),
      room({ id: "new", last_message: message(5) }),
    ]);
    expect(sortedRooms(state).map(({ id }) => id)).toEqual(["new", "old", "open"]);
  });

  it("calls a direct room after the other person and a group after its people", () => {
    expect(roomName(room({ kind: "direct", title: "", others: [ada, ben] }), "ada")).toBe("Ben Okafor");
    const many = ["B", "C", "D", "E"].map((name) => ({ user_id: name, name }));
    expect(roomName(room({ kind: "group", title: "", others: many }), "ada")).toBe("B, C and 2 more");
  });
});
