/** Marks, snoozes and preferences on their way: shown at once, asked under one key, taken back when refused. */

import type {
  Mark,
  MarkNotifications,
  Notification,
  NotificationFilter,
  NotificationsCommands,
  SnoozeNotification,
  UpdatePreferences,
} from "../../../contract";
import { CommandError } from "../errors";
import { newKey } from "../keys";
import type { Answer, Queued } from "../protocol";
import type { StateStore } from "../stateStore";
import type { Change } from "./changes";
import { filterKey, matches } from "./filters";
import type { PreferencesChange } from "./preferences";
import type { NotificationsState } from "./state";
import * as fold from "./state";
import { shown } from "./view";

type Writes = "notification.mark" | "notification.snooze" | "preferences.update";
type Request = <Name extends Writes>(
  command: Name,
  payload: NotificationsCommands[Name]["payload"],
) => Promise<NotificationsCommands[Name]["result"]>;

/** A command names at most so many items. */
const MOST_IDS = 100;

const WHOLE = new Set([undefined, "unread", "unseen"]);

export class Asking {
  readonly #store: StateStore<NotificationsState>;
  readonly #now: () => number;
  readonly #request: Request;

  constructor(store: StateStore<NotificationsState>, now: () => number, request: Request) {
    this.#store = store;
    this.#now = now;
    this.#request = request;
  }

  /** @throws {CommandError} and nothing has changed. */
  async mark(ids: readonly string[], as: Mark): Promise<void> {
    const parts = [];
    for (let from = 0; from < ids.length; from += MOST_IDS) {
      const some = ids.slice(from, from + MOST_IDS);
      parts.push(this.#go("notification.mark", { key: this.#key(), ids: some, as }));
    }
    await Promise.all(parts);
  }

  /** @throws {CommandError} and nothing has changed. */
  async markAll(filter: NotificationFilter, as: Mark): Promise<void> {
    await this.#go("notification.mark", { key: this.#key(), filter, as });
  }

  /** @throws {CommandError} and nothing has changed. */
  async snooze(id: string, until: string): Promise<void> {
    await this.#go("notification.snooze", { key: this.#key(), id, until });
  }

  /** Bring items back to what they were; a command for each step that the way back takes. */
  async putBack(items: readonly Notification[]): Promise<void> {
    const archived = items.filter(({ archived_at }) => archived_at !== undefined);
    const others = items.filter(({ archived_at }) => archived_at === undefined);
    const snoozed = others.filter(({ snoozed_until }) => snoozed_until !== undefined);
    const waiting = others.filter(({ snoozed_until }) => snoozed_until === undefined);
    const read = waiting.filter(({ read_at }) => read_at !== undefined);
    await Promise.all([
      this.mark(idsOf(archived), "archived"),
      // Only `unread` brings an item back into the inbox; one that was read there is then read again.
      this.mark(idsOf(waiting), "unread"),
      this.mark(idsOf(read), "read"),
      ...snoozed.map(({ id, snoozed_until }) => this.snooze(id, snoozed_until ?? "")),
    ]);
  }

  /** @throws {CommandError} and nothing has changed. */
  async updatePreferences(change: PreferencesChange): Promise<void> {
    await this.#go("preferences.update", { key: this.#key(), ...change });
  }

  /** Show what an earlier page left behind; it is sent by itself. */
  restore(left: readonly Queued[]): void {
    for (const { command, payload } of left) this.#show(command, payload);
  }

  /** One of those was answered. */
  settled({ command, payload }: Queued, answer: Answer): void {
    if (answer.ok) this.#granted(command, payload, answer.data);
    else this.#refused(command, payload, new CommandError(answer.error));
  }

  get #state(): NotificationsState {
    return this.#store.getSnapshot();
  }

  #key(): string {
    return newKey(this.#now());
  }

  async #go<Name extends Writes>(
    command: Name,
    payload: NotificationsCommands[Name]["payload"],
  ): Promise<void> {
    const asked = payload as unknown as Record<string, unknown>;
    this.#show(command, asked);
    try {
      this.#granted(command, asked, await this.#request(command, payload));
    } catch (error) {
      this.#refused(command, asked, error);
      throw error;
    }
  }

  #show(command: string, payload: Record<string, unknown>): void {
    const key = String(payload["key"]);
    if (command === "preferences.update") {
      const { key: _key, ...change } = payload as unknown as UpdatePreferences;
      this.#store.set(fold.preferencesAsked(this.#state, { key, change }));
      return;
    }
    // One or the other: the fields of the one that it is not are absent.
    const { ids, filter, as, id, until } = payload as Partial<MarkNotifications & SnoozeNotification>;
    const change: Change | null = until !== undefined ? { until } : as !== undefined ? { as } : null;
    if (!change) return;
    const meant = (item: Notification) =>
      filter ? matches(item, filter, this.#now()) : (ids ?? [id]).includes(item.id);
    const state = this.#state;
    const before = Object.values(state.items).filter((item) => meant(shown(state, item)));
    this.#store.set(
      fold.asked(state, {
        key,
        change,
        at: new Date(this.#now()).toISOString(),
        ids: new Set(ids ?? (id !== undefined ? [id] : idsOf(before))),
        before: Object.fromEntries(before.map((item) => [item.id, item])),
        whole: filter !== undefined && isWhole(filter),
      }),
    );
  }

  #granted(command: string, payload: Record<string, unknown>, data: unknown): void {
    const key = String(payload["key"]);
    if (command === "preferences.update") {
      const { preferences } = data as NotificationsCommands["preferences.update"]["result"];
      this.#store.set(fold.preferencesSettled(fold.preferencesArrived(this.#state, preferences), key));
      return;
    }
    const { notification, counts } = data as NotificationsCommands["notification.snooze"]["result"];
    const next =
      command === "notification.snooze" ? fold.itemArrived(this.#state, notification) : this.#state;
    this.#store.set(fold.granted(next, key, counts));
  }

  #refused(command: string, payload: Record<string, unknown>, error: unknown): void {
    // It stays in the outbox and will be sent by the next page: that is no refusal.
    if (error instanceof CommandError && error.details?.["kept"] === true) return;
    const key = String(payload["key"]);
    this.#store.set(
      command === "preferences.update"
        ? fold.preferencesSettled(this.#state, key)
        : fold.withdrawn(this.#state, key),
    );
  }
}

const idsOf = (items: readonly Notification[]): string[] => items.map(({ id }) => id);

/** Whether a filter leaves out nothing that counts. */
const isWhole = ({ state, ...rest }: NotificationFilter): boolean =>
  WHOLE.has(state) && filterKey(rest) === filterKey({});
