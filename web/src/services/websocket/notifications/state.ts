/** What is known of the inbox, folded from answers and events by pure functions: no socket, no clock. */

import type {
  Counts,
  Notification,
  NotificationFilter,
  NotificationPage,
  Preferences,
  Sweep,
} from "../../../contract";
import { applied, type Change, swept } from "./changes";
import { isAbove, matches } from "./filters";
import type { PreferencesChange } from "./preferences";

/** The notifications of one filter, as far as they are loaded. */
export interface InboxList {
  filter: NotificationFilter;
  phase: "loading" | "ready" | "failed";
  /** Why it failed, in plain words. */
  error: string | null;
  /** In order. */
  ids: readonly string[];
  /** Where the next page begins; null at the end. */
  cursor: string | null;
  loadingMore: boolean;
}

/** Something we have asked for and the server has not answered: shown as if it were done already. */
export interface Pending {
  key: string;
  change: Change;
  /** ISO 8601, by this device's clock. */
  at: string;
  ids: ReadonlySet<string>;
  /** The items as they were, as long as no newer ones came: by them the counts are corrected. */
  before: Readonly<Record<string, Notification>>;
  /** The whole inbox is meant, also what is not loaded. */
  whole: boolean;
}

/** A change of preferences that is not answered yet. */
export interface PendingPreferences {
  key: string;
  change: PreferencesChange;
}

export interface NotificationsState {
  /** As the server has them; only those of some list. */
  items: Readonly<Record<string, Notification>>;
  /** By `filterKey`. */
  lists: Readonly<Record<string, InboxList>>;
  counts: Counts | null;
  pending: readonly Pending[];
  preferences: Preferences | null;
  pendingPreferences: readonly PendingPreferences[];
  /** Milliseconds since 1970: when expiry was looked at last. */
  now: number;
}

export const initialState: NotificationsState = {
  items: {},
  lists: {},
  counts: null,
  pending: [],
  preferences: null,
  pendingPreferences: [],
  now: 0,
};

// Lists

export function listOpened(
  state: NotificationsState,
  key: string,
  filter: NotificationFilter,
): NotificationsState {
  const list: InboxList = {
    filter,
    phase: "loading",
    error: null,
    ids: [],
    cursor: null,
    loadingMore: false,
  };
  return { ...state, lists: { ...state.lists, [key]: list } };
}

export function listClosed(state: NotificationsState, key: string): NotificationsState {
  const { [key]: _closed, ...lists } = state.lists;
  return collected({ ...state, lists });
}

export function patchList(
  state: NotificationsState,
  key: string,
  patch: Partial<InboxList>,
): NotificationsState {
  const list = state.lists[key];
  return list ? { ...state, lists: { ...state.lists, [key]: { ...list, ...patch } } } : state;
}

/** A page has come: the first one is the list anew, a further one goes below. */
export function pageLoaded(
  state: NotificationsState,
  key: string,
  page: NotificationPage,
  isFirst: boolean,
): NotificationsState {
  const list = state.lists[key];
  if (!list) return state;
  const earlier = isFirst ? [] : list.ids;
  const ids = [...new Set([...earlier, ...page.items.map(({ id }) => id)])];
  const cursor = page.next_cursor ?? null;
  const next: NotificationsState = {
    ...state,
    items: { ...state.items, ...Object.fromEntries(page.items.map((item) => [item.id, item])) },
    lists: {
      ...state.lists,
      [key]: { ...list, phase: "ready", error: null, ids, cursor, loadingMore: false },
    },
  };
  return countsArrived(isFirst ? collected(next) : next, page.counts);
}

/** Forget the items that are in no list. */
function collected(state: NotificationsState): NotificationsState {
  const wanted = new Set(Object.values(state.lists).flatMap(({ ids }) => ids));
  const items = Object.fromEntries(Object.entries(state.items).filter(([id]) => wanted.has(id)));
  return { ...state, items };
}

// Items

/** New ones, or others now: each goes where it belongs, and out of where it does not. */
export function itemsArrived(
  state: NotificationsState,
  arrived: readonly Notification[],
): NotificationsState {
  if (arrived.length === 0) return state;
  const changed = new Map(arrived.map((item) => [item.id, item]));
  const items = { ...state.items, ...Object.fromEntries(changed) };
  const lists: Record<string, InboxList> = {};
  for (const [key, list] of Object.entries(state.lists)) {
    lists[key] = placed(list, state.items, changed, items, state.now);
  }
  for (const id of changed.keys()) {
    if (!Object.values(lists).some(({ ids }) => ids.includes(id))) delete items[id];
  }
  return { ...state, items, lists };
}

export const itemArrived = (state: NotificationsState, item: Notification): NotificationsState =>
  itemsArrived(state, [item]);

function placed(
  list: InboxList,
  before: Readonly<Record<string, Notification>>,
  changed: ReadonlyMap<string, Notification>,
  items: Readonly<Record<string, Notification>>,
  now: number,
): InboxList {
  const held = new Set(list.ids);
  const kept = list.ids.filter((id) => !changed.has(id));
  const lowest = items[kept.at(-1) ?? ""];
  /** Whether the pages loaded so far reach down to it: what is below comes with its page. */
  const isReached = (item: Notification): boolean =>
    list.cursor === null ||
    (held.has(item.id) && before[item.id]?.moved_at === item.moved_at) ||
    (lowest !== undefined && isAbove(item, lowest));
  const added = [...changed.values()].filter((item) => matches(item, list.filter, now) && isReached(item));
  if (added.length === 0 && kept.length === list.ids.length) return list;
  const ids = [...kept, ...added.map(({ id }) => id)];
  ids.sort((a, b) => (isAbove(items[a] as Notification, items[b] as Notification) ? -1 : 1));
  return { ...list, ids };
}

/** Many items were marked alike, held ones among them. */
export function sweepArrived(state: NotificationsState, sweep: Sweep): NotificationsState {
  const changed = Object.values(state.items)
    .map((item) => [item, swept(item, sweep)] as const)
    .filter(([item, next]) => next !== item);
  return itemsArrived(
    state,
    changed.map(([, next]) => next),
  );
}

// Counts

/** The server's counts, always. What they already hold of what we have asked is not counted twice. */
export function countsArrived(state: NotificationsState, counts: Counts): NotificationsState {
  if (state.pending.length === 0) return { ...state, counts };
  const pending = state.pending.map((one) => ({
    ...one,
    before: Object.fromEntries(Object.entries(one.before).filter(([id, item]) => state.items[id] === item)),
  }));
  return { ...state, counts, pending };
}

// What we have asked for

export function asked(state: NotificationsState, pending: Pending): NotificationsState {
  return { ...state, pending: [...state.pending, pending] };
}

/** It was answered well: what it did stays, save for items of which the server has told since. */
export function granted(state: NotificationsState, key: string, counts: Counts): NotificationsState {
  const pending = state.pending.find((one) => one.key === key);
  const next = withdrawn(state, key);
  if (!pending) return countsArrived(next, counts);
  const changed = Object.entries(pending.before)
    .filter(([id, item]) => state.items[id] === item)
    .map(([, item]) => applied(item, pending.change, pending.at));
  return countsArrived(itemsArrived(next, changed), counts);
}

/** It was refused, or is over: things are as the server has them. */
export function withdrawn(state: NotificationsState, key: string): NotificationsState {
  return { ...state, pending: state.pending.filter((one) => one.key !== key) };
}

// Preferences

export function preferencesArrived(state: NotificationsState, preferences: Preferences): NotificationsState {
  return { ...state, preferences };
}

export function preferencesAsked(state: NotificationsState, pending: PendingPreferences): NotificationsState {
  return { ...state, pendingPreferences: [...state.pendingPreferences, pending] };
}

export function preferencesSettled(state: NotificationsState, key: string): NotificationsState {
  return { ...state, pendingPreferences: state.pendingPreferences.filter((one) => one.key !== key) };
}

/** Time has passed: what has expired meanwhile is not shown any more. */
export const timePassed = (state: NotificationsState, now: number): NotificationsState => ({ ...state, now });
