/** Who is told of events and changes: each by itself, whatever another one does. */

import { beforeEach, describe, expect, it, vi } from "vitest";
import { furnish, room } from "../../testing/campus";
import { settle, World } from "../../testing/world";
import { ChatWebSocketService } from "./chatWebSocket";
import { ConnectionStatusStore } from "./connectionStatus";
import { StateStore } from "./stateStore";

let world: World;
let chat: ChatWebSocketService;
beforeEach(() => {
  world = new World();
  chat = new ChatWebSocketService({ environment: world });
});

async function connected(): Promise<void> {
  chat.connect("ada", "token");
  await settle();
  furnish(world.peer, [room()]);
  world.peer.accept();
  await settle();
}

describe("the same function, given twice", () => {
  it("hears events until both have stopped", async () => {
    await connected();
    const heard = vi.fn();
    const [stop, stopToo] = [chat.subscribeToTyping(heard), chat.subscribeToTyping(heard)];
    const typing = { room_id: "r1", users: [] };
    world.peer.say("typing.changed", typing, { channel: "room:r1" });
    expect(heard).toHaveBeenCalledTimes(2);
    stop();
    world.peer.say("typing.changed", typing, { channel: "room:r1" });
    expect(heard).toHaveBeenCalledTimes(3);
    stopToo();
    world.peer.say("typing.changed", typing, { channel: "room:r1" });
    expect(heard).toHaveBeenCalledTimes(3);
    expect(chat.listeners).toBe(0);
  });

  it("hears changes until both have stopped", () => {
    for (const store of [new StateStore(0, world), new ConnectionStatusStore(world.report)]) {
      const [stop, stopToo] = [store.subscribe(heard), store.subscribe(heard)];
      stop();
      stop();
      expect(store.listeners).toBe(1);
      stopToo();
      expect(store.listeners).toBe(0);
    }
    function heard(): void {}
  });
});

describe("one who fails when told of a change", () => {
  const mistake = new Error("mine");
  const fail = () => {
    throw mistake;
  };

  it("keeps neither the service from its work nor others from the change", async () => {
    const heard = vi.fn();
    chat.store.subscribe(fail);
    chat.store.subscribe(heard);
    await connected();
    expect(chat.chat.phase).toBe("ready");
    expect(heard).toHaveBeenCalled();
    expect(world.reported).toContain(mistake);
  });

  it("keeps nobody from hearing how the connection is", async () => {
    const statuses = new ConnectionStatusStore(world.report);
    const heard = vi.fn();
    statuses.subscribe(fail);
    statuses.subscribe(heard);
    chat = new ChatWebSocketService({ environment: world, status: statuses });
    await connected();
    expect(heard).toHaveBeenCalled();
    expect(world.reported).toContain(mistake);
  });
});

it("leaves nobody waiting who asked before the first connection, and left", async () => {
  chat.connect("ada", "token");
  const asked = chat.loadMembers("r1");
  const sent = chat.request("message.send", { key: "k1", room_id: "r1", text: "hello" });
  chat.disconnect();
  await expect(asked).rejects.toMatchObject({ code: "unavailable" });
  await expect(sent).rejects.toMatchObject({ code: "unavailable" });
});
