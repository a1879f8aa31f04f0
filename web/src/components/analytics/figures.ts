/** Figures as people read them. The language is the browser's. */

import type { Metric, Window } from "../../contract";

/** What is shown where there is no figure. */
export const NONE = "–";

const whole = new Intl.NumberFormat(undefined, { maximumFractionDigits: 0 });
const tenths = new Intl.NumberFormat(undefined, { minimumFractionDigits: 1, maximumFractionDigits: 1 });
const short = new Intl.NumberFormat(undefined, { notation: "compact", maximumFractionDigits: 1 });

export const count = (value: number): string => whole.format(value);

/** For the ticks of an axis: 950, 1.2K. */
export const compact = (value: number): string =>
  Math.abs(value) < 1_000 && !Number.isInteger(value) ? tenths.format(value) : short.format(value);

/** 44.5, 120: a rate says less the larger it is. */
export const rate = (value: number): string => (value < 100 ? tenths : whole).format(value);

/** A share from 0 to 1 as a percentage. */
export const share = (value: number | null | undefined): string =>
  value === null || value === undefined ? NONE : `${whole.format(value * 100)}%`;

/** 45 s, 12 min, 3 h 20 min, 124 h. */
export function timeSpan(seconds: number): string {
  if (seconds < 60) return `${Math.round(seconds)} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 60) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  const rest = minutes % 60;
  return hours >= 10 || rest === 0 ? `${count(Math.round(minutes / 60))} h` : `${hours} h ${rest} min`;
}

/** 45 s, 12 min, 3.3 h, 124 h: where there is little room. */
export const shortSpan = (seconds: number): string =>
  seconds < 3_570 ? timeSpan(seconds) : `${rate(seconds / 3_600)} h`;

export const windows: readonly Window[] = ["5m", "1h", "1d", "7d"];

const WINDOWS: Record<Window, { label: string; words: string }> = {
  "5m": { label: "5 min", words: "the last 5 minutes" },
  "1h": { label: "1 hour", words: "the last hour" },
  "1d": { label: "1 day", words: "the last day" },
  "7d": { label: "7 days", words: "the last 7 days" },
};

export const windowLabel = (window: Window): string => WINDOWS[window].label;
/** For sentences: the last hour. */
export const windowWords = (window: Window): string => WINDOWS[window].words;

export const metrics: readonly Metric[] = [
  "events",
  "active_learners",
  "time_on_task_s",
  "completions",
  "submissions",
  "average_score",
];

const METRICS: Record<Metric, string> = {
  events: "Events",
  active_learners: "Active learners",
  time_on_task_s: "Time on task",
  completions: "Completions",
  submissions: "Submissions",
  average_score: "Average score",
};

export const metricLabel = (metric: Metric): string => METRICS[metric];

/** A value of a series. */
export function metricValue(metric: Metric, value: number | null | undefined): string {
  if (value === null || value === undefined) return NONE;
  if (metric === "average_score") return share(value);
  return metric === "time_on_task_s" ? timeSpan(value) : count(value);
}
