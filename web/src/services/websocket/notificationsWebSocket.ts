/** The `/notifications` namespace: its commands as methods, and everything it has said, folded into one state. */

import type {
  Counts,
  Mark,
  Notification,
  NotificationFilter,
  NotificationPage,
  NotificationsCommands,
  NotificationsEvents,
  Position,
  Preferences,
  Sweep,
} from "../../contract";
import { words } from "./errors";
import { NamespaceService } from "./namespaceService";
import { Asking } from "./notifications/asking";
import { swept } from "./notifications/changes";
import { folded } from "./notifications/events";
import { filterKey } from "./notifications/filters";
import type { PreferencesChange } from "./notifications/preferences";
import { browserPush, type PushOptions } from "./notifications/push/browser";
import { PushDevice } from "./notifications/push/device";
import { misshapen } from "./notifications/shape";
import * as fold from "./notifications/state";
import { initialState, type NotificationsState } from "./notifications/state";
import type { Toast } from "./notifications/toasts";
import * as toasting from "./notifications/toasts";
import { shown } from "./notifications/view";
import type { Answer, EventMeta, Queued, State } from "./protocol";
import { untilHeard } from "./reading";
import type { ServiceOptions } from "./serviceOptions";
import { StateStore } from "./stateStore";
import { NamedTimers } from "./timers";

const PAGE = 50;
/** A page that stays open for days would hold ever more: a list above this is loaded anew, from its first page. */
const LONGEST = 5_000;
/** Bound of what is kept while pages are under way; above it they are asked for again. */
const MOST_HEARD = 1_000;
/** A list that could not be loaded for a snapshot is tried again after this. */
const SNAPSHOT_AGAIN_MS = 3_000;
/** Timers cannot run for months. */
const LONGEST_TIMER_MS = 3_600_000;

/** States that lead to a connection by themselves, or that somebody has chosen. */
const WAITING: ReadonlySet<State> = new Set(["idle", "connecting", "recovering", "reconnecting", "closed"]);

export interface NotificationsServiceOptions extends ServiceOptions {
  /** Where the service worker of push messages is; without it they are not offered. */
  push?: PushOptions;
}

interface Heard {
  event: string;
  data: unknown;
  meta: EventMeta;
}

export class NotificationsWebSocketService extends NamespaceService<
  NotificationsCommands,
  NotificationsEvents
> {
  /** What is known, for `useSyncExternalStore`. */
  readonly store: StateStore<NotificationsState>;
  /** What pops up now; a burst is one. */
  readonly toastStore: StateStore<readonly Toast[]>;
  /** Notifications on this device, also when no page is open. */
  readonly push: PushDevice;

  readonly #timers: NamedTimers;
  readonly #asking: Asking;
  /** How many use a list. */
  readonly #uses = new Map<string, number>();
  /** Lists whose first or next page is under way. */
  readonly #loading = new Map<string, { isFirst: boolean; page: Promise<NotificationPage> }>();
  /** What was said while a page was under way: a page may be older than that, so it is said again after it. */
  #heard: Heard[] = [];

  constructor(options: NotificationsServiceOptions = {}) {
    super("/notifications", options);
    this.store = new StateStore(initialState, this.environment);
    this.toastStore = new StateStore<readonly Toast[]>([], this.environment);
    this.#timers = new NamedTimers(this.environment);
    this.#asking = new Asking(this.store, this.environment.now, (command, payload) =>
      this.request(command, payload),
    );
    this.push = new PushDevice(
      {
        environment: this.environment,
        userId: () => this.userId,
        isConnected: () => this.isConnected,
        preferences: () => this.inbox.preferences,
        loadPreferences: () => this.loadPreferences(),
        request: (command, payload) => this.request(command, payload),
      },
      options.push ? (options.push.browser ?? browserPush(options.push)) : null,
    );
  }

  get inbox(): NotificationsState {
    return this.store.getSnapshot();
  }

  // Callbacks, for those who keep their own state

  /** Whatever arrives or changes. */
  subscribeToNotifications(callback: (notification: Notification) => void): () => void {
    const stops = [this.on("notification.created", callback), this.on("notification.changed", callback)];
    return () => {
      for (const stop of stops) stop();
    };
  }

  subscribeToCounts(callback: (counts: Counts) => void): () => void {
    return this.on("counts.changed", callback);
  }

  subscribeToPreferences(callback: (preferences: Preferences) => void): () => void {
    return this.on("preferences.changed", callback);
  }

  // Lists

  /** Load a list and keep it up to date, until the returned function is called by everyone who uses it. */
  open(filter: NotificationFilter = {}): () => void {
    const key = filterKey(filter);
    this.#uses.set(key, (this.#uses.get(key) ?? 0) + 1);
    if (!this.inbox.lists[key]) {
      this.#set(fold.listOpened(this.inbox, key, filter));
      void this.#loadFirst(key);
    }
    let used = true;
    return () => {
      if (!used) return;
      used = false;
      this.#uses.set(key, (this.#uses.get(key) ?? 1) - 1);
      // At the end of the turn: a component that is unmounted and mounted again (StrictMode) keeps its list.
      this.environment.setTimer(() => {
        if (this.#uses.get(key) !== 0) return;
        this.#uses.delete(key);
        this.#set(fold.listClosed(this.inbox, key));
      }, 0);
    };
  }

  /** Load a list anew, after it has failed. */
  async reload(filter: NotificationFilter = {}): Promise<void> {
    const key = filterKey(filter);
    if (this.inbox.lists[key]?.phase === "failed")
      this.#set(fold.patchList(this.inbox, key, { phase: "loading", error: null }));
    await this.#loadFirst(key);
  }

  async loadMore(filter: NotificationFilter = {}): Promise<void> {
    const key = filterKey(filter);
    const cursor = this.inbox.lists[key]?.cursor ?? null;
    if (cursor === null || this.#loading.has(key)) return;
    this.#set(fold.patchList(this.inbox, key, { loadingMore: true }));
    try {
      await this.#load(key, cursor);
    } catch {
      this.#set(fold.patchList(this.inbox, key, { loadingMore: false }));
    }
  }

  // What one can do with notifications. All of it shows at once, waits for a connection, and is taken back when refused.

  /** @throws {CommandError} and nothing has changed. */
  mark(ids: string | readonly string[], as: Mark): Promise<void> {
    const done = this.#asking.mark(typeof ids === "string" ? [ids] : ids, as);
    this.#settleToasts();
    return done;
  }

  /** Mark all that fit a filter, loaded or not. @throws {CommandError} and nothing has changed. */
  markAll(as: Mark, filter: NotificationFilter = {}): Promise<void> {
    const done = this.#asking.markAll(filter, as);
    this.#settleToasts();
    return done;
  }

  /** Put one away until then. @throws {CommandError} and nothing has changed. */
  snooze(id: string, until: Date): Promise<void> {
    const done = this.#asking.snooze(id, until.toISOString());
    this.#settleToasts();
    return done;
  }

  /** Undo: give items the marks that they had. @throws {CommandError} */
  putBack(items: readonly Notification[]): Promise<void> {
    return this.#asking.putBack(items);
  }

  dismissToast(id: string): void {
    this.toastStore.set(toasting.dismissed(this.toastStore.getSnapshot(), id));
  }

  // Preferences

  /** Load them; from then on changes come by themselves. @throws {CommandError} */
  async loadPreferences(): Promise<Preferences> {
    const asked = () => this.request("preferences.read", {});
    const { preferences } = await untilHeard(() => this.userId, asked);
    this.#set(fold.preferencesArrived(this.inbox, preferences));
    return preferences;
  }

  /** Change some; what is left out stays. @throws {CommandError} and nothing has changed. */
  updatePreferences(change: PreferencesChange): Promise<void> {
    return this.#asking.updatePreferences(change);
  }

  // What the base class tells

  protected override opened(): void {
    this.#forget();
    this.push.start();
  }

  protected override closed(): void {
    this.#timers.clear();
    this.#loading.clear();
    this.#heard = [];
    this.#forget();
    this.toastStore.set([]);
    this.push.stop();
  }

  protected override restored(left: readonly Queued[]): void {
    this.#asking.restore(left);
  }

  protected override settled(queued: Queued, answer: Answer): void {
    if (!queued.command.startsWith("push.")) this.#asking.settled(queued, answer);
  }

  protected override snapshotNeeded(channel: string, position: Position): void {
    void this.#reloadAll(channel, position);
  }

  protected override misshapen(event: string, data: unknown): string | null {
    return misshapen(event, data);
  }

  protected override received(event: string, data: unknown, meta: EventMeta): void {
    if (this.#loading.size > 0 && meta.offset !== undefined) this.#hear({ event, data, meta });
    this.#set(folded(this.inbox, event, data));
    switch (event as keyof NotificationsEvents) {
      case "session.ready":
        this.push.resume();
        return this.#loadMissing();
      case "notification.created":
      case "notification.changed":
        this.#toast(data as Notification);
        this.#settleShown(data as Notification);
        return this.#trim();
      case "notifications.marked":
        this.#settleShown();
        return this.#settleToasts((item) => swept(item, data as Sweep));
    }
  }

  // Parts

  #set(state: NotificationsState): void {
    const before = this.inbox;
    this.store.set(state);
    if (state.items !== before.items) this.#watchExpiry();
    if (state.preferences !== before.preferences) this.push.look();
  }

  #forget(): void {
    // Those who use a list keep it over another connection, though not its items.
    const { lists } = this.inbox;
    let state: NotificationsState = { ...initialState, now: this.environment.now() };
    for (const [key, { filter }] of Object.entries(lists)) {
      if (this.#uses.has(key)) state = fold.listOpened(state, key, filter);
    }
    this.#set(state);
  }

  #loadMissing(): void {
    for (const [key, { phase }] of Object.entries(this.inbox.lists)) {
      if (phase !== "ready") void this.#loadFirst(key);
    }
  }

  async #loadFirst(key: string): Promise<void> {
    if (this.#loading.has(key)) return;
    try {
      await this.#load(key, null);
    } catch (error) {
      // Without a connection it is loaded with the next one.
      if (this.inbox.lists[key]?.phase === "loading" && !WAITING.has(this.state))
        this.#set(fold.patchList(this.inbox, key, { phase: "failed", error: words(error) }));
    }
  }

  async #load(key: string, cursor: string | null): Promise<void> {
    const list = this.inbox.lists[key];
    if (!list) return;
    const loading = { isFirst: cursor === null, page: this.#page(list.filter, cursor) };
    this.#loading.set(key, loading);
    try {
      const page = await loading.page;
      this.#set(fold.pageLoaded(this.inbox, key, page, loading.isFirst));
      for (const { event, data, meta } of this.#heard) {
        if (meta.epoch !== page.position.epoch || (meta.offset ?? 0) > page.position.offset)
          this.#set(folded(this.inbox, event, data));
      }
    } finally {
      if (this.#loading.get(key) === loading) this.#loading.delete(key);
      if (this.#loading.size === 0) this.#heard = [];
    }
  }

  #page(filter: NotificationFilter, cursor: string | null): Promise<NotificationPage> {
    return this.request("notification.list", { filter, limit: PAGE, ...(cursor !== null && { cursor }) });
  }

  /** All lists anew; they are at least as new as `position`, and what came after it is said again. */
  async #reloadAll(channel: string, position: Position): Promise<void> {
    try {
      await Promise.all(Object.keys(this.inbox.lists).map((key) => this.#loadAnew(key)));
      this.snapshotLoaded(channel, position);
    } catch {
      this.#timers.set("snapshot", SNAPSHOT_AGAIN_MS, () => void this.#reloadAll(channel, position));
    }
  }

  async #loadAnew(key: string): Promise<void> {
    const running = this.#loading.get(key);
    if (running?.isFirst) {
      await running.page; // Asked in this session: whatever was asked in an earlier one is lost with it.
      return;
    }
    await running?.page.catch(() => undefined);
    await this.#load(key, null);
  }

  #hear(heard: Heard): void {
    this.#heard.push(heard);
    if (this.#heard.length <= MOST_HEARD) return;
    // The pages under way are too old to be worth anything: they are asked for once more when they are there.
    this.#heard = [];
    for (const [key, { page }] of this.#loading)
      void page.then(
        () => this.#loadAnew(key),
        () => undefined,
      );
  }

  #trim(): void {
    for (const [key, { ids }] of Object.entries(this.inbox.lists)) {
      if (ids.length > LONGEST) void this.#loadFirst(key);
    }
  }

  #watchExpiry(): void {
    const { now } = this.inbox;
    const times = Object.values(this.inbox.items).flatMap(({ expires_at }) =>
      expires_at === undefined ? [] : [Date.parse(expires_at)],
    );
    const next = Math.min(...times.filter((time) => time > now));
    if (next === Number.POSITIVE_INFINITY) return this.#timers.cancel("expiry");
    const ms = Math.min(Math.max(0, next - this.environment.now()), LONGEST_TIMER_MS);
    this.#timers.set("expiry", ms, () => {
      this.#set(fold.timePassed(this.inbox, this.environment.now()));
      this.#watchExpiry();
    });
  }

  #toast(item: Notification): void {
    this.toastStore.set(toasting.arrived(this.toastStore.getSnapshot(), item, this.environment.now()));
  }

  /** What has been read somewhere is not shown by the device any more. */
  #settleShown(changed?: Notification): void {
    if (changed && !isOver(changed)) return;
    void this.push.closeShown((id) => {
      if (changed) return id === changed.id;
      const item = this.inbox.items[id ?? ""];
      return item !== undefined && isOver(item);
    });
  }

  /** What has been read by now pops up no longer. */
  #settleToasts(now: (item: Notification) => Notification = (item) => shown(this.inbox, item)): void {
    const toasts = this.toastStore.getSnapshot();
    const items = toasts.flatMap((toast) => toast.items.map(now));
    this.toastStore.set(items.reduce(toasting.changed, toasts));
  }
}

const isOver = ({ read_at, archived_at }: Notification): boolean =>
  read_at !== undefined || archived_at !== undefined;
