/** The `/analytics` namespace: its commands as methods, and everything it has said, folded into one state. */

import type {
  AnalyticsCommands,
  AnalyticsEvents,
  Job,
  Metrics,
  OwnMetrics,
  Position,
  Ready,
  RecordActivity,
} from "../../contract";
import { browserActivity } from "./analytics/activity/browser";
import {
  type ActivityEnvironment,
  ActivityTracker,
  type TrackedActivity,
} from "./analytics/activity/tracker";
import { Cancelling } from "./analytics/cancelling";
import { folded } from "./analytics/events";
import type { AnalyticsFilters, ListName } from "./analytics/filters";
import { Following } from "./analytics/following";
import { misshapen } from "./analytics/shape";
import * as fold from "./analytics/state";
import { type AnalyticsState, initialState } from "./analytics/state";
import { type AnalyticsUpdate, isMeant, newsEvents, Told } from "./analytics/updates";
import type { ProgressUpdate } from "./analytics/view";
import { CommandError } from "./errors";
import { newKey } from "./keys";
import { Listeners } from "./listeners";
import { NamespaceService } from "./namespaceService";
import type { Answer, EventMeta, Queued } from "./protocol";
import type { ServiceOptions } from "./serviceOptions";
import { StateStore } from "./stateStore";
import { NamedTimers } from "./timers";

/** Something that the person did. When it is not given, `at` is now, also when it is sent much later. */
export type ActivityToRecord = Omit<RecordActivity, "key">;

export interface AnalyticsServiceOptions extends ServiceOptions {
  /** What time on task is seen by; the browser's own where it is not given. */
  activity?: ActivityEnvironment;
}

export class AnalyticsWebSocketService extends NamespaceService<AnalyticsCommands, AnalyticsEvents> {
  /** What is known, for `useSyncExternalStore`. */
  readonly store: StateStore<AnalyticsState>;

  readonly #timers: NamedTimers;
  readonly #following: Following;
  readonly #cancelling: Cancelling;
  readonly #tracker: ActivityTracker;
  readonly #news = new Listeners();
  readonly #told = new Told();
  /** How to end what `subscribeToProgressUpdates` began. */
  readonly #progress = new Set<() => void>();
  /** Milliseconds by which the server's clock is ahead of ours. */
  #ahead = 0;

  constructor(options: AnalyticsServiceOptions = {}) {
    super("/analytics", options);
    const { environment } = this;
    this.store = new StateStore(initialState, environment);
    this.#timers = new NamedTimers(environment);
    this.#following = new Following({
      store: this.store,
      environment,
      timers: this.#timers,
      now: () => this.#now(),
      isConnected: () => this.isConnected,
      read: (command, payload) => this.request(command, payload),
      readSeries: (payload) => this.request("metrics.series", payload),
      readJob: async (job_id) => (await this.request("job.read", { job_id })).job,
      jobArrived: (job) => this.#jobArrived(job),
      join: (channel) => this.join(channel),
      leave: (channel) => this.leave(channel),
      snapshotLoaded: (channel, position) => this.snapshotLoaded(channel, position),
    });
    this.#cancelling = new Cancelling({
      store: this.store,
      now: environment.now,
      request: (payload) => this.request("job.cancel", payload),
      arrived: (job) => this.#jobArrived(job),
    });
    this.#tracker = new ActivityTracker(
      options.activity ?? browserActivity(),
      (activity) => this.recordActivity(activity),
      environment.report,
    );
  }

  get analytics(): AnalyticsState {
    return this.store.getSnapshot();
  }

  override get listeners(): number {
    return super.listeners + this.#news.count;
  }

  override disconnect(): void {
    this.#tracker.end();
    super.disconnect();
  }

  // Callbacks, for those who keep their own state

  /** Whatever a filter means, each thing once; with a course its channel is joined until the returned function is called. */
  subscribeToAnalyticsUpdates(
    callback: (update: AnalyticsUpdate) => void,
    filters: AnalyticsFilters = {},
  ): () => void {
    const { courseId, jobIds = [] } = filters;
    const tell = (update: AnalyticsUpdate) => {
      if (isMeant(update, filters)) callback(update);
    };
    const stops = newsEvents.map((event) =>
      this.#news.add(event, (data: never) => tell({ event, data } as AnalyticsUpdate)),
    );
    if (courseId !== undefined) stops.push(this.follow({ courseId, lists: [] }));
    for (const jobId of jobIds) stops.push(this.#following.job(jobId));
    return () => {
      for (const stop of stops) stop();
    };
  }

  /** How a job gets on: first as it stands, then whenever it moves, until the returned function is called. */
  subscribeToProgressUpdates(jobId: string, callback: (progress: ProgressUpdate) => void): () => void {
    let told = -1;
    const mine = (job: Job) => {
      if (job.id !== jobId || job.revision <= told) return;
      told = job.revision;
      callback(job);
    };
    const stops = [
      this.#news.add("job.progressed", mine as (data: never) => void),
      this.#news.add("job.finished", mine as (data: never) => void),
      this.#following.job(jobId),
    ];
    const stop = () => {
      this.#progress.delete(stop);
      for (const one of stops) one();
    };
    this.#progress.add(stop);
    const known = this.analytics.jobs[jobId];
    if (known)
      queueMicrotask(() => {
        if (this.#progress.has(stop)) mine(this.analytics.jobs[jobId] ?? known);
      });
    return stop;
  }

  subscribeToMetrics(callback: (metrics: Metrics) => void): () => void {
    return this.#news.add("metrics.updated", callback as (data: never) => void);
  }

  /** Forget every callback of an event. `job.progressed` also ends what `subscribeToProgressUpdates` began. */
  override unsubscribe(event: keyof AnalyticsEvents & string): void {
    super.unsubscribe(event);
    this.#news.clear(event);
    if (event === "job.progressed") for (const stop of [...this.#progress]) stop();
  }

  // What somebody looks at

  /** Load what a filter means and keep it up to date, until the returned function is called by everyone who uses it. */
  follow(filters: AnalyticsFilters = {}): () => void {
    return this.#following.follow(filters);
  }

  /** Load the next page of a list. Does not fail: what is here stays. */
  loadMore(list: ListName, filters: AnalyticsFilters = {}): Promise<void> {
    return this.#following.more(filters, list);
  }

  /** Load again, after something has failed. Asks anew whether we are staff, where we may see nothing. */
  reload(filters: AnalyticsFilters = {}): Promise<void> {
    return this.#following.reload(filters);
  }

  // What one can do

  /** Ask for a job's end. It shows at once. @throws {CommandError} and nothing has changed. */
  cancelJob(jobId: string): Promise<void> {
    return this.#cancelling.cancel(jobId);
  }

  /** Say what the person did. Waits for a connection and survives a reload. @throws {CommandError} */
  async recordActivity(activity: ActivityToRecord): Promise<void> {
    const { now } = this.environment;
    const at = activity.at ?? new Date(this.#now()).toISOString();
    await this.request("activity.record", { key: newKey(now()), ...activity, at });
    this.#following.ownMoved(activity.course_id);
  }

  /** Report time on task for something, until the returned function is called: only while it is looked at and worked on. */
  trackActivity(activity: TrackedActivity): () => void {
    return this.#tracker.track(activity);
  }

  // What the base class tells

  protected override opened(): void {
    this.#forget();
    this.#tracker.begin(this.userId ?? "");
    this.#following.opened();
  }

  protected override closed(): void {
    this.#timers.clear();
    this.#told.forget();
    this.#forget();
    this.#following.closed();
  }

  protected override restored(left: readonly Queued[]): void {
    this.#cancelling.restore(left);
  }

  protected override settled(queued: Queued, answer: Answer): void {
    this.#cancelling.settled(queued, answer);
    const lost = queued.command === "activity.record" && !answer.ok;
    if (lost) this.environment.report(new CommandError(answer.error));
  }

  protected override snapshotNeeded(channel: string, position: Position): void {
    void this.#following.snapshotNeeded(channel, position);
  }

  protected override subscribed(channel: string): void {
    this.#following.subscribed(channel);
  }

  protected override unsubscribed(channel: string, reason: string): void {
    this.#following.gone(channel, reason);
  }

  protected override misshapen(event: string, data: unknown): string | null {
    return misshapen(event, data);
  }

  protected override received(event: string, data: unknown, meta: EventMeta): void {
    if (event === "session.ready") return this.#ready(data as Ready);
    const before = this.analytics;
    this.#set(folded(before, event, data));
    if (this.#isNews(event, data, before)) this.#news.tell(event, data, meta, this.environment.report);
    if (event === "metrics.updated") this.#following.moved((data as Metrics).course_id, before);
    if (event === "own_metrics.updated") this.#following.ownMoved((data as OwnMetrics).course_id);
    this.#following.trim();
  }

  // Parts

  #set(state: AnalyticsState): void {
    this.store.set(state);
  }

  #now(): number {
    return this.environment.now() + this.#ahead;
  }

  #forget(): void {
    this.#set({ ...initialState, me: this.userId });
  }

  #ready({ server_time }: Ready): void {
    const server = Date.parse(server_time);
    // The way here took a while: by this the server's clock is never ahead of itself.
    if (!Number.isNaN(server)) this.#ahead = server - this.environment.now();
    this.#following.ready();
  }

  #jobArrived(job: Job): void {
    const before = this.analytics;
    this.#set(fold.jobArrived(before, job));
    if (this.analytics === before) return;
    this.#news.tell("job.progressed", job, { channel: "" }, this.environment.report);
  }

  /** Whether callbacks have not heard it yet: the same thing comes over several channels, or late. */
  #isNews(event: string, data: unknown, before: AnalyticsState): boolean {
    switch (event as keyof AnalyticsEvents) {
      case "milestone.reached":
      case "alert.raised":
        return this.#told.first((data as { id: string }).id);
      case "alert.cleared":
        return this.#told.first(`${(data as { id: string }).id} cleared`);
      case "metrics.updated":
      case "own_metrics.updated":
        return this.analytics !== before || !before.scopes[(data as Metrics).course_id];
      default:
        return this.analytics !== before;
    }
  }
}
