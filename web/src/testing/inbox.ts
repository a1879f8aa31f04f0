/** Notifications for tests, and a `/notifications` peer that knows them. */

import type { Category, Counts, Notification, NotificationFilter, Preferences, Priority } from "../contract";
import { isAbove, isInInbox, matches } from "../services/websocket/notifications/filters";
import { categories, priorities } from "../services/websocket/notifications/kinds";
import type { Peer } from "./world";

const START = Date.parse("2026-11-22T12:00:00.000Z");

/** The `number`th notification; a higher number moved later. */
export function notification(number: number, patch: Partial<Notification> = {}): Notification {
  const at = new Date(START + number * 60_000).toISOString();
  return {
    id: `n${String(number).padStart(4, "0")}`,
    content_id: `c${number}`,
    category: "announcement",
    priority: "normal",
    title: `Notice ${number}`,
    body: `Body ${number}`,
    html: `<p>Body ${number}</p>`,
    group_count: 1,
    mandatory: false,
    toast: false,
    created_at: at,
    moved_at: at,
    ...patch,
  };
}

/** Read, as the server says it. */
export const read = (item: Notification, at = "2026-11-22T18:00:00.000Z"): Notification => ({
  ...item,
  toast: false,
  seen_at: at,
  read_at: at,
});

/** What the server would count. */
export function countsOf(items: readonly Notification[]): Counts {
  const waiting = items.filter(isInInbox);
  const unread = waiting.filter(({ read_at }) => read_at === undefined);
  const by = <Name extends string>(names: readonly Name[], of: (item: Notification) => Name) =>
    Object.fromEntries(names.map((name) => [name, unread.filter((item) => of(item) === name).length]));
  return {
    user_id: "ada",
    unread: unread.length,
    unseen: waiting.filter(({ seen_at }) => seen_at === undefined).length,
    by_category: by<Category>(categories, ({ category }) => category),
    by_priority: by<Priority>(priorities, ({ priority }) => priority),
  };
}

export function preferences(patch: Partial<Preferences> = {}): Preferences {
  const usual = { in_app: "immediate", toast: "immediate", email: "daily", push: "off" } as const;
  return {
    user_id: "ada",
    categories: Object.fromEntries(categories.map((category) => [category, usual])),
    courses: {},
    least_priority: "low",
    mandatory: ["system"],
    channels: ["email", "push"],
    ...patch,
  };
}

export const userMeta = (offset: number) => ({
  channel: "user:ada",
  id: `e${offset}`,
  at: "2026-11-22T18:00:00.000Z",
  epoch: "a",
  offset,
});

/** Answer what an inbox asks when it opens; pages of `page` items. */
export function furnishInbox(peer: Peer, items: Notification[], page = 50): void {
  peer.reply("notification.list", ({ filter = {}, cursor }) => {
    const all = items
      .filter((item) => matches(item, filter as NotificationFilter, START))
      .sort((a, b) => (isAbove(a, b) ? -1 : 1));
    const from = Number(cursor ?? 0);
    const next = from + page;
    return {
      items: all.slice(from, next),
      counts: countsOf(items),
      position: { epoch: "a", offset: 0 },
      ...(next < all.length && { next_cursor: String(next) }),
    };
  });
  peer.reply("preferences.read", () => ({ preferences: preferences() }));
  peer.reply("subscribe", ({ channel }) => ({ channel, epoch: "a", offset: 0, recovered: false }));
  peer.reply("ping", ({ sent_at }) => ({ sent_at, server_time: "2026-11-22T18:00:00.000Z" }));
}
