/** Which notifications a list holds, and in which order; the same rules as the server's. */

import type { Notification, NotificationFilter } from "../../../contract";

/** One name for filters that mean the same. */
export function filterKey(filter: NotificationFilter): string {
  const { state, category = [], priority = [], course_id, since } = filter;
  return JSON.stringify([
    state ?? "",
    [...category].sort(),
    [...priority].sort(),
    course_id ?? "",
    since ?? "",
  ]);
}

/** Whether it is over; nobody tells, the time is in the item. */
export const isExpired = (item: Notification, now: number): boolean =>
  item.expires_at !== undefined && Date.parse(item.expires_at) <= now;

/** Whether it waits in the inbox: neither archived nor put off. A put-off one comes back by an event. */
export const isInInbox = (item: Notification): boolean =>
  item.archived_at === undefined && item.snoozed_until === undefined;

/** `now` in milliseconds since 1970. */
export function matches(item: Notification, filter: NotificationFilter, now: number): boolean {
  if (isExpired(item, now)) return false;
  const { category = [], priority = [], course_id, since } = filter;
  return (
    isIn(item, filter.state) &&
    (category.length === 0 || category.includes(item.category)) &&
    (priority.length === 0 || priority.includes(item.priority)) &&
    (course_id === undefined || item.course_id === course_id) &&
    (since === undefined || item.moved_at >= since)
  );
}

function isIn(item: Notification, state: NotificationFilter["state"]): boolean {
  switch (state) {
    case undefined:
      return isInInbox(item);
    case "unseen":
      return isInInbox(item) && item.seen_at === undefined && item.read_at === undefined;
    case "unread":
      return isInInbox(item) && item.read_at === undefined;
    case "read":
      return isInInbox(item) && item.read_at !== undefined;
    case "archived":
      return item.archived_at !== undefined;
    case "snoozed":
      return item.archived_at === undefined && item.snoozed_until !== undefined;
  }
}

/** Whether `a` stands above `b`: what moved last is on top. */
export const isAbove = (a: Notification, b: Notification): boolean =>
  a.moved_at === b.moved_at ? a.id > b.id : a.moved_at > b.moved_at;
