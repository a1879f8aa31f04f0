/** What a screen asks of analytics: figures, lists, series and jobs by a filter, with what we have asked for already done. */

import type { Alert, Job, LearnerAtRisk, Metrics, Milestone, OwnMetrics, Window } from "../../../contract";
import type { AnalyticsFilters, ListName } from "./filters";
import { DEFAULT_WINDOW, OWN, scopeOf, seriesKey } from "./filters";
import { isOver } from "./jobs";
import type { AnalyticsState, Scope, SeriesState, TrailPoint } from "./state";

/** A job as it stands now. */
export type ProgressUpdate = Job;

/** What a filter shows, at one time. */
export interface AnalyticsData {
  courseId: string | null;
  /** `course`: as its staff. `cohort`: as everybody enrolled. `own`: without a course. Null: not known yet. */
  scope: Scope["as"];
  phase: "loading" | "ready" | "failed";
  /** Why there is nothing to see, in plain words. */
  error: string | null;
  /** Something was missed and is being loaded anew; without a connection everything is stale, which is not said here. */
  stale: boolean;
  /** Null before they are here, and where they are withheld. */
  metrics: Metrics | null;
  /** The cohort has under 5 active learners: its figures would tell of single people. */
  withheld: boolean;
  /** The caller's own figures, who is a learner there. */
  own: OwnMetrics | null;
  /** The latest figures as they came, oldest first; at most 300. */
  trail: readonly TrailPoint[];
  /** In the order of the filter's `series`. */
  series: readonly SeriesState[];
  /** The newest first. */
  jobs: readonly Job[];
  milestones: readonly Milestone[];
  alerts: readonly Alert[];
  /** The one longest away first. */
  atRisk: readonly LearnerAtRisk[];
  lists: Readonly<Record<ListName, ListStatus>>;
}

export interface ListStatus {
  phase: "idle" | "loading" | "ready" | "failed";
  error: string | null;
  hasMore: boolean;
  loadingMore: boolean;
}

/** A job with the end that we have asked for. */
export const shownJob = (state: Pick<AnalyticsState, "cancels">, job: Job): Job =>
  !job.cancel_requested && !isOver(job) && state.cancels.some(({ jobId }) => jobId === job.id)
    ? { ...job, cancel_requested: true }
    : job;

type Jobs = Pick<AnalyticsState, "jobs" | "cancels">;

/** The jobs of a filter, of those listed by id. */
export function shownJobs(
  state: Jobs,
  { courseId, jobStates = [] }: AnalyticsFilters,
  listed: readonly string[],
): readonly Job[] {
  return listed.flatMap((id) => {
    const job = state.jobs[id];
    if (!job || (courseId !== undefined && job.course_id !== courseId)) return [];
    return jobStates.length === 0 || jobStates.includes(job.state) ? [shownJob(state, job)] : [];
  });
}

/** The series of a filter, in its order, as far as they were asked for. */
export const shownSeries = (
  loaded: AnalyticsState["series"],
  { courseId = OWN, series = [] }: AnalyticsFilters,
): readonly SeriesState[] => series.flatMap((query) => loaded[seriesKey(courseId, query)] ?? []);

/** Every job that is known and that a filter means, by its id. */
export function shownProgress(
  state: Jobs,
  { courseId, jobIds = [] }: AnalyticsFilters,
): Map<string, ProgressUpdate> {
  const updates = new Map<string, ProgressUpdate>();
  for (const job of Object.values(state.jobs)) {
    if (courseId === undefined || job.course_id === courseId || jobIds.includes(job.id))
      updates.set(job.id, shownJob(state, job));
  }
  return updates;
}

const NO_TRAIL: readonly TrailPoint[] = [];

/** What a filter shows; undefined while nobody follows it. `jobs` and `series`: as they were made of it before. */
export function shownData(
  state: AnalyticsState,
  filters: AnalyticsFilters,
  made: Partial<Pick<AnalyticsData, "jobs" | "series">> = {},
): AnalyticsData | undefined {
  const scope = state.scopes[scopeOf(filters)];
  if (!scope) return undefined;
  const { courseId, window = DEFAULT_WINDOW } = filters;
  const phase = phaseOf(scope, window);
  const metrics = scope.metrics[window] ?? null;
  const isRead = scope.figures[window] === "ready";
  const isWithheld = scope.as === "cohort" && (metrics ? metrics.withheld : isRead);
  return {
    courseId: courseId ?? null,
    scope: scope.as,
    phase,
    error: scope.error,
    stale: scope.stale,
    metrics: isWithheld ? null : metrics,
    withheld: isWithheld,
    own: scope.own[window] ?? null,
    trail: scope.trail[window] ?? NO_TRAIL,
    series: made.series ?? shownSeries(state.series, filters),
    jobs: made.jobs ?? shownJobs(state, filters, scope.lists.jobs.items),
    milestones: scope.lists.milestones.items,
    alerts: scope.lists.alerts.items,
    atRisk: scope.lists.atRisk.items,
    lists: {
      jobs: statusOf(scope, "jobs"),
      milestones: statusOf(scope, "milestones"),
      alerts: statusOf(scope, "alerts"),
      atRisk: statusOf(scope, "atRisk"),
    },
  };
}

/** Ready when every list and the figures that were asked for have come, or have failed by themselves. */
function phaseOf({ error, as, lists, figures }: Scope, window: Window): AnalyticsData["phase"] {
  if (error !== null) return "failed";
  if (as === null || figures[window] === "loading") return "loading";
  return Object.values(lists).some(({ phase }) => phase === "loading") ? "loading" : "ready";
}

function statusOf({ lists }: Scope, name: ListName): ListStatus {
  const { phase, error, cursor, loadingMore } = lists[name];
  return { phase, error, hasMore: cursor !== null, loadingMore };
}
