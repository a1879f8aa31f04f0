/** The notifications service against a server's end in memory: lists, events, marks and their way back, snapshots. */

import { beforeEach, describe, expect, it } from "vitest";
import type { Counts, Notification } from "../../contract";
import { countsOf, furnishInbox, notification, preferences, read, userMeta } from "../../testing/inbox";
import { settle, World } from "../../testing/world";
import { listOf, shownCounts, shownItems, shownPreferences } from "./notifications/view";
import { NotificationsWebSocketService } from "./notificationsWebSocket";

let world: World;
let service: NotificationsWebSocketService;

beforeEach(() => {
  world = new World();
  service = new NotificationsWebSocketService({ environment: world });
});

const INBOX = {};
const UNREAD = { state: "unread" } as const;
const many = (count: number) => Array.from({ length: count }, (_, index) => notification(index + 1));
const ids = (filter = {}) => shownItems(service.inbox, listOf(service.inbox, filter)).map(({ id }) => id);
const unread = () => shownCounts(service.inbox)?.unread;
const say = (event: string, data: unknown, offset: number) => world.peer.say(event, data, userMeta(offset));
const ok = (counts: Counts) => ({
  ok: true as const,
  data: { duplicate: false, marked: 1, more: false, counts },
});
const refused = {
  ok: false as const,
  error: { code: "forbidden", message: "no", retryable: false } as const,
};

async function connected(items: Notification[] = many(3), page = 50): Promise<void> {
  service.connect("ada", "token");
  service.open(INBOX);
  await settle();
  furnishInbox(world.peer, items, page);
  world.peer.accept({ resumed: { "user:ada": { epoch: "a", offset: 0, recovered: false } } });
  await settle();
}

/** Back after a while, too late for a replay. */
async function reconnected(): Promise<void> {
  world.peer.cut();
  world.advance(1_000);
  const resumed = { "user:ada": { epoch: "b", offset: 7, recovered: false, reason: "epoch" as const } };
  world.peer.accept({ resumed });
  await settle();
}

describe("lists", () => {
  it("load once, page by page, in order", async () => {
    await connected(many(120));
    expect(ids()[0]).toBe("n0120");
    await Promise.all([service.loadMore(), service.loadMore()]);
    await service.loadMore();
    await service.loadMore();
    expect(ids()).toEqual(
      many(120)
        .map(({ id }) => id)
        .reverse(),
    );
    expect(world.peer.payloads("notification.list")).toHaveLength(3);
  });

  it("are shared by those who use the same filter, and closed by the last", async () => {
    await connected();
    const stops = [service.open({ priority: ["high", "low"] }), service.open({ priority: ["low", "high"] })];
    await settle();
    expect(world.peer.payloads("notification.list")).toHaveLength(2);
    stops[0]?.();
    world.advance(1);
    expect(Object.keys(service.inbox.lists)).toHaveLength(2);
    stops[1]?.();
    stops[1]?.();
    world.advance(1);
    expect(Object.keys(service.inbox.lists)).toHaveLength(1);
  });

  it("say why they are not there, and load again when asked", async () => {
    service.connect("ada", "token");
    service.open(INBOX);
    await settle();
    world.peer.accept();
    world.peer.answer("notification.list", {
      ok: false,
      error: { code: "internal", message: "x", retryable: true },
    });
    await settle();
    expect(listOf(service.inbox, INBOX)).toMatchObject({
      phase: "failed",
      error: expect.stringContaining("server"),
    });
    furnishInbox(world.peer, many(1));
    await service.reload();
    expect(ids()).toEqual(["n0001"]);
  });

  it("wait for the next connection when the first is lost before the answer", async () => {
    service.connect("ada", "token");
    service.open(INBOX);
    await settle();
    world.peer.accept();
    world.peer.cut();
    await settle();
    expect(listOf(service.inbox, INBOX)?.phase).toBe("loading");
    furnishInbox(world.peer, many(2));
    world.advance(1_000);
    world.peer.accept();
    await settle();
    expect(ids()).toEqual(["n0002", "n0001"]);
  });

  it("do not show what has expired", async () => {
    await connected([notification(1), notification(2, { expires_at: "2026-11-22T18:00:10.000Z" })]);
    expect(ids()).toEqual(["n0002", "n0001"]);
    world.advance(10_000);
    expect(ids()).toEqual(["n0001"]);
  });
});

describe("events", () => {
  it("put items where they belong without asking again", async () => {
    await connected();
    service.open(UNREAD);
    service.open({ category: ["grade"] });
    await settle();
    const asked = world.peer.emitted.length;
    say("notification.created", notification(4, { category: "grade" }), 1);
    say("notification.changed", read(notification(2)), 2);
    expect(ids()).toEqual(["n0004", "n0003", "n0002", "n0001"]);
    expect(ids(UNREAD)).toEqual(["n0004", "n0003", "n0001"]);
    expect(ids({ category: ["grade"] })).toEqual(["n0004"]);
    say("notification.changed", notification(1, { moved_at: "2026-11-22T13:00:00.000Z", group_count: 2 }), 3);
    expect(ids()[0]).toBe("n0001");
    expect(world.peer.emitted).toHaveLength(asked);
  });

  it("leave what is below the loaded pages to its page", async () => {
    await connected(many(10), 4);
    say("notification.changed", read(notification(2)), 1);
    expect(ids()).toEqual(["n0010", "n0009", "n0008", "n0007"]);
    say("notification.changed", read(notification(7)), 2);
    expect(ids()).toEqual(["n0010", "n0009", "n0008", "n0007"]);
  });

  it("give the server's counts, always", async () => {
    await connected();
    expect(unread()).toBe(3);
    say("counts.changed", { ...countsOf(many(3)), unread: 41 }, 1);
    expect(unread()).toBe(41);
  });

  it("[SUB3] are not overtaken by a page that is older", async () => {
    await connected();
    world.peer.silence("notification.list");
    service.open(UNREAD);
    say("notification.changed", read(notification(3)), 1);
    const items = many(3).reverse();
    const page = { items, counts: countsOf(items), position: { epoch: "a", offset: 0 } };
    world.peer.answer("notification.list", { ok: true, data: page });
    await settle();
    expect(ids(UNREAD)).toEqual(["n0002", "n0001"]);
  });

  it("mark many at once, by a sweep", async () => {
    await connected();
    service.open(UNREAD);
    await settle();
    const sweep = {
      filter: UNREAD,
      mark: "read",
      before: notification(2).moved_at,
      at: "2026-11-22T18:00:00.000Z",
    };
    say("notifications.marked", sweep, 1);
    expect(ids(UNREAD)).toEqual(["n0003"]);
    expect(ids()).toHaveLength(3);
  });

  it("of a strange shape are reported and left out", async () => {
    await connected();
    say("notification.created", { id: "n9" }, 1);
    expect(ids()).toHaveLength(3);
    expect(world.reported).toHaveLength(1);
  });
});

describe("marks", () => {
  it("show at once, and stay when they are granted", async () => {
    await connected();
    service.open(UNREAD);
    await settle();
    const done = service.mark("n0002", "read");
    expect(ids(UNREAD)).toEqual(["n0003", "n0001"]);
    expect(unread()).toBe(2);
    world.peer.answer("notification.mark", ok({ ...countsOf(many(3)), unread: 2 }));
    await done;
    expect(ids(UNREAD)).toEqual(["n0003", "n0001"]);
    expect(unread()).toBe(2);
  });

  it("are counted once, whatever comes first: the event, the counts or the answer", async () => {
    await connected();
    const done = service.mark("n0002", "read");
    say("notification.changed", read(notification(2)), 1);
    expect(unread()).toBe(2);
    say("counts.changed", { ...countsOf(many(3)), unread: 2 }, 2);
    expect(unread()).toBe(2);
    world.peer.answer("notification.mark", ok({ ...countsOf(many(3)), unread: 2 }));
    await done;
    expect(unread()).toBe(2);
  });

  it("roll back when they are refused", async () => {
    await connected();
    service.open(UNREAD);
    await settle();
    const done = service.mark(["n0001", "n0002"], "archived");
    expect(ids(UNREAD)).toEqual(["n0003"]);
    expect(ids()).toEqual(["n0003"]);
    world.peer.answer("notification.mark", refused);
    await expect(done).rejects.toMatchObject({ code: "forbidden" });
    expect(ids()).toEqual(["n0003", "n0002", "n0001"]);
    expect(ids(UNREAD)).toHaveLength(3);
    expect(unread()).toBe(3);
  });

  it("of a whole inbox count what is not loaded as well", async () => {
    await connected(many(120));
    void service.markAll("read");
    expect(shownCounts(service.inbox)).toMatchObject({ unread: 0, by_category: { announcement: 0 } });
    expect(world.peer.payloads("notification.mark")).toMatchObject([{ filter: {}, as: "read" }]);
  });

  it("of a part of it count what is known until the answer", async () => {
    await connected([notification(1), notification(2, { category: "grade" })]);
    void service.markAll("read", { category: ["grade"] });
    expect(shownCounts(service.inbox)).toMatchObject({
      unread: 1,
      by_category: { grade: 0, announcement: 1 },
    });
  });

  it("name at most 100 items in a command", async () => {
    await connected();
    void service.mark(
      many(150).map(({ id }) => id),
      "read",
    );
    world.peer.answer("notification.mark", ok(countsOf([])));
    const lengths = world.peer
      .payloads("notification.mark")
      .map(({ ids: named }) => (named as string[]).length);
    expect(lengths).toEqual([100, 50]);
  });

  it("[CLI2] wait for a connection, shown meanwhile, and survive the page", async () => {
    await connected();
    world.peer.cut();
    void service.mark("n0002", "archived").catch(() => undefined);
    expect(ids()).toEqual(["n0003", "n0001"]);
    service.disconnect();
    await settle();
    service = new NotificationsWebSocketService({ environment: world });
    await connected();
    expect(ids()).toEqual(["n0003", "n0001"]);
    expect(world.peer.payloads("notification.mark")).toMatchObject([{ ids: ["n0002"], as: "archived" }]);
    world.peer.answer("notification.mark", refused);
    await settle();
    expect(ids()).toEqual(["n0003", "n0002", "n0001"]);
  });

  it("snooze, and show the item as the server answers it", async () => {
    await connected();
    const done = service.snooze("n0003", new Date("2026-11-23T08:00:00Z"));
    expect(ids()).toEqual(["n0002", "n0001"]);
    const snoozed_until = "2026-11-23T08:00:00.000Z";
    const item = notification(3, { snoozed_until });
    world.peer.answer("notification.snooze", {
      ok: true,
      data: { duplicate: false, notification: item, counts: { ...countsOf(many(3)), unread: 2 } },
    });
    await done;
    expect(world.peer.payloads("notification.snooze")).toMatchObject([{ id: "n0003", until: snoozed_until }]);
    expect(ids()).toEqual(["n0002", "n0001"]);
    expect(unread()).toBe(2);
  });

  it("are undone by the commands that lead back", async () => {
    await connected();
    world.peer.reply("notification.mark", () => ok(countsOf([])).data);
    world.peer.reply("notification.snooze", ({ id }) => ({
      notification: { ...notification(1), id },
      counts: countsOf([]),
    }));
    await service.putBack([
      notification(1),
      read(notification(2)),
      notification(3, { archived_at: "2026-11-22T10:00:00.000Z" }),
      notification(4, { snoozed_until: "2026-11-23T08:00:00.000Z" }),
    ]);
    const marks = world.peer.payloads("notification.mark").map(({ as, ids: named }) => [as, named]);
    expect(marks).toEqual([
      ["archived", ["n0003"]],
      ["unread", ["n0001", "n0002"]],
      ["read", ["n0002"]],
    ]);
    expect(world.peer.payloads("notification.snooze")).toMatchObject([{ id: "n0004" }]);
  });
});

describe("catching up", () => {
  it("[SUB3] loads the lists anew when the server cannot replay, and goes on from its position", async () => {
    await connected();
    furnishInbox(world.peer, many(5));
    await reconnected();
    expect(ids()).toHaveLength(5);
    expect(world.peer.payloads("subscribe").at(-1)).toEqual({
      channel: "user:ada",
      since: { epoch: "b", offset: 7 },
    });
  });

  it("tries a snapshot again that could not be loaded", async () => {
    await connected();
    world.peer.silence("notification.list");
    await reconnected();
    world.peer.answer("notification.list", {
      ok: false,
      error: { code: "internal", message: "x", retryable: true },
    });
    await settle();
    expect(ids()).toHaveLength(3);
    expect(world.peer.payloads("subscribe")).toEqual([]);
    furnishInbox(world.peer, many(5));
    world.advance(3_000);
    await settle();
    expect(ids()).toHaveLength(5);
    expect(world.peer.payloads("subscribe")).toHaveLength(1);
  });

  it("asks a page again when more was said meanwhile than is kept", async () => {
    await connected();
    world.peer.silence("notification.list");
    service.open(UNREAD);
    for (let offset = 1; offset <= 1_001; offset += 1)
      say("notification.changed", read(notification(1)), offset);
    const old = { items: many(3).reverse(), counts: countsOf(many(3)), position: { epoch: "a", offset: 0 } };
    world.peer.answer("notification.list", { ok: true, data: old });
    furnishInbox(world.peer, [read(notification(1)), notification(2)]);
    await settle();
    expect(ids(UNREAD)).toEqual(["n0002"]);
    expect(world.peer.payloads("notification.list")).toHaveLength(3);
  });
});

describe("toasts", () => {
  const toasts = () => service.toastStore.getSnapshot();

  it("are one for a burst, and end when all of it is read, here or elsewhere", async () => {
    await connected();
    for (const number of [4, 5, 6])
      say("notification.created", notification(number, { toast: true }), number - 3);
    expect(toasts()).toMatchObject([{ items: [{ id: "n0006" }, { id: "n0005" }, { id: "n0004" }] }]);
    say("notification.changed", read(notification(5)), 4);
    void service.mark("n0006", "read");
    expect(toasts()).toMatchObject([{ items: [{ id: "n0004" }] }]);
    const sweep = {
      filter: {},
      mark: "read",
      before: notification(9).moved_at,
      at: "2026-11-22T18:00:00.000Z",
    };
    say("notifications.marked", sweep, 5);
    expect(toasts()).toEqual([]);
  });

  it("do not come from lists", async () => {
    await connected([notification(1, { toast: true })]);
    expect(toasts()).toEqual([]);
  });
});

describe("preferences", () => {
  const level = () => shownPreferences(service.inbox)?.courses["cs101"];

  it("load, follow other tabs, and roll back what is refused", async () => {
    await connected();
    await service.loadPreferences();
    const done = service.updatePreferences({
      courses: { cs101: "muted" },
      categories: { grade: { email: "off" } },
    });
    expect(level()).toBe("muted");
    expect(shownPreferences(service.inbox)?.categories["grade"]).toMatchObject({
      email: "off",
      toast: "immediate",
    });
    world.peer.answer("preferences.update", refused);
    await expect(done).rejects.toMatchObject({ code: "forbidden" });
    expect(level()).toBeUndefined();
    say("preferences.changed", preferences({ courses: { cs101: "mentions" } }), 1);
    expect(level()).toBe("mentions");
    void service.updatePreferences({ courses: { cs101: "all" } });
    expect(shownPreferences(service.inbox)?.courses).toEqual({});
  });

  it("are asked for again when the connection was lost before the answer", async () => {
    await connected();
    world.peer.silence("preferences.read");
    const loaded = service.loadPreferences();
    world.peer.cut();
    await settle();
    world.peer.reply("preferences.read", () => ({
      preferences: preferences({ courses: { cs101: "muted" } }),
    }));
    world.advance(1_000);
    world.peer.accept();
    await loaded;
    expect(level()).toBe("muted");
  });

  it("take the server's answer", async () => {
    await connected();
    await service.loadPreferences();
    const quiet_hours = { start: "22:00", end: "07:00", time_zone: "Europe/Berlin" };
    const done = service.updatePreferences({ quiet_hours, courses: { cs101: "all" } });
    expect(shownPreferences(service.inbox)?.quiet_hours?.days).toHaveLength(7);
    world.peer.answer("preferences.update", {
      ok: true,
      data: { preferences: preferences({ least_priority: "high" }) },
    });
    await done;
    expect(shownPreferences(service.inbox)).toMatchObject({ least_priority: "high" });
    void service.updatePreferences({ quiet_hours: "off" });
    expect(shownPreferences(service.inbox)).not.toHaveProperty("quiet_hours");
  });
});

it("tells callbacks, and forgets them", async () => {
  await connected();
  const told: string[] = [];
  const stop = service.subscribeToNotifications(({ id }) => told.push(id));
  service.subscribeToCounts(({ unread: count }) => told.push(String(count)));
  service.subscribeToPreferences(({ least_priority }) => told.push(least_priority));
  say("notification.created", notification(4), 1);
  say("counts.changed", countsOf(many(4)), 2);
  say("preferences.changed", preferences(), 3);
  stop();
  service.unsubscribe("counts.changed");
  service.unsubscribe("preferences.changed");
  say("notification.created", notification(5), 4);
  expect(told).toEqual(["n0004", "4", "low"]);
  expect(service.listeners).toBe(0);
});
