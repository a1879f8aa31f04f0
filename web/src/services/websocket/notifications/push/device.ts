/** Push messages on this device: how they stand, switching them on and off, and keeping the subscription alive. */

import type { NotificationsCommands, Preferences } from "../../../../contract";
import type { Environment } from "../../environment";
import { CommandError, words } from "../../errors";
import { newKey } from "../../keys";
import { StateStore } from "../../stateStore";
import type { PushBrowser, PushRegistration } from "./browser";
import { isFor } from "./key";
import { type Clicked, shownData } from "./messages";
import { PushRecords } from "./record";

/**
 * `checking`: not known yet. `unavailable`: the server sends none, or the page has no worker; there is nothing to offer.
 * `unsupported`: this browser cannot. `blocked`: the person has forbidden it in the browser.
 */
export type PushState = "checking" | "unavailable" | "unsupported" | "blocked" | "off" | "on";

export interface PushStatus {
  state: PushState;
  /** The browser or the server is asked. */
  isBusy: boolean;
  /** Why it did not work, in plain words. */
  error: string | null;
}

type Writes = "push.subscribe" | "push.unsubscribe";

/** What the service lends. */
export interface PushHouse {
  readonly environment: Pick<Environment, "now" | "local" | "setTimer" | "clearTimer" | "report">;
  userId(): string | null;
  isConnected(): boolean;
  preferences(): Preferences | null;
  loadPreferences(): Promise<Preferences>;
  request<Name extends Writes>(
    command: Name,
    payload: NotificationsCommands[Name]["payload"],
  ): Promise<unknown>;
}

/** The server may have lost what it was told, by a restored backup for one: it is told again after this. */
const TELL_AGAIN_MS = 24 * 3_600_000;
/** Signing out waits no longer for the server: the subscription has ended in the browser by then. */
const FAREWELL_MS = 2_000;

const UNREACHED = "This browser's push service did not answer. Please try again later.";
const NO_WORKER = "The part of this site that shows them could not be loaded. Reload the page and try again.";
const NOT_ENDED = "This browser could not end its subscription. Please try again.";

/** Said to the person as it is. */
class PushFailure extends Error {}

/** A browser has one subscription, so it belongs to one person: whoever comes next ends it. */
export class PushDevice {
  /** For `useSyncExternalStore`. */
  readonly store: StateStore<PushStatus>;

  readonly #house: PushHouse;
  readonly #browser: PushBrowser | null;
  readonly #records: PushRecords;
  #taker: ((clicked: Clicked) => void) | null = null;
  /** One thing at a time, in the order asked. */
  #work: Promise<unknown> = Promise.resolve();
  #running = 0;
  /** Only the newest look counts. */
  #looks = 0;
  #resumed = false;
  #stop: (() => void) | null = null;

  constructor(house: PushHouse, browser: PushBrowser | null) {
    this.#house = house;
    this.#browser = browser;
    this.#records = new PushRecords(house.environment.local);
    const state = browser ? "checking" : "unavailable";
    this.store = new StateStore<PushStatus>({ state, isBusy: false, error: null }, house.environment);
  }

  // What a person does

  /** Call it within a click: the browser may ask for permission. What went wrong stands in the status. */
  enable(): Promise<PushState> {
    const browser = this.#browser;
    if (!browser?.isSupported) return this.#run(async () => undefined);
    const asked = browser.permission() === "default" ? browser.askPermission() : browser.permission();
    return this.#run(async (userId) => {
      if ((await asked) !== "granted") return;
      if (!this.#house.isConnected())
        throw new CommandError({ code: "unavailable", message: "not connected", retryable: true });
      const key = publicKeyOf(this.#house.preferences() ?? (await this.#house.loadPreferences()));
      if (key === null) return;
      const subscription = await subscribed(browser, key);
      try {
        await this.#tell(userId, subscription);
      } catch (error) {
        this.#records.forget();
        await subscription.unsubscribe().catch(() => false);
        throw error;
      }
    });
  }

  disable(): Promise<PushState> {
    return this.#run(async () => {
      const { ended, told } = await this.#end();
      if (!ended && !(await told)) throw new PushFailure(NOT_ENDED);
    });
  }

  /** The person leaves this browser: nothing of theirs may come to it or stay in sight. Takes 2 s at the most. */
  async release(): Promise<void> {
    const { environment } = this.#house;
    const record = this.#records.read();
    if (!this.#browser || !record || record.userId !== this.#house.userId()) return;
    const leaving = this.#run(async () => {
      await this.closeShown(() => true);
      await (await this.#end()).told;
    });
    let timer: unknown;
    const late = new Promise<void>((resolve) => {
      timer = environment.setTimer(resolve, FAREWELL_MS);
    });
    await Promise.race([leaving, late]);
    environment.clearTimer(timer);
  }

  // What the service tells

  /** Listen to the browser until `stop`. */
  start(): void {
    this.#resumed = false;
    this.#stop ??=
      this.#browser?.listen({
        changed: () => this.look(),
        renewed: () => this.#keep(),
        asked: () => this.#taker !== null,
        clicked: (clicked) => this.#taker?.(clicked),
      }) ?? null;
  }

  stop(): void {
    this.#stop?.();
    this.#stop = null;
    this.look();
  }

  /** There is a session: once for each page, see that what was switched on still is. */
  resume(): void {
    if (this.#resumed) return;
    this.#resumed = true;
    this.#keep();
  }

  /** See how things stand. */
  look(): void {
    this.#looks += 1;
    const mine = this.#looks;
    void this.#state().then((state) => {
      if (mine === this.#looks) this.#patch({ state });
    });
  }

  /** Take away the notifications of this device that somebody has dealt with elsewhere. */
  async closeShown(isOver: (id: string | undefined) => boolean): Promise<void> {
    if (this.#records.read() === null) return;
    const registration = await this.#browser?.registration().catch(() => null);
    for (const notification of (await registration?.getNotifications().catch(() => [])) ?? []) {
      const data = shownData(notification.data);
      if (data && isOver(data.id)) notification.close();
    }
  }

  /** Follow clicks on notifications of this device, in this page; the last who says so does. Returns how to stop. */
  takeClicks(take: (clicked: Clicked) => void): () => void {
    this.#taker = take;
    return () => {
      if (this.#taker === take) this.#taker = null;
    };
  }

  // Parts

  #patch(patch: Partial<PushStatus>): void {
    const before = this.store.getSnapshot();
    const next = { ...before, ...patch };
    if (next.state === before.state && next.isBusy === before.isBusy && next.error === before.error) return;
    this.store.set(next);
  }

  #run(work: (userId: string) => Promise<void>): Promise<PushState> {
    this.#running += 1;
    this.#patch({ isBusy: true, error: null });
    const run = this.#work.then(async () => {
      try {
        const userId = this.#house.userId();
        if (userId !== null) await work(userId);
      } catch (error) {
        this.#patch({ error: error instanceof PushFailure ? error.message : words(error) });
      }
      this.#running -= 1;
      this.#looks += 1;
      const state = await this.#state();
      this.#patch({ state, isBusy: this.#running > 0 });
      return state;
    });
    this.#work = run;
    return run;
  }

  /** Without anybody having asked: what fails is tried again by the next page, and told to nobody. */
  #keep(): void {
    if (!this.#browser || this.#records.read() === null) return this.look();
    this.#work = this.#work.then(() => this.#synchronise().catch(() => undefined)).then(() => this.look());
  }

  async #synchronise(): Promise<void> {
    const [browser, record, userId] = [this.#browser, this.#records.read(), this.#house.userId()];
    if (!browser || !record || userId === null) return;
    if (record.userId !== userId || browser.permission() !== "granted") {
      await this.#end();
      return;
    }
    const key = publicKeyOf(this.#house.preferences() ?? (await this.#house.loadPreferences()));
    if (key === null) return;
    const subscription = await subscribed(browser, key);
    const isOld = this.#house.environment.now() - record.toldAt > TELL_AGAIN_MS;
    if (isOld || subscription.endpoint !== record.endpoint) await this.#tell(userId, subscription);
  }

  async #tell(userId: string, subscription: PushSubscription): Promise<void> {
    const { endpoint } = subscription;
    const { p256dh, auth } = subscription.toJSON().keys ?? {};
    if (p256dh === undefined || auth === undefined) throw new PushFailure(UNREACHED);
    this.#records.write({ userId, endpoint, toldAt: 0 });
    try {
      const key = newKey(this.#house.environment.now());
      await this.#house.request("push.subscribe", { key, endpoint, keys: { p256dh, auth } });
    } catch (error) {
      // It waits in the outbox, and is sent by the next page.
      if (error instanceof CommandError && error.details?.["kept"] === true) return;
      throw error;
    }
    this.#records.write({ userId, endpoint, toldAt: this.#house.environment.now() });
  }

  /** `ended`: in the browser; `told`: whether the server knows, once it has answered. */
  async #end(): Promise<{ ended: boolean; told: Promise<boolean> }> {
    const record = this.#records.read();
    if (!record) return { ended: true, told: Promise.resolve(true) };
    this.#records.forget();
    const { endpoint } = record;
    // Of somebody else's the server hears by the push service, which answers that it is gone.
    const told =
      record.userId !== this.#house.userId()
        ? Promise.resolve(false)
        : this.#house
            .request("push.unsubscribe", { key: newKey(this.#house.environment.now()), endpoint })
            .then(
              () => true,
              () => false,
            );
    const registration = await this.#browser?.registration();
    const subscription = await registration?.pushManager.getSubscription();
    if (subscription?.endpoint !== endpoint) return { ended: true, told };
    return { ended: await subscription.unsubscribe().catch(() => false), told };
  }

  async #state(): Promise<PushState> {
    const [browser, house] = [this.#browser, this.#house];
    if (!browser) return "unavailable";
    const preferences = house.preferences();
    if (!preferences) return "checking";
    if (publicKeyOf(preferences) === null) return "unavailable";
    if (!browser.isSupported) return "unsupported";
    const permission = browser.permission();
    if (permission === "denied") return "blocked";
    const record = this.#records.read();
    if (permission !== "granted" || !record || record.userId !== house.userId()) return "off";
    const registration = await browser.registration().catch(() => null);
    const subscription = await registration?.pushManager.getSubscription().catch(() => null);
    return subscription?.endpoint === record.endpoint ? "on" : "off";
  }
}

function publicKeyOf({ channels, push_public_key }: Preferences): string | null {
  return channels.includes("push") ? (push_public_key ?? null) : null;
}

/** The subscription of this key: the one there is, or a new one. */
async function subscribed(browser: PushBrowser, publicKey: string): Promise<PushSubscription> {
  let registration: PushRegistration;
  try {
    registration = await browser.register();
  } catch {
    throw new PushFailure(NO_WORKER);
  }
  try {
    const before = await registration.pushManager.getSubscription();
    if (before && isFor(before, publicKey)) return before;
    await before?.unsubscribe();
    const options = { userVisibleOnly: true, applicationServerKey: publicKey };
    return await registration.pushManager.subscribe(options);
  } catch {
    throw new PushFailure(UNREACHED);
  }
}
