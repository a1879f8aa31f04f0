/** What is known of courses, jobs and milestones, folded from answers and events by pure functions: no socket, no clock. */

import type {
  Alert,
  Job,
  LearnerAtRisk,
  Metrics,
  Milestone,
  OwnMetrics,
  Point,
  Window,
} from "../../../contract";
import type { ListName, SeriesQuery } from "./filters";
import { OWN } from "./filters";
import { byCreation, isNewer, isOver, order } from "./jobs";

/** Bound of jobs that are kept; above it those that moved longest ago and that no list holds are forgotten. */
export const MOST_JOBS = 1_000;
/** Bound of figures kept of a window: five minutes of them, at one a second. */
export const MOST_TRAIL = 300;
/** Bound of alerts that are known to hold no more: a page is under way for seconds. */
const MOST_CLEARED = 200;

/** A list that comes in pages, the newest first. */
export interface Paged<Item> {
  phase: "idle" | "loading" | "ready" | "failed";
  /** Why it failed, in plain words. */
  error: string | null;
  items: readonly Item[];
  /** Where the next page begins; null at the end. */
  cursor: string | null;
  loadingMore: boolean;
  /** What was said since its first page was asked for: the page may be older. Null while none is under way. */
  fresh: readonly Item[] | null;
}

export interface Lists {
  /** Ids: the jobs themselves are in `AnalyticsState.jobs`. */
  jobs: Paged<string>;
  milestones: Paged<Milestone>;
  alerts: Paged<Alert>;
  atRisk: Paged<LearnerAtRisk>;
}

/** The figures of a window at one time, for a line that moves with the class. */
export type TrailPoint = Pick<
  Metrics,
  "at" | "active_now" | "active_learners" | "events_per_minute" | "time_on_task_s"
>;

/** A course as one may see it; or what concerns oneself. */
export interface Scope {
  /** `course`: as its staff. `cohort`: as everybody enrolled. `own`: not a course. Null: the server has not said yet. */
  as: "course" | "cohort" | "own" | null;
  /** Why there is nothing to see, in plain words. */
  error: string | null;
  /** Something was missed, and is being loaded anew. */
  stale: boolean;
  /** How the first read of each window's figures stands; later ones are silent. */
  figures: Readonly<Partial<Record<Window, "loading" | "ready" | "failed">>>;
  metrics: Readonly<Partial<Record<Window, Metrics>>>;
  own: Readonly<Partial<Record<Window, OwnMetrics>>>;
  /** The latest figures of each window, oldest first. */
  trail: Readonly<Partial<Record<Window, readonly TrailPoint[]>>>;
  lists: Lists;
  /** Ids of alerts that hold no more: a page that was asked for before may still have them. The latest ones. */
  cleared: readonly string[];
}

/** A metric over time, as far as it is loaded. */
export interface SeriesState {
  query: SeriesQuery;
  phase: "loading" | "ready" | "failed";
  error: string | null;
  scope: "course" | "cohort" | null;
  /** Whole buckets without a hole, oldest first. */
  points: readonly Point[];
}

/** Somebody wants a job to end, and the server has not answered: shown as if it had been asked for. */
export interface PendingCancel {
  key: string;
  jobId: string;
}

export interface AnalyticsState {
  /** Who we are; by it we know what is our own. */
  me: string | null;
  /** The newest report about each. */
  jobs: Readonly<Record<string, Job>>;
  /** By course id; under `OWN` what concerns oneself. Only those that somebody follows. */
  scopes: Readonly<Record<string, Scope>>;
  /** By `seriesKey`. */
  series: Readonly<Record<string, SeriesState>>;
  cancels: readonly PendingCancel[];
  /** Why a job that somebody follows is not shown, in plain words, by its id. */
  jobErrors: Readonly<Record<string, string>>;
}

export const initialState: AnalyticsState = {
  me: null,
  jobs: {},
  scopes: {},
  series: {},
  cancels: [],
  jobErrors: {},
};

const noList = {
  phase: "idle",
  error: null,
  items: [],
  cursor: null,
  loadingMore: false,
  fresh: null,
} as const;

const emptyScope: Scope = {
  as: null,
  error: null,
  stale: false,
  figures: {},
  metrics: {},
  own: {},
  trail: {},
  lists: { jobs: noList, milestones: noList, alerts: noList, atRisk: noList },
  cleared: [],
};

// Scopes

/** Somebody follows it; or it is something else to us than before, and all that we knew of it goes. */
export const scopeOpened = (state: AnalyticsState, id: string, as: Scope["as"] = null): AnalyticsState => ({
  ...state,
  scopes: { ...state.scopes, [id]: { ...emptyScope, as } },
});

export function scopeClosed(state: AnalyticsState, id: string): AnalyticsState {
  const { [id]: _closed, ...scopes } = state.scopes;
  return { ...state, scopes };
}

export function patchScope(state: AnalyticsState, id: string, patch: Partial<Scope>): AnalyticsState {
  const scope = state.scopes[id];
  return scope ? { ...state, scopes: { ...state.scopes, [id]: { ...scope, ...patch } } } : state;
}

export function patchList<Name extends ListName>(
  state: AnalyticsState,
  id: string,
  name: Name,
  patch: Partial<Lists[Name]>,
): AnalyticsState {
  const lists = state.scopes[id]?.lists;
  return lists ? patchScope(state, id, { lists: { ...lists, [name]: { ...lists[name], ...patch } } }) : state;
}

// Lists

/** Its first page was asked for. */
export const listAsked = (state: AnalyticsState, id: string, name: ListName): AnalyticsState =>
  patchList(state, id, name, {
    fresh: [],
    ...(state.scopes[id]?.lists[name].phase !== "ready" && { phase: "loading", error: null }),
  });

/** A page of anything but jobs: the first one is the list anew, a further one goes below. */
export function pageLoaded<Name extends Exclude<ListName, "jobs">>(
  state: AnalyticsState,
  id: string,
  name: Name,
  page: { items: Lists[Name]["items"]; next_cursor?: string },
  isFirst: boolean,
): AnalyticsState {
  const list = state.scopes[id]?.lists[name];
  if (!list) return state;
  const earlier = (isFirst ? (list.fresh ?? []) : list.items) as readonly Milestone[];
  const loaded = page.items as readonly Milestone[];
  const held = new Set([...earlier.map(idOf), ...(state.scopes[id]?.cleared ?? [])]);
  const items = [...earlier, ...loaded.filter((item) => !held.has(idOf(item)))];
  return patchList(
    state,
    id,
    name,
    listPatch(list, items, page.next_cursor, isFirst) as Partial<Lists[Name]>,
  );
}

/** A page of jobs. Those of which newer reports have come stay as they are. */
export function jobPageLoaded(
  state: AnalyticsState,
  id: string,
  page: { items: readonly Job[]; next_cursor?: string },
  isFirst: boolean,
): AnalyticsState {
  const next = page.items.reduce(jobArrived, state);
  const list = next.scopes[id]?.lists.jobs;
  if (!list) return next;
  const earlier = isFirst ? (list.fresh ?? []) : list.items;
  const ids = [...new Set([...earlier, ...page.items.map((job) => job.id)])];
  const items = sortedIds(next.jobs, ids);
  return collected(patchList(next, id, "jobs", listPatch(list, items, page.next_cursor, isFirst)));
}

const listPatch = <Item>(
  list: Paged<unknown>,
  items: readonly Item[],
  cursor: string | undefined,
  isFirst: boolean,
): Paged<Item> => ({
  phase: "ready",
  error: null,
  items,
  cursor: cursor ?? null,
  loadingMore: false,
  fresh: isFirst ? null : (list.fresh as readonly Item[] | null),
});

/** Milestones and alerts have ids; a learner is at risk once. */
const idOf = (item: { id?: string; user_id?: string }): string => item.id ?? item.user_id ?? "";

// Jobs

/** A report about a job, by whatever channel; the same state when it is not news. */
export function jobArrived(state: AnalyticsState, job: Job): AnalyticsState {
  if (!isNewer(job, state.jobs[job.id])) return state;
  const jobs = { ...state.jobs, [job.id]: job };
  const cancels = isOver(job) ? state.cancels.filter(({ jobId }) => jobId !== job.id) : state.cancels;
  let next: AnalyticsState = { ...state, jobs, cancels };
  for (const [id, scope] of Object.entries(state.scopes)) {
    if (holdsJob(state, id, scope, job)) next = jobListed(next, id, job.id);
  }
  return Object.keys(jobs).length > MOST_JOBS ? collected(next) : next;
}

function holdsJob({ me }: AnalyticsState, id: string, { as }: Scope, job: Job): boolean {
  const isOwn = job.owner_id === me;
  return id === OWN ? isOwn : job.course_id === id && (as === "course" || isOwn);
}

function jobListed(state: AnalyticsState, id: string, jobId: string): AnalyticsState {
  const list = state.scopes[id]?.lists.jobs;
  if (!list || list.phase === "idle") return state;
  const fresh = list.fresh && (list.fresh.includes(jobId) ? list.fresh : [jobId, ...list.fresh]);
  if (list.items.includes(jobId))
    return fresh === list.fresh ? state : patchList(state, id, "jobs", { fresh });
  return patchList(state, id, "jobs", { items: sortedIds(state.jobs, [jobId, ...list.items]), fresh });
}

const sortedIds = (jobs: AnalyticsState["jobs"], ids: readonly string[]): string[] =>
  ids
    .flatMap((id) => jobs[id] ?? [])
    .sort(byCreation)
    .map(({ id }) => id);

/** Forget jobs above the bound: of those in no list the ones that moved longest ago, ended ones first. */
function collected(state: AnalyticsState): AnalyticsState {
  const all = Object.values(state.jobs);
  if (all.length <= MOST_JOBS) return state;
  const listed = new Set(
    Object.values(state.scopes).flatMap(({ lists }) => [...lists.jobs.items, ...(lists.jobs.fresh ?? [])]),
  );
  const free = all.filter(({ id }) => !listed.has(id));
  free.sort(
    (a, b) =>
      Number(isOver(b)) - Number(isOver(a)) || order(a.heartbeat_at, b.heartbeat_at) || order(a.id, b.id),
  );
  const jobs = { ...state.jobs };
  for (const { id } of free.slice(0, all.length - MOST_JOBS)) delete jobs[id];
  return { ...state, jobs };
}

/** A job that somebody follows is not for us, or not there; null: it may be again. */
export function jobRefused(state: AnalyticsState, jobId: string, error: string | null): AnalyticsState {
  const { [jobId]: before, ...others } = state.jobErrors;
  if (error === null) return before === undefined ? state : { ...state, jobErrors: others };
  return { ...state, jobErrors: { ...others, [jobId]: error } };
}

// Milestones and alerts

export function milestoneArrived(state: AnalyticsState, milestone: Milestone): AnalyticsState {
  let next = state;
  for (const id of Object.keys(state.scopes)) {
    const isHere = id === OWN ? milestone.user_id === state.me : milestone.course_id === id;
    if (isHere) next = itemArrived(next, id, "milestones", milestone);
  }
  return next;
}

export const alertArrived = (state: AnalyticsState, alert: Alert): AnalyticsState =>
  itemArrived(state, alert.course_id, "alerts", alert);

/** An alert holds no more. */
export function alertCleared(state: AnalyticsState, { id, course_id }: Alert): AnalyticsState {
  const scope = state.scopes[course_id];
  if (!scope) return state;
  const next = patchScope(state, course_id, { cleared: [...scope.cleared, id].slice(-MOST_CLEARED) });
  const others = (items: readonly Alert[]) => items.filter((one) => one.id !== id);
  const { items, fresh } = scope.lists.alerts;
  return patchList(next, course_id, "alerts", { items: others(items), fresh: fresh && others(fresh) });
}

function itemArrived<Name extends "milestones" | "alerts">(
  state: AnalyticsState,
  id: string,
  name: Name,
  item: Milestone | Alert,
): AnalyticsState {
  const list = state.scopes[id]?.lists[name] as Paged<Milestone | Alert> | undefined;
  if (!list || list.phase === "idle") return state;
  const put = (items: readonly (Milestone | Alert)[]) => [item, ...items.filter((one) => one.id !== item.id)];
  const isNew = !list.items.some((one) => one.id === item.id);
  const patch = { ...(isNew && { items: put(list.items) }), ...(list.fresh && { fresh: put(list.fresh) }) };
  return Object.keys(patch).length === 0
    ? state
    : patchList(state, id, name, patch as unknown as Partial<Lists[Name]>);
}

// Figures

/** How the read of a window's figures stands; once they are here they stay so. */
export function figuresAre(
  state: AnalyticsState,
  id: string,
  window: Window,
  phase: "loading" | "ready" | "failed",
): AnalyticsState {
  const figures = state.scopes[id]?.figures;
  if (!figures || figures[window] === "ready") return state;
  return patchScope(state, id, { figures: { ...figures, [window]: phase } });
}

/** Figures of a course. Those for others than us, and those that come late, say nothing. */
export function metricsArrived(state: AnalyticsState, metrics: Metrics): AnalyticsState {
  const { course_id, window, scope: audience, at } = metrics;
  const scope = state.scopes[course_id];
  const known = scope?.metrics[window];
  if (!scope || (scope.as !== null && scope.as !== audience) || (known && known.at >= at)) return state;
  const { active_now, active_learners, events_per_minute, time_on_task_s } = metrics;
  const point: TrailPoint = { at, active_now, active_learners, events_per_minute, time_on_task_s };
  return patchScope(state, course_id, {
    metrics: { ...scope.metrics, [window]: metrics },
    trail: { ...scope.trail, [window]: [...(scope.trail[window] ?? []), point].slice(-MOST_TRAIL) },
  });
}

/** One's own figures of a course. */
export function ownMetricsArrived(state: AnalyticsState, own: OwnMetrics): AnalyticsState {
  const scope = state.scopes[own.course_id];
  const known = scope?.own[own.window];
  if (!scope || (known && known.at >= own.at)) return state;
  return patchScope(state, own.course_id, { own: { ...scope.own, [own.window]: own } });
}

// Cancelling

export const cancelAsked = (state: AnalyticsState, pending: PendingCancel): AnalyticsState => ({
  ...state,
  cancels: [...state.cancels, pending],
});

export const cancelSettled = (state: AnalyticsState, key: string): AnalyticsState =>
  state.cancels.some((one) => one.key === key)
    ? { ...state, cancels: state.cancels.filter((one) => one.key !== key) }
    : state;
