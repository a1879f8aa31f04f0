/** What hooks give is the same object while nothing of it has changed, and what they are given last is what counts. */

import { act, render, renderHook } from "@testing-library/react";
import { beforeEach, expect, it, vi } from "vitest";
import { ben, furnish, room } from "../testing/campus";
import { around, frames, loadYjs } from "../testing/frames";
import { countsOf, furnishInbox, notification, userMeta } from "../testing/inbox";
import { annotation, Scriptorium } from "../testing/scriptorium";
import { World } from "../testing/world";
import { useChatWebSocket } from "./useChatWebSocket";
import { useCollaborationWebSocket } from "./useCollaborationWebSocket";
import { useConnectionStatus } from "./useConnectionStatus";
import { useNotificationsWebSocket } from "./useNotificationsWebSocket";

let world: World;
let token: string | (() => string);
beforeEach(() => {
  world = new World();
  token = "token";
});

const Within = around(() => ({ world, token }));

const pass = () => frames(world, { load: loadYjs });

async function accept(prepare: (peer: World["peer"]) => void): Promise<void> {
  await pass();
  for (const peer of world.peers) {
    if (peer.released) continue;
    prepare(peer);
    act(() => peer.accept({ user: { id: "ada", name: "Ada" } }));
  }
  await pass();
}

async function hear(event: string, data: object, of: { channel: string }): Promise<void> {
  act(() => world.peer.say(event, data, of));
  await pass();
}

it("gives the same rooms while only something else of the chat changes", async () => {
  const { result } = renderHook(() => [useChatWebSocket(), useChatWebSocket()] as const, { wrapper: Within });
  await accept((peer) => furnish(peer, [room(), room({ id: "r2", title: "Two" })]));
  const [{ rooms, chat }, other] = result.current;
  expect(other.rooms).toBe(rooms);
  await hear("typing.changed", { room_id: "r1", users: [ben] }, { channel: "room:r1" });
  expect(result.current[0].chat).not.toBe(chat);
  expect(result.current[0].rooms).toBe(rooms);
  const unread = { room_id: "r2", unread: 3, mentions: 0, total: 3 };
  await hear("unread.changed", unread, { channel: "user:ada" });
  expect(result.current[0].rooms).not.toBe(rooms);
});

it("gives the same notifications while only counts change", async () => {
  const { result } = renderHook(() => useNotificationsWebSocket(), { wrapper: Within });
  const all = [1, 2].map((number) => notification(number));
  await accept((peer) => furnishInbox(peer, all));
  const { items, counts } = result.current;
  expect(items).toHaveLength(2);
  await hear("counts.changed", { ...countsOf(all), unseen: 77 }, userMeta(1));
  expect(result.current.counts).not.toEqual(counts);
  expect(result.current.items).toBe(items);
});

it("gives the same way to try again, and the same result while no connection changes", async () => {
  const { result, rerender } = renderHook(() => useConnectionStatus(), { wrapper: Within });
  const before = result.current;
  rerender();
  expect(result.current).toBe(before);
});

it("does not show a document again because another one has changed", async () => {
  const server = new Scriptorium("Hegel");
  const drawn = vi.fn();
  const List = () => {
    drawn(useCollaborationWebSocket().phase);
    return null;
  };
  const Page = () => useCollaborationWebSocket("7").annotations.length;
  const { container } = render(
    <>
      <List />
      <Page />
    </>,
    { wrapper: Within },
  );
  await accept((peer) => server.furnish(peer, "ada"));
  expect(container.textContent).toBe("0");
  drawn.mockClear();
  act(() => server.say("annotation.created", annotation("a1")));
  await pass();
  expect(container.textContent).toBe("1");
  expect(drawn).not.toHaveBeenCalled();
});

it("asks the function for a token that took the place of a text", async () => {
  const { rerender } = renderHook(() => useChatWebSocket(), { wrapper: Within });
  await accept((peer) => furnish(peer, [room()]));
  token = () => "from the function";
  rerender();
  await pass();
  expect(world.peer.payloads("auth.refresh")).toEqual([]);
  await hear("auth.expiring", { expires_at: new Date(world.now() + 60_000).toISOString() }, { channel: "" });
  expect(world.peer.payloads("auth.refresh")).toEqual([{ token: "from the function" }]);
  token = "a text again";
  rerender();
  await pass();
  token = () => "and a function again";
  rerender();
  await hear("auth.expiring", { expires_at: new Date(world.now() + 60_000).toISOString() }, { channel: "" });
  expect(world.peer.payloads("auth.refresh").map((one) => one["token"])).toEqual([
    "from the function",
    "a text again",
    "and a function again",
  ]);
});
