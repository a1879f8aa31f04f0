/** `/notifications` for a component: a list by a filter, counts, preferences, and what one can do with them. */

import { useCallback, useEffect, useMemo, useState, useSyncExternalStore } from "react";
import type { Counts, Mark, Notification, NotificationFilter, Preferences } from "../contract";
import { isLive } from "../services/websocket/connectionStatus";
import { filterKey } from "../services/websocket/notifications/filters";
import type { PushState, PushStatus } from "../services/websocket/notifications/push/device";
import type { Toast } from "../services/websocket/notifications/toasts";
import { shownCounts, shownItems, shownPreferences } from "../services/websocket/notifications/view";
import type { NotificationsWebSocketService } from "../services/websocket/notificationsWebSocket";
import type { State } from "../services/websocket/protocol";
import { useCoursewire } from "./CoursewireProvider";

const ACTIONS = [
  "mark",
  "snooze",
  "putBack",
  "loadPreferences",
  "updatePreferences",
  "dismissToast",
  "subscribeToNotifications",
  "subscribeToCounts",
  "subscribeToPreferences",
  "unsubscribe",
] as const;

/** The methods of the service, bound: the same functions at every render. */
export type NotificationsActions = Pick<NotificationsWebSocketService, (typeof ACTIONS)[number]>;

/** Push messages on this device. */
export interface Push extends PushStatus {
  /** Call it within a click: the browser may ask for permission. Does not reject; see `error`. */
  enable: () => Promise<PushState>;
  disable: () => Promise<PushState>;
}

export interface NotificationsResult extends NotificationsActions {
  /** Those of the filter, the one that moved last first. */
  items: readonly Notification[];
  /** What waits in the whole inbox; null before the server has said. */
  counts: Counts | null;
  phase: "loading" | "ready" | "failed";
  /** Why the list could not be loaded, in plain words. */
  error: string | null;
  hasMore: boolean;
  loadingMore: boolean;
  loadMore: () => Promise<void>;
  /** Load the list again, after it has failed. */
  reload: () => Promise<void>;
  /** Mark all that fit the filter, loaded or not. */
  markAll: (as: Mark) => Promise<void>;
  /** Without a state it is the inbox. */
  filter: NotificationFilter;
  setFilter: (filter: NotificationFilter) => void;
  /** Null until `loadPreferences`, or until they change somewhere. */
  preferences: Preferences | null;
  /** Known once the preferences are. */
  push: Push;
  isConnected: boolean;
  connectionState: State;
}

export interface NotificationsOptions {
  /** What is listed at first. */
  filter?: NotificationFilter;
}

const INBOX: NotificationFilter = {};

/** Connected while the component is mounted. Components with equal filters share one list. */
export function useNotificationsWebSocket(options: NotificationsOptions = {}): NotificationsResult {
  const coursewire = useCoursewire();
  const service = coursewire.notifications;
  const [filter, choose] = useState(options.filter ?? INBOX);
  const setFilter = useCallback((next: NotificationFilter) => {
    choose((before) => (filterKey(before) === filterKey(next) ? before : next));
  }, []);
  const { store, push: device } = service;
  const inbox = useSyncExternalStore(store.subscribe, store.getSnapshot, store.getSnapshot);
  const pushStatus = useSyncExternalStore(
    device.store.subscribe,
    device.store.getSnapshot,
    device.store.getSnapshot,
  );
  const pushActions = useMemo(
    () => ({ enable: () => device.enable(), disable: () => device.disable() }),
    [device],
  );
  const push = useMemo(() => ({ ...pushStatus, ...pushActions }), [pushStatus, pushActions]);
  const { status } = coursewire;
  const state = useSyncExternalStore(
    status.subscribe,
    () => status.getSnapshot()["/notifications"]?.state ?? "idle",
    () => "idle" as const,
  );
  useEffect(() => coursewire.use(service), [coursewire, service]);
  useEffect(() => service.open(filter), [service, filter]);
  const actions = useMemo(
    () =>
      Object.fromEntries(
        ACTIONS.map((name) => [name, (service[name] as () => unknown).bind(service)]),
      ) as unknown as NotificationsActions,
    [service],
  );
  const ofFilter = useMemo(
    () => ({
      filter,
      loadMore: () => service.loadMore(filter),
      reload: () => service.reload(filter),
      markAll: (as: Mark) => service.markAll(as, filter),
    }),
    [service, filter],
  );
  const { items: known, pending, now } = inbox;
  const list = inbox.lists[filterKey(filter)];
  const items = useMemo(() => shownItems({ items: known, pending, now }, list), [known, pending, now, list]);
  return useMemo(() => {
    return {
      ...actions,
      ...ofFilter,
      setFilter,
      items,
      counts: shownCounts(inbox),
      phase: list?.phase ?? "loading",
      error: list?.error ?? null,
      hasMore: list !== undefined && list.cursor !== null,
      loadingMore: list?.loadingMore ?? false,
      preferences: shownPreferences(inbox),
      push,
      isConnected: isLive(state),
      connectionState: state,
    };
  }, [actions, ofFilter, setFilter, inbox, items, list, push, state]);
}

/** What pops up now; a burst is one. For those who draw their own toasts. */
export function useNotificationToasts(): readonly Toast[] {
  const coursewire = useCoursewire();
  const { toastStore } = coursewire.notifications;
  useEffect(() => coursewire.use(coursewire.notifications), [coursewire]);
  return useSyncExternalStore(toastStore.subscribe, toastStore.getSnapshot, toastStore.getSnapshot);
}
