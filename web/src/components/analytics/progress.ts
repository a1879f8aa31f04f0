/** Jobs in words: how they stand, how far they are, how long they will take. */

import type { Job, JobState } from "../../contract";
import { isOver } from "../../services/websocket/analytics/jobs";
import { count, timeSpan } from "./figures";

const STATES: Record<JobState, string> = {
  queued: "Waiting",
  running: "Running",
  stalled: "No sign of life",
  succeeded: "Done",
  failed: "Failed",
  cancelled: "Cancelled",
};

/** Beyond this the rate that the estimate was made of holds no more. */
const LATE_S = 15;

/** How a job stands; one whose end was asked for is on its way there. */
export const stateWords = (job: Job): string =>
  job.cancel_requested && !isOver(job) ? "Cancelling…" : STATES[job.state];

/** Scoring (2 of 3) */
export function stageWords({ stage }: Job): string {
  if (!stage) return "";
  if (stage.index === undefined) return stage.label;
  return `${stage.label} (${stage.count === undefined ? stage.index : `${stage.index} of ${stage.count}`})`;
}

/** 84 of 120, or 84 where nobody knows how many there will be. */
export const doneWords = ({ done, total }: Job): string =>
  total === undefined ? `${count(done)} done` : `${count(done)} of ${count(total)}`;

/** How long it will still take; empty where that is not known, or nothing moves. */
export function etaWords(job: Job, now: number): string {
  if (job.eta_s === undefined || job.state !== "running") return "";
  const left = job.eta_s - Math.max(0, now - Date.parse(job.heartbeat_at)) / 1_000;
  if (left < -LATE_S) return "taking longer than expected";
  if (left < 10) return "a few seconds left";
  // Nobody believes 43 s, and a figure that changes each second draws the eye.
  return `about ${timeSpan(left < 60 ? Math.ceil(left / 10) * 10 : left)} left`;
}

/** Started, and how long it took or has taken. */
export function timeWords(job: Job, now: number): string {
  if (job.started_at === undefined) return "";
  const end = job.finished_at === undefined ? now : Date.parse(job.finished_at);
  const span = timeSpan(Math.max(0, end - Date.parse(job.started_at)) / 1_000);
  return job.finished_at === undefined ? `for ${span}` : `took ${span}`;
}

/** All of it for those who cannot see the bar. */
export function progressWords(job: Job, now: number): string {
  const far = job.percent === undefined ? doneWords(job) : `${Math.floor(job.percent)}%`;
  const stage = job.state === "succeeded" ? "" : stageWords(job);
  return [stateWords(job), far, stage, etaWords(job, now)].filter(Boolean).join(", ");
}

/** What came out, as lines of a name and a value; what is nested is written as JSON. */
export const resultLines = ({ result = {} }: Job): [name: string, value: string][] =>
  Object.entries(result).map(([name, value]) => [
    name.replaceAll("_", " "),
    typeof value === "string" ? value : typeof value === "number" ? number(value) : JSON.stringify(value),
  ]);

const number = (value: number): string => value.toLocaleString(undefined, { maximumFractionDigits: 3 });
