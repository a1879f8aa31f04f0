/** The hooks under StrictMode: one connection, stable callbacks, nothing left after the last unmount. */

import { act, render, renderHook } from "@testing-library/react";
import { type ReactNode, StrictMode } from "react";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { furnish, message, meta, room } from "../testing/campus";
import { settle, World } from "../testing/world";
import { CoursewireProvider, useCoursewire } from "./CoursewireProvider";
import { useChatWebSocket } from "./useChatWebSocket";
import { useConnectionStatus } from "./useConnectionStatus";

let world: World;
beforeEach(() => {
  world = new World();
});

function Within({
  children,
  user = "ada",
  token = "token",
}: {
  children: ReactNode;
  user?: string;
  token?: string;
}) {
  return (
    <StrictMode>
      <CoursewireProvider userId={user} authToken={token} environment={world}>
        {children}
      </CoursewireProvider>
    </StrictMode>
  );
}

function Who() {
  const { connectionState, rooms } = useChatWebSocket();
  return `${connectionState}, ${rooms.length} rooms`;
}

async function accept(): Promise<void> {
  await act(async () => {
    await settle();
    furnish(world.peer, [room()]);
    world.peer.accept();
    await settle();
    world.advance(20);
  });
}

describe("useChatWebSocket", () => {
  it("connects once under StrictMode and follows the state", async () => {
    const { result } = renderHook(useChatWebSocket, { wrapper: Within });
    expect(result.current.isConnected).toBe(false);
    await accept();
    expect(world.peers.filter(({ released }) => !released)).toHaveLength(1);
    expect(result.current).toMatchObject({ isConnected: true, connectionState: "connected" });
    expect(result.current.rooms.map(({ title }) => title)).toEqual(["General"]);
    act(() => {
      world.peer.say(
        "unread.changed",
        { room_id: "r1", unread: 3, mentions: 0, total: 3 },
        { channel: "user:ada" },
      );
      world.advance(20);
    });
    expect(result.current.totalUnread).toBe(3);
  });

  it("leaves no listener, timer or socket after unmount", async () => {
    const { result, unmount } = renderHook(() => ({ chat: useChatWebSocket(), all: useCoursewire() }), {
      wrapper: Within,
    });
    await accept();
    const { all } = result.current;
    unmount();
    await act(async () => {
      world.advance(0);
      await settle();
    });
    expect(all.chat.store.listeners).toBe(0);
    expect(all.status.listeners).toBe(0);
    expect(all.chat.listeners).toBe(0);
    expect(world.peer.released).toBe(true);
    expect(world.wakers.size).toBe(0);
    world.advance(100);
    expect(world.timers.size).toBe(0);
  });

  it("gives the same functions at every render", async () => {
    const { result } = renderHook(useChatWebSocket, { wrapper: Within });
    const { sendMessage, markRead, subscribeToMessages } = result.current;
    await accept();
    act(() => {
      world.peer.say("message.sent", message(1), meta(1));
      world.advance(20);
    });
    expect(result.current).toMatchObject({ sendMessage, markRead, subscribeToMessages });
  });

  it("shares one connection between components, and keeps it while one is left", async () => {
    const { rerender, container } = render(
      <Within>
        <Who />
        <Who />
      </Within>,
    );
    await accept();
    rerender(
      <Within>
        <Who />
      </Within>,
    );
    await act(async () => {
      world.advance(0);
      await settle();
    });
    expect(world.peer.released).toBe(false);
    expect(container.textContent).toBe("connected, 1 rooms");
  });

  it("starts anew for another person", async () => {
    const { rerender, container } = render(
      <Within user="ada">
        <Who />
      </Within>,
    );
    await accept();
    expect(container.textContent).toBe("connected, 1 rooms");
    const first = world.peer;
    rerender(
      <Within user="ben" token="bens">
        <Who />
      </Within>,
    );
    await act(async () => {
      world.advance(0);
      await settle();
    });
    expect(first.released).toBe(true);
    expect(container.textContent).toBe("connecting, 0 rooms");
    expect(world.peer.auth).toMatchObject({ token: "bens" });
  });

  it("hands a newer token on without a new connection", async () => {
    const { rerender } = render(
      <Within token="one">
        <Who />
      </Within>,
    );
    await accept();
    const sockets = world.peers.length;
    rerender(
      <Within token="two">
        <Who />
      </Within>,
    );
    await act(settle);
    expect(world.peers).toHaveLength(sockets);
    expect(world.peer.payloads("auth.refresh")).toEqual([{ token: "two" }]);
  });

  it("needs a provider", () => {
    vi.spyOn(console, "error").mockImplementation(() => undefined);
    expect(() => renderHook(useChatWebSocket)).toThrow("CoursewireProvider");
  });
});

describe("useConnectionStatus", () => {
  it("tells every namespace and the worst of them", async () => {
    const { result } = renderHook(() => ({ chat: useChatWebSocket(), status: useConnectionStatus() }), {
      wrapper: Within,
    });
    await accept();
    expect(result.current.status).toMatchObject({
      overall: "connected",
      namespaces: { "/chat": { attempts: 0 } },
    });
    act(() => world.peer.cut());
    expect(result.current.status.overall).toBe("reconnecting");
  });

  it("tries again when asked", async () => {
    const { result } = renderHook(() => ({ chat: useChatWebSocket(), status: useConnectionStatus() }), {
      wrapper: Within,
    });
    await act(settle);
    act(() => world.peer.refuse({ code: "disabled", message: "off", retryable: false }));
    expect(result.current.status.overall).toBe("unavailable");
    const before = world.peer.connects;
    act(() => result.current.status.retry("/chat"));
    expect(world.peer.connects).toBe(before + 1);
  });
});
