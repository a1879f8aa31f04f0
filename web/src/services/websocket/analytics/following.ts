/** Who follows what: joins the channels of courses and jobs, loads what they show, and loads it anew after a gap (SUB3). */

import type { AnalyticsCommands, Job, Position, Window } from "../../../contract";
import type { Environment } from "../environment";
import { CommandError, explain } from "../errors";
import type { StateStore } from "../stateStore";
import type { NamedTimers } from "../timers";
import { cohortChannel, courseChannel, jobChannel, parsed } from "./channels";
import type { AnalyticsFilters, ListName } from "./filters";
import { ALL_LISTS, DEFAULT_WINDOW, OWN, scopeOf, seriesKey } from "./filters";
import { LONGEST, Loading, mayHave, type Read } from "./loading";
import { SeriesKeeper } from "./series";
import type { AnalyticsState } from "./state";
import * as fold from "./state";
import { Uses } from "./uses";

/** A snapshot that could not be loaded is tried again after this. */
const SNAPSHOT_AGAIN_MS = 3_000;
/** Nobody says who is at risk: the list is read again when the course's figures say so, not too often. */
const REVIEW_MS = 15_000;
/** One's own figures come by themselves for a day only; those of other windows are read again, at most so often. */
const OWN_AGAIN_MS = 10_000;

interface Surroundings {
  store: StateStore<AnalyticsState>;
  environment: Environment;
  timers: NamedTimers;
  /** Milliseconds since 1970, by the server's clock. */
  now: () => number;
  isConnected: () => boolean;
  read: Read;
  readSeries: (
    payload: AnalyticsCommands["metrics.series"]["payload"],
  ) => Promise<AnalyticsCommands["metrics.series"]["result"]>;
  readJob: (jobId: string) => Promise<Job>;
  /** A report about a job that came as an answer. */
  jobArrived: (job: Job) => void;
  join: (channel: string) => void;
  leave: (channel: string) => void;
  snapshotLoaded: (channel: string, position: Position) => void;
}

export class Following {
  readonly #around: Surroundings;
  readonly #uses: Uses;
  readonly #loading: Loading;
  readonly #series: SeriesKeeper;

  constructor(around: Surroundings) {
    this.#around = around;
    this.#uses = new Uses(around.environment);
    this.#loading = new Loading(around);
    this.#series = new SeriesKeeper({
      ...around,
      random: around.environment.random,
      read: around.readSeries,
    });
  }

  /** Load what a filter means and keep it up to date, until the returned function is called. */
  follow(filters: AnalyticsFilters): () => void {
    const id = scopeOf(filters);
    const { window = DEFAULT_WINDOW, lists = ALL_LISTS, jobIds = [], series = [] } = filters;
    const stops = [this.#keepScope(id)];
    if (id !== OWN) {
      stops.push(this.#keepWindow(id, window));
      for (const query of series)
        stops.push(
          this.#uses.take(
            `series:${seriesKey(id, query)}`,
            () => {
              this.#series.open(id, query);
              if (this.#isKnown(id)) this.#series.start(id);
            },
            () => this.#series.close(id, query),
          ),
        );
    }
    for (const name of lists) stops.push(this.#keepList(id, name));
    for (const jobId of jobIds) stops.push(this.job(jobId));
    return () => {
      for (const stop of stops) stop();
    };
  }

  /** Listen to one job, until the returned function is called. */
  job(jobId: string): () => void {
    const channel = jobChannel(jobId);
    return this.#uses.take(
      channel,
      () => this.#around.join(channel),
      () => {
        this.#around.leave(channel);
        this.#set(fold.jobRefused(this.#state, jobId, null));
      },
    );
  }

  more(filters: AnalyticsFilters, name: ListName): Promise<void> {
    return this.#loading.more(scopeOf(filters), name);
  }

  /** Load again what has failed, or all of it. Does not fail: it says so itself. */
  async reload(filters: AnalyticsFilters): Promise<void> {
    const id = scopeOf(filters);
    const scope = this.#state.scopes[id];
    if (!scope) return;
    if (scope.as === null) return this.#joinCourse(id);
    await this.#loadAnew(id).catch(() => undefined);
  }

  // What the service tells

  /** A connection begins: nothing is known yet, and all that somebody follows is joined. */
  opened(): void {
    for (const channel of this.#uses.under("job:")) this.#around.join(jobChannel(channel));
    for (const id of this.#uses.under("scope:")) this.#begin(id);
    this.#series.forget();
  }

  /** Nobody is connected any more; what somebody follows begins again with the next connection. */
  closed(): void {
    for (const id of this.#uses.under("scope:")) this.#set(fold.scopeOpened(this.#state, id, asAtFirst(id)));
    this.#series.forget();
  }

  /** A session stands. */
  ready(): void {
    if (this.#state.scopes[OWN]) this.#loadMissing(OWN);
  }

  subscribed(channel: string): void {
    const about = parsed(channel);
    if (about?.kind !== "course" && about?.kind !== "cohort") return;
    const { id, kind } = about;
    const scope = this.#state.scopes[id];
    if (!scope) return;
    if (scope.as !== kind) this.#set(fold.patchScope(this.#state, id, { as: kind, error: null }));
    this.#set(fold.patchScope(this.#state, id, { stale: false }));
    this.#loadMissing(id);
  }

  /** A channel was refused, or taken away. Whoever is not of the staff has the cohort. */
  gone(channel: string, reason: string): void {
    const about = parsed(channel);
    if (!about || about.kind === "user") return;
    const { id, kind } = about;
    const code = reason === "forbidden" || reason === "disabled" ? reason : "not_found";
    const error = explain({ code, message: "" });
    if (kind === "job") return this.#set(fold.jobRefused(this.#state, id, error));
    if (!this.#state.scopes[id]) return;
    this.#around.timers.cancel(`review:${id}`);
    if (kind === "course" && reason === "forbidden") {
      this.#set(fold.scopeOpened(this.#state, id));
      this.#around.join(cohortChannel(id));
      return;
    }
    this.#set(fold.patchScope(fold.scopeOpened(this.#state, id), id, { error }));
  }

  async snapshotNeeded(channel: string, position: Position): Promise<void> {
    const about = parsed(channel);
    const id = about?.kind === "user" ? OWN : (about?.id ?? OWN);
    const { timers, snapshotLoaded } = this.#around;
    try {
      if (about?.kind === "job") await this.#readJob(id);
      else if (this.#state.scopes[id]) await this.#scopeAnew(id, about?.kind);
      else if (id === OWN) await this.#jobsAnew(id);
      snapshotLoaded(channel, position);
    } catch {
      const again = () => void this.snapshotNeeded(channel, position);
      timers.set(`snapshot:${channel}`, SNAPSHOT_AGAIN_MS, again);
    }
  }

  /** Figures of a course have come. */
  moved(courseId: string, before: AnalyticsState): void {
    this.#series.moved(courseId);
    const risk = ({ scopes }: AnalyticsState) => scopes[courseId]?.metrics;
    const [was, is] = [risk(before), risk(this.#state)];
    const changed = Object.values(is ?? {}).some(({ window, at_risk }) => was?.[window]?.at_risk !== at_risk);
    if (changed) this.#reviewSoon(courseId);
  }

  /** A learner has done something, or their figures of the last day have come: those of the windows in use are read. */
  ownMoved(courseId: string): void {
    const { timers, isConnected } = this.#around;
    const { own } = this.#state.scopes[courseId] ?? {};
    const windows = () => this.#windows(courseId).filter((window) => own?.[window]);
    if (windows().length === 0 || timers.has(`own:${courseId}`)) return;
    timers.set(`own:${courseId}`, OWN_AGAIN_MS, () => {
      if (!isConnected()) return;
      for (const window of windows()) void this.#loading.figures(courseId, window).catch(() => undefined);
    });
  }

  /** Lists that have grown too long by what was said are loaded anew. */
  trim(): void {
    for (const [id, { lists }] of Object.entries(this.#state.scopes)) {
      for (const name of ALL_LISTS) {
        const { items, fresh } = lists[name];
        if (items.length > LONGEST && fresh === null)
          void this.#loading.again(id, name).catch(() => undefined);
      }
    }
  }

  // Parts

  get #state(): AnalyticsState {
    return this.#around.store.getSnapshot();
  }

  #set(state: AnalyticsState): void {
    this.#around.store.set(state);
  }

  #isKnown(id: string): boolean {
    return this.#around.isConnected() && (this.#state.scopes[id]?.as ?? null) !== null;
  }

  #keepScope(id: string): () => void {
    return this.#uses.take(
      `scope:${id}`,
      () => this.#begin(id),
      () => {
        this.#around.timers.cancel(`review:${id}`);
        this.#around.timers.cancel(`own:${id}`);
        if (id !== OWN) {
          this.#around.leave(courseChannel(id));
          this.#around.leave(cohortChannel(id));
        }
        this.#set(fold.scopeClosed(this.#state, id));
      },
    );
  }

  #begin(id: string): void {
    this.#set(fold.scopeOpened(this.#state, id, asAtFirst(id)));
    if (id !== OWN) this.#around.join(courseChannel(id));
  }

  /** The server decides whether we are staff: when it refuses this channel we join the cohort's. */
  #joinCourse(id: string): void {
    this.#set(fold.scopeOpened(this.#state, id));
    this.#around.leave(cohortChannel(id));
    this.#around.join(courseChannel(id));
  }

  #keepList(id: string, name: ListName): () => void {
    return this.#uses.take(
      `list:${name}:${id}`,
      () => {
        if (this.#isKnown(id)) void this.#loading.first(id, name);
      },
      () => undefined,
    );
  }

  #keepWindow(id: string, window: Window): () => void {
    return this.#uses.take(
      `window:${window}:${id}`,
      () => {
        if (this.#isKnown(id)) void this.#loading.figures(id, window).catch(() => undefined);
      },
      () => undefined,
    );
  }

  #lists(id: string): ListName[] {
    const as = this.#state.scopes[id]?.as ?? null;
    return ALL_LISTS.filter((name) => mayHave(as, name) && this.#uses.has(`list:${name}:${id}`));
  }

  #windows(id: string): Window[] {
    return (["5m", "1h", "1d", "7d"] as const).filter((window) => this.#uses.has(`window:${window}:${id}`));
  }

  #loadMissing(id: string): void {
    for (const name of this.#lists(id)) void this.#loading.first(id, name);
    const figures = this.#state.scopes[id]?.figures ?? {};
    for (const window of this.#windows(id).filter((one) => figures[one] !== "ready"))
      void this.#loading.figures(id, window).catch(() => undefined);
    this.#series.start(id);
  }

  async #loadAnew(id: string): Promise<void> {
    this.#series.restart(id);
    await Promise.all(
      [
        ...this.#lists(id).map((name) => this.#loading.again(id, name)),
        ...this.#windows(id).map((window) => this.#loading.figures(id, window)),
      ].map(unlessRefused),
    );
  }

  async #scopeAnew(id: string, kind: string | undefined): Promise<void> {
    const { as } = this.#state.scopes[id] ?? {};
    // The first subscription of a session may ask for a snapshot before it is live.
    if (as === null && (kind === "course" || kind === "cohort"))
      this.#set(fold.patchScope(this.#state, id, { as: kind, error: null }));
    this.#set(fold.patchScope(this.#state, id, { stale: true }));
    await this.#loadAnew(id);
    if (!this.#lists(id).includes("jobs")) await this.#jobsAnew(id);
    if (id === OWN) this.#set(fold.patchScope(this.#state, id, { stale: false }));
  }

  /** Nobody lists these jobs, but what we know of them may have ended meanwhile. */
  async #jobsAnew(id: string): Promise<void> {
    if (id !== OWN && this.#state.scopes[id]?.as !== "course") return;
    const { items } = await this.#around.read("job.list", id === OWN ? {} : { course_id: id });
    for (const job of items) this.#around.jobArrived(job);
  }

  async #readJob(jobId: string): Promise<void> {
    await unlessRefused(this.#around.readJob(jobId).then((job) => this.#around.jobArrived(job)));
  }

  #reviewSoon(id: string): void {
    const { timers } = this.#around;
    if (timers.has(`review:${id}`)) return;
    timers.set(`review:${id}`, REVIEW_MS, () => {
      const isReady = this.#state.scopes[id]?.lists.atRisk.phase === "ready";
      if (isReady && this.#around.isConnected())
        void this.#loading.again(id, "atRisk").catch(() => undefined);
    });
  }
}

/** What is refused for good is no reason to ask again: a list says so itself, and a job's channel too. */
async function unlessRefused(loading: Promise<void>): Promise<void> {
  try {
    await loading;
  } catch (error) {
    if (!(error instanceof CommandError) || error.retryable) throw error;
  }
}

const asAtFirst = (id: string): "own" | null => (id === OWN ? "own" : null);
