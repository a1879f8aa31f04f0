/** Time on task: counted only while the page is visible and the person active, in one tab at a time; reported now and then. */

import type { ActivityObject, Verb } from "../../../../contract";
import { CommandError } from "../../errors";

/** What somebody works on. */
export interface TrackedActivity {
  courseId: string;
  object: ActivityObject;
  /** `opened` where it is not given; `played` for a medium. */
  verb?: Verb;
}

export interface TimeReport {
  course_id: string;
  verb: Verb;
  object: ActivityObject;
  duration_ms: number;
}

/** What the tracker needs of the page and its tabs. Tests pass their own. */
export interface ActivityEnvironment {
  /** Milliseconds, from anywhere; never falls, also when the clock is set. */
  now(): number;
  setTimer(callback: () => void, ms: number): unknown;
  clearTimer(timer: unknown): void;
  isVisible(): boolean;
  /** Whether a medium plays on the page. */
  isPlaying(): boolean;
  /** Call back on pointer, key and scroll (`input`), when the page is shown or hidden, and when it is left. */
  watch(on: { input(): void; visibility(): void; leaving(): void }): () => void;
  /** One person's tabs of this browser: `claim` tells the others, `lost` is called when another one claims. */
  openTabs(userId: string, lost: () => void): { claim(): void; close(): void };
}

/** Somebody who has touched nothing for so long does something else. */
export const IDLE_MS = 60_000;
export const REPORT_MS = 30_000;
const TICK_MS = 5_000;
/** Timers that stood still for so long tell of a device that slept: that time is nobody's. */
const MOST_GAP_MS = 4 * TICK_MS;
/** A page that is only flipped through is not worth a report; it goes with the next one. */
const LEAST_MS = 1_000;
/** Bound of one report: `DURATION_AT_MOST_MS` of the contract. What could not be said beyond it is given up. */
export const MOST_MS = 14_400_000;

interface Tracked {
  activity: TrackedActivity;
  /** Milliseconds that nobody was told of. */
  ms: number;
}

export class ActivityTracker {
  readonly #world: ActivityEnvironment;
  readonly #record: (report: TimeReport) => Promise<void>;
  readonly #failed: (error: unknown) => void;
  /** The one that began last is what the person works on; those below it wait. */
  readonly #stack: Tracked[] = [];
  #userId: string | null = null;
  #tabs: { claim(): void; close(): void } | null = null;
  #stopWatching: (() => void) | null = null;
  #timer: unknown = null;
  /** No other tab of this person counts now. */
  #isOurs = false;
  #activeUntil = 0;
  #countedTo = 0;
  #reportedAt = 0;
  #wasVisible = false;

  constructor(
    world: ActivityEnvironment,
    record: (report: TimeReport) => Promise<void>,
    failed: (error: unknown) => void,
  ) {
    this.#world = world;
    this.#record = record;
    this.#failed = failed;
  }

  /** Somebody is signed in. */
  begin(userId: string): void {
    this.#userId = userId;
    if (this.#stack.length > 0) this.#start();
  }

  /** Somebody signs out: what was not reported is, before the connection ends. */
  end(): void {
    this.#account();
    for (const tracked of this.#stack) this.#report(tracked, 1);
    this.#stop();
    this.#userId = null;
  }

  /** Count for this from now on, until the returned function is called; then for what was tracked before. */
  track(activity: TrackedActivity): () => void {
    const tracked: Tracked = { activity, ms: 0 };
    this.#account();
    this.#reportTop();
    this.#stack.push(tracked);
    if (this.#userId !== null && this.#stack.length === 1) this.#start();
    // Opening something is something that a person did.
    else this.#input();
    return () => {
      const index = this.#stack.indexOf(tracked);
      if (index < 0) return;
      this.#account();
      this.#report(tracked);
      this.#stack.splice(index, 1);
      if (this.#stack.length === 0) this.#stop();
    };
  }

  // The page

  #start(): void {
    if (this.#userId === null || this.#tabs) return;
    this.#tabs = this.#world.openTabs(this.#userId, () => {
      this.#account();
      this.#isOurs = false;
    });
    this.#stopWatching = this.#world.watch({
      input: () => this.#input(),
      visibility: () => this.#visibility(),
      leaving: () => {
        this.#account();
        this.#reportTop(1);
      },
    });
    this.#countedTo = this.#reportedAt = this.#world.now();
    this.#wasVisible = this.#world.isVisible();
    this.#input();
    this.#tick();
  }

  #stop(): void {
    if (!this.#tabs) return;
    this.#world.clearTimer(this.#timer);
    this.#stopWatching?.();
    this.#tabs.close();
    this.#tabs = null;
    this.#isOurs = false;
  }

  #input(): void {
    if (!this.#tabs || !this.#world.isVisible()) return;
    this.#account();
    this.#activeUntil = this.#world.now() + IDLE_MS;
    this.#claim();
  }

  #visibility(): void {
    this.#account();
    this.#wasVisible = this.#world.isVisible();
    if (this.#wasVisible) this.#input();
    else this.#reportTop();
  }

  #claim(): void {
    if (this.#isOurs) return;
    this.#isOurs = true;
    this.#tabs?.claim();
  }

  #tick(): void {
    this.#timer = this.#world.setTimer(() => {
      this.#account();
      if (this.#world.now() - this.#reportedAt >= REPORT_MS) this.#reportTop();
      this.#tick();
    }, TICK_MS);
  }

  // Counting

  /** Add the time since the last look, as far as it was spent here. */
  #account(): void {
    const now = this.#world.now();
    const from = this.#countedTo;
    this.#countedTo = now;
    const top = this.#stack.at(-1);
    if (!top || !this.#tabs) return;
    const isPlaying = this.#wasVisible && this.#world.isPlaying();
    const until = isPlaying ? now : Math.min(now, this.#activeUntil);
    if (isPlaying) this.#activeUntil = now + IDLE_MS;
    if (!this.#wasVisible || !this.#isOurs || now - from > MOST_GAP_MS) return;
    top.ms = Math.min(MOST_MS, top.ms + Math.max(0, until - from));
  }

  #reportTop(least = LEAST_MS): void {
    const top = this.#stack.at(-1);
    if (top) this.#report(top, least);
  }

  #report(tracked: Tracked, least = LEAST_MS): void {
    const ms = Math.round(tracked.ms);
    if (ms < least || this.#userId === null) return;
    tracked.ms = 0;
    this.#reportedAt = this.#world.now();
    const { courseId, object, verb = "opened" } = tracked.activity;
    this.#record({ course_id: courseId, verb, object, duration_ms: ms }).catch((error: unknown) => {
      if (!(error instanceof CommandError)) return this.#failed(error);
      // It waits in the outbox for the next page; or, when there is no room for it, here for the next report.
      if (error.details?.["kept"] === true) return;
      if (error.retryable) tracked.ms = Math.min(MOST_MS, tracked.ms + ms);
      else this.#failed(error);
    });
  }
}
