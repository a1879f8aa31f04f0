/** The outbox over reloads, closed tabs, tabs that live, and a full storage. */

import { beforeEach, describe, expect, it } from "vitest";
import { MemoryStorage, World } from "../../testing/world";
import { PersistentOutbox } from "./outbox";
import type { Queued } from "./protocol";

const command = (key: string): Queued => ({
  ref: `ref-${key}`,
  command: "message.send",
  payload: { key, text: key },
});
const keys = (queued: readonly Queued[]) => queued.map(({ payload }) => payload["key"]);

let world: World;
beforeEach(() => {
  world = new World();
});

/** Another tab of the same browser: its own session storage, the rest shared. */
const tab = (session = new MemoryStorage(), user = "ada") =>
  new PersistentOutbox({ local: world.local, session, locks: world.locks, now: world.now }, user, "/chat");

describe("PersistentOutbox", () => {
  it("[CLI2] gives a reloaded page what was waiting, with its keys and in its order", async () => {
    const session = new MemoryStorage();
    const before = tab(session);
    expect(await before.open()).toEqual([]);
    before.save([command("a"), command("b"), command("c")]);
    before.save([command("b"), command("c"), command("d")]);
    before.close();
    await Promise.resolve();

    const after = tab(session);
    const left = await after.open();
    expect(keys(left)).toEqual(["b", "c", "d"]);
    expect(left[0]).toMatchObject({ command: "message.send", payload: { key: "b", text: "b" } });
  });

  it("opens in a tab whose own storage is full, and loses nothing when that is reloaded", async () => {
    const session = new MemoryStorage();
    session.quota = 0;
    const before = tab(session);
    expect(await before.open()).toEqual([]);
    before.save([command("a")]);
    before.close();
    await Promise.resolve();
    expect(keys(await tab(session).open())).toEqual(["a"]);
  });

  it("leaves nothing behind once everything is answered", async () => {
    const outbox = tab();
    await outbox.open();
    outbox.save([command("a"), command("b")]);
    expect(world.local.length).toBe(2);
    outbox.save([]);
    expect(world.local.length).toBe(0);
  });

  it("does not touch what a tab that lives will send itself", async () => {
    const one = tab();
    await one.open();
    one.save([command("a")]);
    const two = tab();
    expect(await two.open()).toEqual([]);
    expect(world.local.length).toBe(1);
  });

  it("adopts what a closed tab left, in order, and only once", async () => {
    const one = tab();
    await one.open();
    one.save([command("a"), command("b")]);
    one.close();
    await Promise.resolve();

    const two = tab();
    expect(keys(await two.open())).toEqual(["a", "b"]);
    const three = tab();
    expect(await three.open()).toEqual([]);
    two.save([]);
    expect(world.local.length).toBe(0);
  });

  it("adopts while it lives what a tab left that closes meanwhile, once, between what both wrote", async () => {
    const one = tab();
    const two = tab();
    await one.open();
    await two.open();
    one.save([command("a")]);
    world.advance(1);
    two.save([command("b")]);
    world.advance(1);
    one.save([command("a"), command("c")]);
    await two.adopt();
    expect(two.take()).toEqual([]); // The other lives.

    one.close();
    await Promise.resolve();
    await two.adopt();
    expect(keys(two.take())).toEqual(["a", "c"]);
    expect(two.take()).toEqual([]);
    two.save(["a", "c", "b", "d"].map(command));
    two.close();
    await Promise.resolve();
    expect(keys(await tab().open())).toEqual(["a", "b", "c", "d"]);
  });

  it("writes after what it adopted, also when the other's clock was ahead", async () => {
    const one = tab();
    const two = tab();
    await one.open();
    await two.open();
    world.advance(1_000);
    one.save([command("a"), command("b")]);
    one.close();
    await Promise.resolve();
    world.advance(-1_000);
    await two.adopt();
    two.save([...two.take(), command("c")]);
    two.close();
    await Promise.resolve();
    expect(keys(await tab().open())).toEqual(["a", "b", "c"]);
  });

  it("writes over nothing of its own when what it adopted is older", async () => {
    const one = tab();
    const two = tab();
    await one.open();
    await two.open();
    one.save([command("a")]);
    world.advance(1);
    two.save([command("b")]);
    one.close();
    await Promise.resolve();
    await two.adopt();
    two.save([...two.take(), command("b"), command("c")]);
    two.close();
    await Promise.resolve();
    expect(keys(await tab().open())).toEqual(["a", "b", "c"]);
  });

  it("adopts nothing while it lives where nobody can tell which tabs have gone", async () => {
    const places = { local: world.local, session: new MemoryStorage(), locks: null, now: world.now };
    const one = new PersistentOutbox(places, "ada", "/chat");
    const two = new PersistentOutbox({ ...places, session: new MemoryStorage() }, "ada", "/chat");
    await one.open();
    await two.open();
    one.save([command("a")]);
    await two.adopt();
    expect(two.take()).toEqual([]);
    expect(world.local.length).toBe(1);
  });

  it("gives a duplicated tab a list of its own", async () => {
    const session = new MemoryStorage();
    const one = tab(session);
    await one.open();
    one.save([command("a")]);
    const copied = new MemoryStorage();
    copied.setItem("coursewire.tab", session.getItem("coursewire.tab") ?? "");
    const two = tab(copied);
    expect(await two.open()).toEqual([]);
    expect(copied.getItem("coursewire.tab")).not.toBe(session.getItem("coursewire.tab"));
  });

  it("keeps people apart", async () => {
    const one = tab();
    await one.open();
    one.save([command("a")]);
    one.close();
    await Promise.resolve();
    expect(await tab(new MemoryStorage(), "ben").open()).toEqual([]);
    expect(keys(await tab().open())).toEqual(["a"]);
  });

  it("waits in memory when the storage is full, and says so", async () => {
    const outbox = tab();
    await outbox.open();
    world.local.quota = 0;
    outbox.save([command("a")]);
    expect(outbox.durable).toBe(false);
    expect(world.local.length).toBe(0);
    world.local.quota = Number.POSITIVE_INFINITY;
    outbox.save([command("a"), command("b")]);
    expect(world.local.length).toBe(2);
  });

  it("works without any storage", async () => {
    const outbox = new PersistentOutbox(
      { local: null, session: null, locks: null, now: world.now },
      "ada",
      "/chat",
    );
    expect(await outbox.open()).toEqual([]);
    outbox.save([command("a")]);
    expect(outbox.durable).toBe(false);
  });

  it("throws away what it cannot read", async () => {
    const session = new MemoryStorage();
    const one = tab(session);
    await one.open();
    one.save([command("a")]);
    const item = world.local.key(0) ?? "";
    world.local.setItem(`${item}x`, "not json");
    one.close();
    await Promise.resolve();
    expect(keys(await tab(session).open())).toEqual(["a"]);
    expect(world.local.length).toBe(1);
  });
});
