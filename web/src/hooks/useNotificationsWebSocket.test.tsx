/** The hook under StrictMode: one connection and one list, stable callbacks, nothing left after the last unmount. */

import { act, renderHook } from "@testing-library/react";
import { beforeEach, describe, expect, it } from "vitest";
import { around, frames } from "../testing/frames";
import { countsOf, furnishInbox, notification, read, userMeta } from "../testing/inbox";
import { settle, World } from "../testing/world";
import { useCoursewire } from "./CoursewireProvider";
import { useNotificationsWebSocket, useNotificationToasts } from "./useNotificationsWebSocket";

let world: World;
beforeEach(() => {
  world = new World();
});

const items = [1, 2, 3].map((number) => notification(number));

const Within = around(() => ({ world }));

const pass = () => frames(world);

async function accept(): Promise<void> {
  await act(settle);
  for (const peer of world.peers) {
    furnishInbox(peer, items);
    if (!peer.released) act(() => peer.accept());
  }
  await pass();
}

const all = () => ({
  inbox: useNotificationsWebSocket(),
  toasts: useNotificationToasts(),
  coursewire: useCoursewire(),
});

describe("useNotificationsWebSocket", () => {
  it("connects once, lists once, and follows what is said", async () => {
    const { result } = renderHook(all, { wrapper: Within });
    expect(result.current.inbox).toMatchObject({ phase: "loading", isConnected: false, counts: null });
    await accept();
    expect(world.peers.filter(({ released }) => !released)).toHaveLength(1);
    expect(world.peer.payloads("notification.list")).toHaveLength(1);
    expect(result.current.inbox).toMatchObject({ phase: "ready", isConnected: true, counts: { unread: 3 } });
    act(() => world.peer.say("notification.created", notification(4, { toast: true }), userMeta(1)));
    await pass();
    expect(result.current.inbox.items.map(({ id }) => id)).toEqual(["n0004", "n0003", "n0002", "n0001"]);
    expect(result.current.toasts).toHaveLength(1);
    expect(world.peer.payloads("notification.list")).toHaveLength(1);
  });

  it("lists by another filter, and lets go of the first", async () => {
    const { result } = renderHook(all, { wrapper: Within });
    await accept();
    act(() => result.current.inbox.setFilter({ category: ["grade"] }));
    await pass();
    expect(result.current.inbox).toMatchObject({
      items: [],
      phase: "ready",
      filter: { category: ["grade"] },
    });
    expect(Object.keys(result.current.coursewire.notifications.inbox.lists)).toHaveLength(1);
    const { filter } = result.current.inbox;
    act(() => result.current.inbox.setFilter({ category: ["grade"] }));
    expect(result.current.inbox.filter).toBe(filter);
  });

  it("marks what fits the filter", async () => {
    const { result } = renderHook(all, { wrapper: Within });
    await accept();
    act(() => result.current.inbox.setFilter({ state: "unread" }));
    await pass();
    act(() => void result.current.inbox.markAll("read"));
    await pass();
    expect(result.current.inbox).toMatchObject({ items: [], counts: { unread: 0 } });
    expect(world.peer.payloads("notification.mark")).toMatchObject([
      { filter: { state: "unread" }, as: "read" },
    ]);
  });

  it("gives the same functions at every render", async () => {
    const { result } = renderHook(all, { wrapper: Within });
    const { mark, snooze, loadMore, markAll, setFilter, updatePreferences, push } = result.current.inbox;
    await accept();
    expect(result.current.inbox.push.enable).toBe(push.enable);
    expect(result.current.inbox.push.disable).toBe(push.disable);
    expect(result.current.inbox).toMatchObject({
      mark,
      snooze,
      loadMore,
      markAll,
      setFilter,
      updatePreferences,
    });
  });

  it("leaves no listener, timer or socket after unmount", async () => {
    const { result, unmount } = renderHook(all, { wrapper: Within });
    await accept();
    const { notifications } = result.current.coursewire;
    unmount();
    await act(async () => {
      world.advance(0);
      await settle();
    });
    expect(notifications.store.listeners).toBe(0);
    expect(notifications.toastStore.listeners).toBe(0);
    expect(notifications.listeners).toBe(0);
    expect(world.peer.released).toBe(true);
    world.advance(100);
    expect(world.timers.size).toBe(0);
  });

  it("reads in one tab what was read in another", async () => {
    const tabs = [renderHook(all, { wrapper: Within })];
    await act(settle);
    world.session = new (world.session.constructor as new () => typeof world.session)();
    tabs.push(renderHook(all, { wrapper: Within }));
    await accept();
    const [one, other] = tabs;
    act(() => void one?.result.current.inbox.mark("n0002", "read"));
    // The server tells both of them.
    for (const peer of world.peers.filter(({ released }) => !released)) {
      act(() => peer.say("notification.changed", read(notification(2)), userMeta(1)));
      act(() => peer.say("counts.changed", { ...countsOf(items), unread: 2 }, userMeta(2)));
    }
    await pass();
    for (const tab of [one, other]) {
      expect(tab?.result.current.inbox.counts?.unread).toBe(2);
      expect(tab?.result.current.inbox.items[1]).toMatchObject({ id: "n0002", read_at: expect.any(String) });
    }
    expect(world.peers.flatMap((peer) => peer.payloads("notification.list"))).toHaveLength(2);
  });
});
