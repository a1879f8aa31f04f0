/** What pops up, and what of it together: a burst is one toast. Decides only; shows nothing, reads no clock. */

import type { Notification } from "../../../contract";

export interface Toast {
  id: string;
  /** Stays until it is dismissed. */
  urgent: boolean;
  /** Newest first; `MOST_ITEMS` at most. */
  items: readonly Notification[];
  /** Whether more came than are kept. */
  more: boolean;
  /** Milliseconds since 1970: when the last of them came. */
  at: number;
}

/** Whatever comes within this time of the one before joins its toast. */
export const BURST_MS = 4_000;
/** Bound: when as many toasts of one kind are open, the next joins the newest of them, whenever that was. */
export const MOST_TOASTS = 3;
/** Bound: of a larger burst the first are let go; the toast only says that there are more, the inbox has them all. */
export const MOST_ITEMS = 99;

/** What is of no news any more has no toast. */
export const isSettled = (item: Notification): boolean =>
  item.read_at !== undefined || item.archived_at !== undefined || item.snoozed_until !== undefined;

/** A notification has come. The server has decided by preferences and quiet hours (`toast`); `low` never pops up. */
export function arrived(toasts: readonly Toast[], item: Notification, now: number): readonly Toast[] {
  if (!item.toast || item.priority === "low" || isSettled(item)) return changed(toasts, item);
  const urgent = item.priority === "urgent";
  const alike = toasts.filter((toast) => toast.urgent === urgent);
  const open =
    alike.find(({ items }) => items.some(({ id }) => id === item.id)) ??
    alike.findLast(({ at }) => alike.length >= MOST_TOASTS || now - at < BURST_MS);
  if (!open) return [...toasts, { id: `${item.id}@${now}`, urgent, items: [item], more: false, at: now }];
  const items = [item, ...open.items.filter(({ id }) => id !== item.id)];
  const more = open.more || items.length > MOST_ITEMS;
  const joined = { ...open, items: items.slice(0, MOST_ITEMS), more, at: now };
  return toasts.map((toast) => (toast === open ? joined : toast));
}

/** A notification is not what it was: read here or in another tab, it leaves its toast; a toast without any is gone. */
export function changed(toasts: readonly Toast[], item: Notification): readonly Toast[] {
  const of = toasts.find(({ items }) => items.some(({ id }) => id === item.id));
  if (!of) return toasts;
  const items = isSettled(item)
    ? of.items.filter(({ id }) => id !== item.id)
    : of.items.map((one) => (one.id === item.id ? item : one));
  if (items.length === 0) return toasts.filter((toast) => toast !== of);
  return toasts.map((toast) => (toast === of ? { ...of, items } : toast));
}

/** Somebody has closed it, or its time is over. */
export const dismissed = (toasts: readonly Toast[], id: string): readonly Toast[] =>
  toasts.some((toast) => toast.id === id) ? toasts.filter((toast) => toast.id !== id) : toasts;
