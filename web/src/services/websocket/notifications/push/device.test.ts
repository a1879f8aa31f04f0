/** Push messages on this device, against a browser and a server's end in memory. */

import { beforeEach, describe, expect, it } from "vitest";
import { furnishInbox, notification, preferences, read, userMeta } from "../../../../testing/inbox";
import { MemoryPush, PUBLIC_KEY } from "../../../../testing/push";
import { settle, World } from "../../../../testing/world";
import { NotificationsWebSocketService } from "../../notificationsWebSocket";

let world: World;
let browser: MemoryPush;
beforeEach(() => {
  world = new World();
  browser = new MemoryPush();
});

const DAY_MS = 24 * 3_600_000;
const refusal = {
  ok: false,
  error: { code: "disabled", message: "no push here", retryable: false },
} as const;

const record = () => JSON.parse(world.local.getItem("coursewire.push") ?? "null");
const remember = (patch: object): void =>
  world.local.setItem(
    "coursewire.push",
    JSON.stringify({ userId: "ada", endpoint: "https://push.example.org/1", toldAt: world.now(), ...patch }),
  );

/** A page of somebody that is connected; its preferences are loaded unless `quiet`. */
async function page({ userId = "ada", key = PUBLIC_KEY as string | null, quiet = false } = {}) {
  const service = new NotificationsWebSocketService({
    environment: world,
    push: { worker: "/w.js", browser },
  });
  service.connect(userId, "token");
  await settle();
  const { peer } = world;
  furnishInbox(peer, [notification(1)]);
  peer.reply("push.subscribe", () => ({}));
  peer.reply("push.unsubscribe", () => ({}));
  const channels = key === null ? (["email"] as const) : (["email", "push"] as const);
  peer.reply("preferences.read", () => ({
    preferences: preferences({ channels: [...channels], ...(key !== null && { push_public_key: key }) }),
  }));
  peer.accept();
  await settle();
  if (!quiet) await service.loadPreferences();
  await settle();
  const { push } = service;
  return { service, push, peer, status: () => push.store.getSnapshot() };
}

describe("how it stands", () => {
  it("is not known before the preferences are, and is off until it is switched on", async () => {
    const { service, status } = await page({ quiet: true });
    expect(status().state).toBe("checking");
    await service.loadPreferences();
    await settle();
    expect(status()).toEqual({ state: "off", isBusy: false, error: null });
    expect(browser.isRegistered).toBe(false);
  });

  it("is not offered where the server sends none, or the page has no worker", async () => {
    expect((await page({ key: null })).status().state).toBe("unavailable");
    const bare = new NotificationsWebSocketService({ environment: world });
    expect(bare.push.store.getSnapshot().state).toBe("unavailable");
    expect(await bare.push.enable()).toBe("unavailable");
  });

  it("tells a browser that cannot from one where it is blocked", async () => {
    browser.isSupported = false;
    const { push, status } = await page();
    expect(status().state).toBe("unsupported");
    expect(await push.enable()).toBe("unsupported");
    browser.isSupported = true;
    browser.current = "denied";
    browser.news?.changed();
    await settle();
    expect(status().state).toBe("blocked");
    browser.current = "default";
    browser.news?.changed();
    await settle();
    expect(status().state).toBe("off");
    expect(browser.asked).toBe(0);
  });

  it("listens to the browser as long as it is connected", async () => {
    const { service } = await page();
    expect(browser.news).not.toBeNull();
    service.disconnect();
    expect(browser.news).toBeNull();
  });
});

describe("switching on and off", () => {
  it("asks within the click, subscribes with the server's key, and tells the server", async () => {
    const { push, peer, status } = await page();
    const enabled = push.enable();
    expect(browser.asked).toBe(1);
    expect(status().isBusy).toBe(true);
    expect(await enabled).toBe("on");
    expect(status()).toEqual({ state: "on", isBusy: false, error: null });
    expect(peer.payloads("push.subscribe")).toEqual([
      {
        key: expect.any(String),
        endpoint: "https://push.example.org/1",
        keys: { p256dh: "p", auth: "a" },
      },
    ]);
    expect(record()).toEqual({
      userId: "ada",
      endpoint: "https://push.example.org/1",
      toldAt: world.now(),
    });
    expect(await push.disable()).toBe("off");
    await settle();
    expect(peer.payloads("push.unsubscribe")).toMatchObject([{ endpoint: "https://push.example.org/1" }]);
    expect([browser.subscription, record()]).toEqual([null, null]);
  });

  it("stays off when the person says no, or nothing", async () => {
    const { push, peer, status } = await page();
    browser.answer = "default";
    expect(await push.enable()).toBe("off");
    browser.answer = "denied";
    expect(await push.enable()).toBe("blocked");
    expect(status().error).toBeNull();
    expect(peer.payloads("push.subscribe")).toEqual([]);
  });

  it("says what failed, and leaves nothing behind", async () => {
    const { push, peer, status } = await page();
    browser.broken = "register";
    expect(await push.enable()).toBe("off");
    expect(status().error).toMatch(/could not be loaded/u);
    browser.broken = "subscribe";
    expect(await push.enable()).toBe("off");
    expect(status().error).toMatch(/push service did not answer/u);
    browser.broken = null;
    peer.silence("push.subscribe");
    const refused = push.enable();
    await settle();
    peer.answer("push.subscribe", refusal);
    expect(await refused).toBe("off");
    expect(status().error).toBe("This is switched off at the moment.");
    expect([browser.subscription, record()]).toEqual([null, null]);
    peer.reply("push.subscribe", () => ({}));
    expect(await push.enable()).toBe("on");
    expect(status().error).toBeNull();
  });

  it("does not wait for a network that is away", async () => {
    const { push, peer, status } = await page();
    peer.cut();
    expect(await push.enable()).toBe("off");
    expect(status().error).toBe("The server cannot be reached right now.");
    expect(browser.subscription).toBeNull();
  });

  it("is off for the server even where the browser cannot end its subscription", async () => {
    const { push, peer, status } = await page();
    await push.enable();
    browser.broken = "unsubscribe";
    expect(await push.disable()).toBe("off");
    expect(status().error).toBeNull();
    await push.enable();
    peer.silence("push.unsubscribe");
    const disabled = push.disable();
    await settle();
    peer.answer("push.unsubscribe", refusal);
    await disabled;
    expect(status().error).toMatch(/could not end/u);
  });

  it("subscribes anew where the subscription is for another key", async () => {
    browser.current = "granted";
    browser.isRegistered = true;
    browser.subscribe("BAQDAgE");
    const { push, peer } = await page();
    expect(await push.enable()).toBe("on");
    expect(peer.payloads("push.subscribe")).toMatchObject([{ endpoint: "https://push.example.org/2" }]);
  });

  it("does one thing after the other, as asked", async () => {
    const { push, status } = await page();
    const both = [push.enable(), push.disable(), push.enable()];
    expect(status().isBusy).toBe(true);
    expect((await Promise.all(both)).at(-1)).toBe("on");
    expect(status()).toMatchObject({ state: "on", isBusy: false });
  });

  it("keeps in the outbox what the server has not heard, and says it with the next page", async () => {
    const { service, push, peer } = await page();
    await push.enable();
    peer.silence("push.unsubscribe");
    await push.disable();
    service.disconnect();
    const next = await page();
    await settle();
    expect(next.peer.payloads("push.unsubscribe")).toMatchObject([
      { endpoint: "https://push.example.org/1" },
    ]);
    expect(next.service.inbox.counts).not.toBeUndefined();
  });
});

describe("keeping it", () => {
  beforeEach(() => {
    browser.current = "granted";
    browser.isRegistered = true;
  });

  it("says nothing where all is well, and tells the server again after a day", async () => {
    browser.subscribe();
    remember({});
    const { service, peer, status } = await page();
    expect(status().state).toBe("on");
    expect(peer.payloads("push.subscribe")).toEqual([]);
    service.disconnect();
    world.advance(DAY_MS + 1);
    const next = await page();
    expect(next.peer.payloads("push.subscribe")).toHaveLength(1);
    expect(record().toldAt).toBe(world.now());
  });

  it("tells of the subscription that the browser or the worker has made in its place", async () => {
    browser.subscribe();
    remember({});
    const { peer, status } = await page();
    browser.subscribe();
    browser.news?.renewed();
    await settle();
    expect(peer.payloads("push.subscribe")).toMatchObject([{ endpoint: "https://push.example.org/2" }]);
    expect([status().state, record().endpoint]).toEqual(["on", "https://push.example.org/2"]);
  });

  it("makes a new one when the old is gone, or the server has another key", async () => {
    remember({ endpoint: "https://push.example.org/0" });
    const { service, peer } = await page();
    expect(peer.payloads("push.subscribe")).toMatchObject([{ endpoint: "https://push.example.org/1" }]);
    service.disconnect();
    const next = await page({ key: "BAQDAgE" });
    expect(next.peer.payloads("push.subscribe")).toMatchObject([{ endpoint: "https://push.example.org/2" }]);
    expect(browser.made).toBe(2);
    expect(next.status().state).toBe("on");
  });

  it("is still on when the server will not hear of it just now", async () => {
    browser.subscribe();
    remember({ toldAt: world.now() - 2 * DAY_MS });
    const toldAt = record().toldAt;
    const { peer, status } = await page({ quiet: true });
    expect(peer.payloads("preferences.read")).toHaveLength(1);
    expect(status().state).toBe("on");
    peer.silence("push.subscribe");
    remember({ toldAt });
    browser.news?.renewed();
    await settle();
    peer.answer("push.subscribe", refusal);
    await settle();
    expect(status()).toMatchObject({ state: "on", error: null });
    expect(browser.subscription).not.toBeNull();
  });

  it("ends what somebody has forbidden meanwhile", async () => {
    browser.subscribe();
    remember({});
    browser.current = "denied";
    const { peer, status } = await page();
    expect(status().state).toBe("blocked");
    expect(peer.payloads("push.unsubscribe")).toHaveLength(1);
    expect(record()).toBeNull();
  });

  it("leaves alone a subscription that is not ours, and a record that makes no sense", async () => {
    browser.subscribe();
    world.local.setItem("coursewire.push", '{"userId":7');
    expect((await page()).status().state).toBe("off");
    expect(browser.subscription).not.toBeNull();
  });
});

describe("somebody else at the same browser", () => {
  it("ends the subscription when one signs out, and closes what is in sight", async () => {
    const { push, peer } = await page();
    await push.enable();
    browser.shown = [{ coursewire: true, url: "https://x.example/", id: "n1" }, { of: "another library" }];
    await push.release();
    expect(peer.payloads("push.unsubscribe")).toHaveLength(1);
    expect([browser.subscription, record()]).toEqual([null, null]);
    expect(browser.shown).toEqual([{ of: "another library" }]);
  });

  it("lets nobody wait to sign out", async () => {
    const { push, peer } = await page();
    await push.release();
    await push.enable();
    peer.silence("push.unsubscribe");
    let left = false;
    void push.release().then(() => {
      left = true;
    });
    await settle();
    expect([left, browser.subscription]).toEqual([false, null]);
    world.advance(2_000);
    await settle();
    expect(left).toBe(true);
  });

  it("ends what the one before has left on", async () => {
    const { service, push } = await page();
    await push.enable();
    service.disconnect();
    const ben = await page({ userId: "ben" });
    expect(browser.subscription).toBeNull();
    expect(record()).toBeNull();
    expect(ben.status().state).toBe("off");
    expect(ben.peer.payloads("push.unsubscribe")).toEqual([]);
    await ben.push.release();
    expect(await ben.push.enable()).toBe("on");
    expect(record().userId).toBe("ben");
  });
});

describe("what the device shows", () => {
  it("goes when it was read or archived anywhere", async () => {
    const { service, push, peer } = await page();
    service.open();
    await push.enable();
    const url = "https://x.example/";
    const shown = [
      { coursewire: true, url, id: "n0001" },
      { coursewire: true, url, id: "n0002" },
      { coursewire: true, url },
    ];
    browser.shown = shown;
    peer.say("notification.changed", notification(2), userMeta(1));
    await settle();
    expect(browser.shown).toHaveLength(3);
    peer.say("notification.changed", read(notification(2)), userMeta(2));
    await settle();
    expect(browser.shown).toEqual([shown[0], shown[2]]);
    const at = "2027-01-01T00:00:00.000Z";
    peer.say("notifications.marked", { filter: {}, mark: "read", before: at, at }, userMeta(3));
    await settle();
    expect(browser.shown).toEqual([shown[2]]);
  });

  it("is followed by a page that takes clicks", async () => {
    const { push } = await page();
    const clicked = { type: "coursewire.push.clicked", url: "https://x.example/" } as const;
    expect(browser.news?.asked()).toBe(false);
    const followed: unknown[] = [];
    const stop = push.takeClicks((one) => followed.push(one));
    expect(browser.news?.asked()).toBe(true);
    browser.news?.clicked(clicked);
    stop();
    browser.news?.clicked(clicked);
    expect(followed).toEqual([clicked]);
    expect(browser.news?.asked()).toBe(false);
  });
});
