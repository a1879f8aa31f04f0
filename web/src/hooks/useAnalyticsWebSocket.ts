/** `/analytics` for a component: figures, jobs, milestones and what needs a look, by a filter; and what one can do. */

import { useCallback, useEffect, useMemo, useRef, useState, useSyncExternalStore } from "react";
import type { Alert, Job, LearnerAtRisk, Metrics, Milestone, OwnMetrics } from "../contract";
import type { TrackedActivity } from "../services/websocket/analytics/activity/tracker";
import {
  type AnalyticsFilters,
  filterKey,
  type ListName,
  scopeOf,
} from "../services/websocket/analytics/filters";
import type { SeriesState, TrailPoint } from "../services/websocket/analytics/state";
import {
  type AnalyticsData,
  type ProgressUpdate,
  shownData,
  shownJobs,
  shownProgress,
  shownSeries,
} from "../services/websocket/analytics/view";
import type { AnalyticsWebSocketService } from "../services/websocket/analyticsWebSocket";
import { isLive, type NamespaceStatus } from "../services/websocket/connectionStatus";
import type { State } from "../services/websocket/protocol";
import { useCoursewire } from "./CoursewireProvider";

const ACTIONS = [
  "cancelJob",
  "recordActivity",
  "trackActivity",
  "subscribeToAnalyticsUpdates",
  "subscribeToProgressUpdates",
  "unsubscribe",
] as const;

/** The methods of the service, bound: the same functions at every render. */
export type AnalyticsActions = Pick<AnalyticsWebSocketService, (typeof ACTIONS)[number]>;

export interface AnalyticsResult extends AnalyticsActions {
  /** All that the filter shows; undefined until somebody has subscribed. */
  analyticsData: AnalyticsData | undefined;
  /** Every job that is known and that the filter means, by its id; one's own jobs come by themselves. */
  progressUpdates: Map<string, ProgressUpdate>;
  isConnected: boolean;
  /**
   * Show what a filter means, and keep it up to date, until the returned function is called or the component is gone.
   * A second call takes the place of the first.
   */
  subscribeToAnalytics: (filters?: AnalyticsFilters) => () => void;

  // The parts of `analyticsData`
  /** `course`: as its staff. `cohort`: as everybody enrolled. `own`: without a course. Null: not known yet. */
  scope: AnalyticsData["scope"];
  phase: AnalyticsData["phase"];
  /** Why there is nothing to see, in plain words. */
  error: string | null;
  /** Null before they are here, and where they are withheld. */
  metrics: Metrics | null;
  /** The cohort has under 5 active learners: its figures would tell of single people. */
  withheld: boolean;
  own: OwnMetrics | null;
  /** The latest figures as they came, oldest first. */
  trail: readonly TrailPoint[];
  /** In the order of the filter's `series`. */
  series: readonly SeriesState[];
  /** The newest first. */
  jobs: readonly Job[];
  /** Why a job of the filter's `jobIds` is not shown, in plain words, by its id. */
  jobErrors: Readonly<Record<string, string>>;
  milestones: readonly Milestone[];
  alerts: readonly Alert[];
  /** The one longest away first. */
  atRisk: readonly LearnerAtRisk[];
  /** How each list stands: `lists.jobs.hasMore`. */
  lists: AnalyticsData["lists"];

  loadMore: (list: ListName) => Promise<void>;
  loadMoreJobs: () => Promise<void>;
  loadMoreMilestones: () => Promise<void>;
  loadMoreAlerts: () => Promise<void>;
  loadMoreAtRisk: () => Promise<void>;
  /** Load again, after something has failed. */
  reload: () => Promise<void>;
  /** There is something to see that may be old: no connection, or something was missed and is being loaded. */
  stale: boolean;
  connectionState: State;
  /** How the namespace is doing; null while nobody uses it. */
  status: NamespaceStatus | null;
}

const NOTHING: AnalyticsFilters = {};
const NO_IDS: readonly string[] = [];
const NO_LIST = { phase: "idle", error: null, hasMore: false, loadingMore: false } as const;
const NO_DATA: AnalyticsData = {
  courseId: null,
  scope: null,
  phase: "loading",
  error: null,
  stale: false,
  metrics: null,
  withheld: false,
  own: null,
  trail: [],
  series: [],
  jobs: [],
  milestones: [],
  alerts: [],
  atRisk: [],
  lists: { jobs: NO_LIST, milestones: NO_LIST, alerts: NO_LIST, atRisk: NO_LIST },
};

/** Connected while the component is mounted. With a filter it subscribes by itself. Equal filters share what is loaded. */
export function useAnalyticsWebSocket(filters?: AnalyticsFilters): AnalyticsResult {
  const coursewire = useCoursewire();
  const service = coursewire.analytics;
  const [chosen, subscribeToAnalytics] = useChosen();
  const wanted = useSame(chosen ?? filters ?? null);
  const { store } = service;
  const analytics = useSyncExternalStore(store.subscribe, store.getSnapshot, store.getSnapshot);
  const connection = useSyncExternalStore(
    coursewire.status.subscribe,
    () => coursewire.status.getSnapshot()["/analytics"] ?? null,
    () => null,
  );
  useEffect(() => coursewire.use(service), [coursewire, service]);
  useEffect(() => (wanted ? service.follow(wanted) : undefined), [service, wanted]);
  const actions = useMemo(
    () =>
      Object.fromEntries(
        ACTIONS.map((name) => [name, (service[name] as () => unknown).bind(service)]),
      ) as unknown as AnalyticsActions,
    [service],
  );
  const ofFilter = useMemo(() => {
    const loadMore = (list: ListName) => service.loadMore(list, wanted ?? NOTHING);
    return {
      loadMore,
      loadMoreJobs: () => loadMore("jobs"),
      loadMoreMilestones: () => loadMore("milestones"),
      loadMoreAlerts: () => loadMore("alerts"),
      loadMoreAtRisk: () => loadMore("atRisk"),
      reload: () => service.reload(wanted ?? NOTHING),
    };
  }, [service, wanted]);
  // Figures come each second: what they leave as it is stays the same object.
  const { jobs, cancels, series: loaded } = analytics;
  const listed = analytics.scopes[scopeOf(wanted ?? NOTHING)]?.lists.jobs.items ?? NO_IDS;
  const jobsOfFilter = useMemo(
    () => shownJobs({ jobs, cancels }, wanted ?? NOTHING, listed),
    [jobs, cancels, wanted, listed],
  );
  const series = useMemo(() => shownSeries(loaded, wanted ?? NOTHING), [loaded, wanted]);
  const progressUpdates = useMemo(
    () => shownProgress({ jobs, cancels }, wanted ?? NOTHING),
    [jobs, cancels, wanted],
  );
  return useMemo(() => {
    const analyticsData = wanted ? shownData(analytics, wanted, { jobs: jobsOfFilter, series }) : undefined;
    const { courseId: _courseId, stale, ...parts } = analyticsData ?? NO_DATA;
    const state = connection?.state ?? "idle";
    const isConnected = isLive(state);
    const hasSomething = parts.metrics !== null || parts.phase === "ready";
    return {
      ...actions,
      ...ofFilter,
      ...parts,
      subscribeToAnalytics,
      analyticsData,
      jobErrors: analytics.jobErrors,
      progressUpdates,
      isConnected,
      stale: hasSomething && (stale || !isConnected),
      connectionState: state,
      status: connection,
    };
  }, [
    actions,
    ofFilter,
    subscribeToAnalytics,
    analytics,
    jobsOfFilter,
    series,
    progressUpdates,
    wanted,
    connection,
  ]);
}

/** Report time on task for what a component shows, while it is mounted; null: nothing. */
export function useTimeOnTask(activity: TrackedActivity | null): void {
  const coursewire = useCoursewire();
  const service = coursewire.analytics;
  const key = activity && JSON.stringify(activity);
  useEffect(() => coursewire.use(service), [coursewire, service]);
  useEffect(
    () => (key === null ? undefined : service.trackActivity(JSON.parse(key) as TrackedActivity)),
    [service, key],
  );
}

/** The filter that the component has subscribed to last. */
function useChosen(): [AnalyticsFilters | null, AnalyticsResult["subscribeToAnalytics"]] {
  const [chosen, choose] = useState<AnalyticsFilters | null>(null);
  const last = useRef<object | null>(null);
  const subscribe = useCallback((filters: AnalyticsFilters = NOTHING) => {
    const mine = {};
    last.current = mine;
    choose(filters);
    return () => {
      if (last.current === mine) choose(null);
    };
  }, []);
  return [chosen, subscribe];
}

/** The same object as long as it means the same. */
function useSame(filters: AnalyticsFilters | null): AnalyticsFilters | null {
  const key = filters && filterKey(filters);
  // biome-ignore lint/correctness/useExhaustiveDependencies: the key says all that the filter does
  return useMemo(() => filters, [key]);
}
