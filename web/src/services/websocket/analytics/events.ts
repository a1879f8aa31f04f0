/** Each event of `/analytics`, folded into the state. */

import type { AnalyticsEvents } from "../../../contract";
import type { AnalyticsState } from "./state";
import * as fold from "./state";

type Folds = {
  [Name in keyof AnalyticsEvents]?: (
    state: AnalyticsState,
    data: AnalyticsEvents[Name]["data"],
  ) => AnalyticsState;
};

const FOLDS: Folds = {
  "job.progressed": fold.jobArrived,
  "job.finished": fold.jobArrived,
  "metrics.updated": fold.metricsArrived,
  "own_metrics.updated": fold.ownMetricsArrived,
  "milestone.reached": fold.milestoneArrived,
  "alert.raised": fold.alertArrived,
  "alert.cleared": fold.alertCleared,
};

/** The state after an event; the same object when it says nothing new, or is not of analytics. */
export function folded(state: AnalyticsState, event: string, data: unknown): AnalyticsState {
  const one = FOLDS[event as keyof AnalyticsEvents] as
    | ((state: AnalyticsState, data: unknown) => AnalyticsState)
    | undefined;
  return one ? one(state, data) : state;
}
