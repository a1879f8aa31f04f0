/** What marking and snoozing do to an item, and to the counts: for what we have asked and the server not yet answered. */

import type { Counts, Mark, Notification, Sweep } from "../../../contract";
import { isExpired, isInInbox, matches } from "./filters";

export type Change = { as: Mark } | { until: string };

/** The item as it will be, by the server's rules; `at` in ISO 8601. The same object when nothing changes. */
export function applied(item: Notification, change: Change, at: string): Notification {
  if ("until" in change) {
    const { archived_at: _archived, ...rest } = item;
    return { ...rest, snoozed_until: change.until };
  }
  switch (change.as) {
    case "seen":
      return item.seen_at === undefined ? { ...item, seen_at: at } : item;
    case "read":
      return item.read_at === undefined ? { ...item, seen_at: item.seen_at ?? at, read_at: at } : item;
    case "unread": {
      const { read_at: _read, archived_at: _archived, snoozed_until: _until, ...rest } = item;
      return rest;
    }
    case "archived": {
      if (item.archived_at !== undefined) return item;
      const { snoozed_until: _until, ...rest } = item;
      return { ...rest, archived_at: at };
    }
  }
}

/** An item after many were marked alike; the same object when it was not meant. */
export function swept(item: Notification, { filter, mark, before, at }: Sweep): Notification {
  const meant = item.moved_at <= before && matches(item, filter, Date.parse(at));
  return meant ? applied(item, { as: mark }, at) : item;
}

/** The counts as they will be when items go from what they were to what they are. */
export function recounted(
  counts: Counts,
  pairs: readonly (readonly [before: Notification, after: Notification])[],
  now: number,
): Counts {
  if (pairs.length === 0) return counts;
  let { unread, unseen } = counts;
  const byCategory = { ...counts.by_category };
  const byPriority = { ...counts.by_priority };
  for (const [before, after] of pairs) {
    const read = waits(after, "read_at", now) - waits(before, "read_at", now);
    unread += read;
    unseen += waits(after, "seen_at", now) - waits(before, "seen_at", now);
    byCategory[before.category] = Math.max(0, (byCategory[before.category] ?? 0) + read);
    byPriority[before.priority] = Math.max(0, (byPriority[before.priority] ?? 0) + read);
  }
  return {
    ...counts,
    unread: Math.max(0, unread),
    unseen: Math.max(0, unseen),
    by_category: byCategory,
    by_priority: byPriority,
  };
}

const waits = (item: Notification, since: "read_at" | "seen_at", now: number): 0 | 1 =>
  isInInbox(item) && !isExpired(item, now) && item[since] === undefined ? 1 : 0;
