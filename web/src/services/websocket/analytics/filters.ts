/** What somebody wants to see: of which course, over which window, which jobs and series. */

import type { Bucket, JobState, Metric, Window } from "../../../contract";

/** What is loaded of a course, save for its figures. */
export type ListName = "jobs" | "milestones" | "alerts" | "atRisk";

/** A metric over time: the newest `points` buckets. */
export interface SeriesQuery {
  metric: Metric;
  bucket: Bucket;
  /** How many buckets back; 60 where it is not given, 1,000 at the most. */
  points?: number;
}

export interface AnalyticsFilters {
  /** A course. Without one: what concerns oneself, over all courses. */
  courseId?: string;
  /** How far back the figures look; an hour where it is not given. */
  window?: Window;
  /** Jobs to follow one by one, also where they are of another course. */
  jobIds?: readonly string[];
  /** Only jobs in one of these states are listed. */
  jobStates?: readonly JobState[];
  /** Needs a course. */
  series?: readonly SeriesQuery[];
  /** Lists that are loaded; all that one may see where it is not given. */
  lists?: readonly ListName[];
}

/** Where what concerns oneself is kept, beside the courses: no course has this id. */
export const OWN = "";

export const ALL_LISTS: readonly ListName[] = ["jobs", "milestones", "alerts", "atRisk"];

export const DEFAULT_WINDOW: Window = "1h";

const POINTS = 60;
/** The server gives no more. */
const MOST_POINTS = 1_000;

export const scopeOf = ({ courseId }: AnalyticsFilters): string => courseId ?? OWN;

export const pointsOf = ({ points = POINTS }: SeriesQuery): number =>
  Math.min(Math.max(1, Math.floor(points)), MOST_POINTS);

/** One name for series that are the same. */
export const seriesKey = (courseId: string, query: SeriesQuery): string =>
  JSON.stringify([courseId, query.metric, query.bucket, pointsOf(query)]);

/** One name for filters that mean the same; series are shown in the order in which they are given. */
export function filterKey(filters: AnalyticsFilters): string {
  const { window = DEFAULT_WINDOW, jobIds = [], jobStates = [], series = [], lists = ALL_LISTS } = filters;
  return JSON.stringify([
    scopeOf(filters),
    window,
    [...jobIds].sort(),
    [...jobStates].sort(),
    series.map((query) => seriesKey("", query)),
    [...lists].sort(),
  ]);
}
