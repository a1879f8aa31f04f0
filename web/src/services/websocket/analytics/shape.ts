/** Whether an event of `/analytics` has the fields that its fold reads: what does not is reported and left out. */

import type { AnalyticsEvents } from "../../../contract";

type Kind = "string" | "number" | "boolean" | "object";
type Fields<Data> = { [Field in keyof Data]?: Kind };

const JOB: Fields<AnalyticsEvents["job.progressed"]["data"]> = {
  id: "string",
  owner_id: "string",
  state: "string",
  done: "number",
  attempt: "number",
  revision: "number",
  heartbeat_at: "string",
  created_at: "string",
};

const SHAPES: { [Name in keyof AnalyticsEvents]?: Fields<AnalyticsEvents[Name]["data"]> } = {
  "job.progressed": JOB,
  "job.finished": JOB,
  "metrics.updated": {
    course_id: "string",
    window: "string",
    scope: "string",
    at: "string",
    active_now: "number",
    active_learners: "number",
    events_per_minute: "number",
    time_on_task_s: "number",
    per_object: "object",
  },
  "own_metrics.updated": { course_id: "string", window: "string", at: "string" },
  "milestone.reached": { id: "string", course_id: "string", title: "string", reached_at: "string" },
  "alert.raised": {
    id: "string",
    course_id: "string",
    kind: "string",
    reasons: "object",
    raised_at: "string",
  },
  "alert.cleared": { id: "string", course_id: "string" },
};

/** The name of the first field that is missing or of another kind; null when all is well, or the event is not ours. */
export function misshapen(event: string, data: unknown): string | null {
  const fields: Record<string, Kind> | undefined = SHAPES[event as keyof AnalyticsEvents];
  if (!fields) return null;
  if (typeof data !== "object" || data === null) return "data";
  for (const [field, kind] of Object.entries(fields)) {
    const value = (data as Record<string, unknown>)[field];
    if (typeof value !== kind || value === null) return field;
  }
  return null;
}
