/** The shell around the machine: tokens, listeners, timers, pings, and what is left when it is gone. */

import { beforeEach, describe, expect, it, vi } from "vitest";
import type { ChatCommands, ChatEvents, Position } from "../../contract";
import { MemoryStorage, READY, settle, World } from "../../testing/world";
import { ConnectionStatusStore } from "./connectionStatus";
import { NamespaceService } from "./namespaceService";

class Service extends NamespaceService<ChatCommands, ChatEvents> {
  constructor(
    world: World,
    readonly statuses = new ConnectionStatusStore(),
  ) {
    super("/chat", { environment: world, status: statuses });
  }
  protected override snapshotNeeded(channel: string, position: Position): void {
    this.snapshotLoaded(channel, position);
  }
  protected override get attachments() {
    return { "message.sent": "picture" };
  }
}

let world: World;
let service: Service;
beforeEach(() => {
  world = new World();
  service = new Service(world);
});

const typing = { room_id: "r1", users: [] };

describe("NamespaceService", () => {
  it("[CLI4] tells the state, the transport and the round trip of its namespace", async () => {
    service.connect("ada", "token");
    await settle();
    world.peer.accept();
    expect(service.isConnected).toBe(true);
    world.advance(12);
    world.peer.answer("ping", { ok: true, data: {} });
    expect(service.statuses.getSnapshot()["/chat"]).toMatchObject({
      state: "connected",
      transport: "websocket",
      latencyMs: 12,
      attempts: 0,
      queued: 0,
    });
  });

  it("shows polling as degraded, and the upgrade as connected", async () => {
    service.connect("ada", "token");
    await settle();
    world.peer.accept({}, "polling");
    expect(service.state).toBe("degraded");
    world.peer.events.opened("websocket");
    expect(service.state).toBe("connected");
  });

  it("fetches a token before it connects, and a fresh one when that has expired", async () => {
    const fetchToken = vi.fn().mockResolvedValueOnce("one").mockResolvedValueOnce("two");
    service.connect("ada", fetchToken);
    await settle();
    expect(world.peer.auth).toMatchObject({ token: "one" });
    world.peer.refuse({ code: "auth_expired", message: "expired", retryable: true });
    await settle();
    expect(world.peer.auth).toMatchObject({ token: "two" });
    expect(fetchToken).toHaveBeenCalledTimes(2);
  });

  it("asks again for a token that does not come, and takes the late one too", async () => {
    let late: (token: string) => void = () => undefined;
    const never = new Promise<string>((resolve) => {
      late = resolve;
    });
    const fetchToken = vi.fn().mockReturnValueOnce(never).mockResolvedValueOnce("two");
    service.connect("ada", fetchToken);
    await settle();
    world.advance(9_999);
    expect(fetchToken).toHaveBeenCalledTimes(1);
    world.advance(1);
    expect(service.statuses.getSnapshot()["/chat"]?.error).toMatchObject({ code: "unavailable" });
    world.advance(1_500);
    await settle();
    expect(world.peer.auth).toMatchObject({ token: "two" });
    late("one");
    await settle();
    world.peer.refuse({ code: "unavailable", message: "later", retryable: true });
    world.advance(5_000);
    expect(world.peer.auth).toMatchObject({ token: "two" });
    expect(fetchToken).toHaveBeenCalledTimes(2);
  });

  it("goes on with a token that came late, when nobody has asked again yet", async () => {
    let late: (token: string) => void = () => undefined;
    const slow = new Promise<string>((resolve) => {
      late = resolve;
    });
    const fetchToken = vi.fn().mockReturnValueOnce(slow);
    service.connect("ada", fetchToken);
    await settle();
    world.advance(10_000);
    late("one");
    await settle();
    world.advance(1_500);
    expect(world.peer.auth).toMatchObject({ token: "one" });
    expect(fetchToken).toHaveBeenCalledTimes(1);
  });

  it("[SES2] renews the token in place when it is about to end", async () => {
    service.connect("ada", vi.fn().mockResolvedValueOnce("one").mockResolvedValueOnce("two"));
    await settle();
    world.peer.accept();
    world.peer.say("auth.expiring", { expires_at: READY.expires_at }, { channel: "" });
    await settle();
    expect(world.peer.payloads("auth.refresh")).toEqual([{ token: "two" }]);
  });

  it("[SES2] does not let a token that comes late into the next person's session", async () => {
    let resolve: (token: string) => void = () => undefined;
    service.connect("ada", () => new Promise((done) => (resolve = done)));
    await settle();
    service.disconnect();
    service.connect("ben", "bens");
    await settle();
    resolve("adas");
    await settle();
    expect(world.peer.auth).toMatchObject({ token: "bens" });
    expect(world.peer.connects).toBe(1);
  });

  it("stops at a fixed token that has expired, until a newer one is given", async () => {
    service.connect("ada", "old");
    await settle();
    world.peer.refuse({ code: "auth_expired", message: "expired", retryable: true });
    await settle();
    expect(service.state).toBe("unauthorized");
    service.connect("ada", "new");
    expect(world.peer.auth).toMatchObject({ token: "new" });
    expect(world.peers).toHaveLength(1);
  });

  it("[CLI3] reconnects by itself, and at once when the network is back", async () => {
    service.connect("ada", "token");
    await settle();
    world.peer.accept();
    world.peer.cut();
    expect(service.state).toBe("reconnecting");
    world.advance(375);
    expect(world.peer.connects).toBe(2);
    world.peer.cut();
    world.wake();
    expect(world.peer.connects).toBe(3);
  });

  it("does not try while the device says that there is no network", async () => {
    world.online = false;
    service.connect("ada", "token");
    await settle();
    expect(world.peer.connects).toBe(0);
    world.online = true;
    world.wake();
    expect(world.peer.connects).toBe(1);
  });

  it("drops a connection that does not answer when the network changed", async () => {
    service.connect("ada", "token");
    await settle();
    world.peer.accept();
    world.wake();
    world.advance(2_000);
    expect(world.peer.dropped).toBe(1);
    expect(service.state).toBe("reconnecting");
  });

  it("[CLI2] sends what an earlier page left, before what this one asks", async () => {
    service.connect("ada", "token");
    await settle();
    const asked = service.request("message.send", { key: "k1", room_id: "r1", text: "one" });
    asked.catch(() => undefined);
    service.disconnect();
    await settle();

    service.connect("ada", "token");
    void service.request("message.send", { key: "k2", room_id: "r1", text: "two" }).catch(() => undefined);
    await settle();
    world.peer.reply("message.send", () => ({ duplicate: false }));
    world.peer.accept();
    await settle();
    expect(world.peer.payloads("message.send").map(({ key }) => key)).toEqual(["k1", "k2"]);
    expect(world.local.length).toBe(0);
  });

  describe("beside another tab that is closed with something unsent", () => {
    let other: Service;
    const send = (from: Service, key: string) =>
      void from.request("message.send", { key, room_id: "r1", text: key }).catch(() => undefined);
    const sent = () => world.peer.payloads("message.send").map(({ key }) => key);

    beforeEach(async () => {
      other = new Service(world);
      other.connect("ada", "token");
      await settle();
      world.session = new MemoryStorage();
      service.connect("ada", "token");
      await settle();
      world.peer.reply("message.send", () => ({ duplicate: false }));
    });

    it("[CLI2] sends it as soon as it is connected, before what it asks then", async () => {
      send(other, "k1");
      other.disconnect();
      await settle();
      world.peer.accept();
      await settle();
      send(service, "k2");
      await settle();
      expect(sent()).toEqual(["k1", "k2"]);
      expect(world.local.length).toBe(0);
    });

    it("[CLI2] sends it when it is looked at again", async () => {
      world.peer.accept();
      await settle();
      send(other, "k1");
      world.wake();
      await settle();
      expect(sent()).toEqual([]); // Whoever lives sends it himself.
      other.disconnect();
      await settle();
      world.wake();
      world.wake();
      await settle();
      expect(sent()).toEqual(["k1"]);
      expect(world.local.length).toBe(0);
    });

    it("leaves it to the next page when somebody else signs in meanwhile", async () => {
      world.peer.accept();
      send(other, "k1");
      other.disconnect();
      await settle();
      world.wake();
      service.disconnect();
      service.connect("ben", "token");
      await settle();
      world.peer.accept();
      await settle();
      expect(sent()).toEqual([]);
      expect(world.local.length).toBe(1);
    });
  });

  it("rejects with the server's error", async () => {
    service.connect("ada", "token");
    await settle();
    world.peer.accept();
    const asked = service.request("room.members", { room_id: "r1" });
    world.peer.answer("room.members", {
      ok: false,
      error: { code: "forbidden", message: "not a member", retryable: false },
    });
    await expect(asked).rejects.toMatchObject({ name: "CommandError", code: "forbidden" });
  });

  it("rejects at once when it is not connected to anybody", async () => {
    await expect(service.request("room.list", {})).rejects.toMatchObject({ code: "unavailable" });
  });

  it("drops signals without a connection", async () => {
    service.connect("ada", "token");
    await settle();
    service.signal("typing.set", { room_id: "r1", active: true });
    world.peer.accept();
    expect(world.peer.payloads("typing.set")).toEqual([]);
    service.signal("typing.set", { room_id: "r1", active: true });
    expect(world.peer.payloads("typing.set")).toHaveLength(1);
  });

  it("keeps one listener's mistake from the others", async () => {
    const heard = vi.fn();
    service.on("typing.changed", () => {
      throw new Error("mine");
    });
    service.on("typing.changed", heard);
    service.connect("ada", "token");
    await settle();
    world.peer.accept();
    world.peer.say("typing.changed", typing, { channel: "room:r1" });
    expect(heard).toHaveBeenCalledOnce();
    expect(world.reported).toHaveLength(1);
  });

  it("forgets callbacks one by one and by event", async () => {
    const heard = vi.fn();
    const stop = service.on("typing.changed", heard);
    service.on("typing.changed", vi.fn());
    expect(service.listeners).toBe(2);
    stop();
    stop();
    expect(service.listeners).toBe(1);
    service.unsubscribe("typing.changed");
    expect(service.listeners).toBe(0);
  });

  it("leaves no timer, no listener and no lock behind", async () => {
    service.connect("ada", "token");
    await settle();
    world.peer.accept();
    world.peer.cut();
    service.disconnect();
    await settle();
    expect(world.timers.size).toBe(0);
    expect(world.wakers.size).toBe(0);
    expect(world.memoryLocks.held.size).toBe(0);
    expect(world.peer.released).toBe(true);
    expect(service.statuses.getSnapshot()).toEqual({});
    expect(service.state).toBe("idle");
  });

  it("keeps the namespaces of one server apart", async () => {
    const statuses = new ConnectionStatusStore();
    class Other extends Service {
      constructor() {
        super(world, statuses);
        (this as { namespace: string }).namespace = "/notifications";
      }
    }
    const chat = new Service(world, statuses);
    const other = new Other();
    chat.connect("ada", "token");
    other.connect("ada", "token");
    await settle();
    const [chatPeer, otherPeer] = world.peers;
    chatPeer?.accept();
    otherPeer?.refuse({ code: "disabled", message: "switched off", retryable: false });
    expect(statuses.getSnapshot()).toMatchObject({
      "/chat": { state: "connected" },
      "/notifications": { state: "unavailable", error: { code: "disabled" } },
    });
  });

  it("gives an event's bytes back into their field before anybody sees it", async () => {
    service.connect("ada", "token");
    await settle();
    world.peer.accept();
    const heard: unknown[] = [];
    service.on("message.sent", (data) => heard.push(data));
    world.peer.events.received("message.sent", { id: "m1" }, { channel: "room:r1" }, Uint8Array.of(1, 2));
    expect(heard).toEqual([{ id: "m1", picture: Uint8Array.of(1, 2) }]);
  });

  it("takes no bytes under a key, which would be written down as JSON", async () => {
    service.connect("ada", "token");
    await settle();
    const payload = { key: "k1", room_id: "r1", text: "x", picture: Uint8Array.of(1) };
    await expect(service.request("message.send", payload)).rejects.toThrow(TypeError);
    expect(world.local.length).toBe(0);
  });
});
