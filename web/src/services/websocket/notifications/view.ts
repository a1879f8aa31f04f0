/** What a screen asks of the inbox: its lists, counts and preferences, with what we have asked for already done. */

import type { Counts, Notification, Preferences } from "../../../contract";
import { applied, recounted } from "./changes";
import { filterKey, matches } from "./filters";
import { patched } from "./preferences";
import type { InboxList, NotificationsState, Pending } from "./state";

/** An item with all that we have asked for. */
export const shown = (state: Pick<NotificationsState, "pending">, item: Notification): Notification =>
  state.pending.reduce(
    (now, { ids, change, at }) => (ids.has(item.id) ? applied(now, change, at) : now),
    item,
  );

/** The notifications of a list, the one that moved last first. */
export function shownItems(
  state: Pick<NotificationsState, "items" | "pending" | "now">,
  list: InboxList | undefined,
): Notification[] {
  if (!list) return [];
  return list.ids.flatMap((id) => {
    const item = state.items[id];
    if (!item) return [];
    const now = shown(state, item);
    return matches(now, list.filter, state.now) ? [now] : [];
  });
}

/** The server's counts, less what we have asked for and it has not counted yet. */
export function shownCounts(state: NotificationsState): Counts | null {
  const { counts, pending, now } = state;
  if (!counts) return null;
  const before = new Map<string, Notification>();
  for (const one of pending) {
    for (const [id, item] of Object.entries(one.before)) if (!before.has(id)) before.set(id, item);
  }
  const pairs = [...before.values()].map((item) => [item, shown(state, item)] as const);
  return pending.filter(({ whole }) => whole).reduce(cleared, recounted(counts, pairs, now));
}

/** The whole inbox is marked, also what is not loaded. */
function cleared(counts: Counts, { change }: Pending): Counts {
  if (!("as" in change) || change.as === "unread") return counts;
  if (change.as === "seen") return { ...counts, unseen: 0 };
  const [by_category, by_priority] = [zeros(counts.by_category), zeros(counts.by_priority)];
  return { ...counts, unread: 0, unseen: 0, by_category, by_priority };
}

const zeros = (counts: Record<string, number>): Record<string, number> =>
  Object.fromEntries(Object.keys(counts).map((name) => [name, 0]));

/** The server's preferences, with what we have asked for. */
export function shownPreferences({
  preferences,
  pendingPreferences,
}: NotificationsState): Preferences | null {
  return preferences && pendingPreferences.reduce((now, { change }) => patched(now, change), preferences);
}

export const listOf = (state: NotificationsState, filter: InboxList["filter"]): InboxList | undefined =>
  state.lists[filterKey(filter)];
