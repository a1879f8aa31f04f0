/** What callbacks are told: each thing once, though it comes by several channels. */

import type { AnalyticsEvents, Job } from "../../../contract";
import type { AnalyticsFilters } from "./filters";

type NewsEvent =
  | "job.progressed"
  | "job.finished"
  | "metrics.updated"
  | "own_metrics.updated"
  | "milestone.reached"
  | "alert.raised"
  | "alert.cleared";

/** Something new of analytics. */
export type AnalyticsUpdate = {
  [Name in NewsEvent]: { event: Name; data: AnalyticsEvents[Name]["data"] };
}[NewsEvent];

/** Each name once, or tsc complains. */
const NEWS: Record<NewsEvent, true> = {
  "job.progressed": true,
  "job.finished": true,
  "metrics.updated": true,
  "own_metrics.updated": true,
  "milestone.reached": true,
  "alert.raised": true,
  "alert.cleared": true,
};
export const newsEvents = Object.keys(NEWS) as NewsEvent[];

/** Whether a filter means it. */
export function isMeant({ event, data }: AnalyticsUpdate, filters: AnalyticsFilters): boolean {
  const { courseId, window, jobIds = [], jobStates = [] } = filters;
  const isOfCourse = courseId === undefined || data.course_id === courseId;
  if (event === "job.progressed" || event === "job.finished") {
    const job: Job = data;
    return (
      (isOfCourse || jobIds.includes(job.id)) && (jobStates.length === 0 || jobStates.includes(job.state))
    );
  }
  if (event === "metrics.updated") return isOfCourse && (window === undefined || data.window === window);
  return isOfCourse;
}

/** Bound of remembered ids: a repeat comes within moments, over another channel. */
const MOST = 1_000;

/** Milestones and alerts that were told: they come over several channels. */
export class Told {
  readonly #ids = new Set<string>();

  /** Whether it is told for the first time. */
  first(id: string): boolean {
    if (this.#ids.has(id)) return false;
    this.#ids.add(id);
    const [oldest] = this.#ids;
    if (this.#ids.size > MOST && oldest !== undefined) this.#ids.delete(oldest);
    return true;
  }

  forget(): void {
    this.#ids.clear();
  }
}
