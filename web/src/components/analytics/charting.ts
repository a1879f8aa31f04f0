/** From a series of the server to a line: which buckets a window shows, numbers for the canvas, and words instead of it. */

import type { Bucket, Metric, Point, Window } from "../../contract";
import { metricLabel, metricValue } from "./figures";

const BUCKETS: Record<Window, { bucket: Bucket; points: number }> = {
  "5m": { bucket: "10s", points: 30 },
  "1h": { bucket: "1m", points: 60 },
  "1d": { bucket: "1h", points: 24 },
  "7d": { bucket: "1h", points: 168 },
};

/** The buckets of a window. The class as a whole is shown by the hour only, so short windows show a day. */
export const bucketsOf = (window: Window, scope: "course" | "cohort"): { bucket: Bucket; points: number } =>
  scope === "cohort" && BUCKETS[window].bucket !== "1h" ? BUCKETS["1d"] : BUCKETS[window];

const STEPS: Record<Bucket, string> = {
  "10s": "10 seconds",
  "1m": "minute",
  "1h": "hour",
  "1d": "day",
};

/** Per minute, per hour: what one point stands for. */
export const stepWords = (bucket: Bucket): string => `per ${STEPS[bucket]}`;

/** In what the axis counts: a class works minutes in a minute, and hours in an hour. */
export interface Unit {
  factor: number;
  /** Behind the number. */
  mark: string;
  /** The axis reaches at least so far: a line of zeros is at the bottom. */
  least: number;
}

export function unitOf(metric: Metric, bucket: Bucket): Unit {
  if (metric === "average_score") return { factor: 100, mark: "%", least: 100 };
  if (metric !== "time_on_task_s") return { factor: 1, mark: "", least: 4 };
  return bucket === "1h" || bucket === "1d"
    ? { factor: 1 / 3_600, mark: " h", least: 1 }
    : { factor: 1 / 60, mark: " min", least: 1 };
}

/** Values between two gaps, which a line alone would not show; null where there are none. */
export function lonely(values: readonly (number | null | undefined)[]): number[] | null {
  const isKnown = (index: number): boolean => typeof values[index] === "number";
  const found = values.flatMap((_, index) =>
    isKnown(index) && !isKnown(index - 1) && !isKnown(index + 1) ? [index] : [],
  );
  return found.length > 0 ? found : null;
}

const LENGTHS: Record<Bucket, number> = { "10s": 10_000, "1m": 60_000, "1h": 3_600_000, "1d": 86_400_000 };

/** Whether a bucket is not over at `now`: what it counts is less than it will be. */
export const isRunning = ({ at }: Point, bucket: Bucket, now: number): boolean =>
  Date.parse(at) + LENGTHS[bucket] > now;

type Values = (number | null)[];
export type PlotData = [times: number[], whole: Values, running: Values];

/**
 * Seconds since 1970, and values in the unit of the axis; null is a gap. The bucket that runs is a line of its own, from the
 * last whole one: as part of the other it would look as if the class had stopped.
 */
export function plotData(points: readonly Point[], metric: Metric, bucket: Bucket, now: number): PlotData {
  const { factor } = unitOf(metric, bucket);
  const values = points.map(({ value }) => (value === undefined || value === null ? null : value * factor));
  const last = points.at(-1);
  const end = last && isRunning(last, bucket, now) ? points.length - 1 : points.length;
  return [
    points.map(({ at }) => Date.parse(at) / 1_000),
    values.map((value, index) => (index < end ? value : null)),
    values.map((value, index) => (end < points.length && index >= end - 1 ? value : null)),
  ];
}

const MINUTES = [1, 2, 5, 10, 15, 30, 60, 120, 180, 360, 720, 1_440].map((minutes) => minutes * 60);

/** How many seconds may lie between two ticks of an axis, where that is not the canvas's to choose: they are told apart. */
export const stepsOf = (bucket: Bucket): number[] | undefined =>
  bucket === "10s" || bucket === "1m" ? MINUTES : undefined;

/** Below an axis: 14:05; and where a day begins its name, Mon 3. */
export function tickTime(at: number, bucket: Bucket): string {
  const date = new Date(at);
  if (bucket === "1h" && date.getHours() === 0 && date.getMinutes() === 0)
    return date.toLocaleDateString(undefined, { weekday: "short", day: "numeric" });
  return bucketTime(at, bucket === "1d" ? "1d" : "1m");
}

/** When a bucket begins: 14:05:20, 14:05, Mon 14:00, 3 Mar. */
export function bucketTime(at: number | string, bucket: Bucket): string {
  const date = new Date(at);
  if (bucket === "1d") return date.toLocaleDateString(undefined, { day: "numeric", month: "short" });
  return date.toLocaleTimeString(undefined, {
    hour: "2-digit",
    minute: "2-digit",
    ...(bucket === "10s" && { second: "2-digit" }),
    ...(bucket === "1h" && { weekday: "short" }),
  });
}

export interface Summary {
  latest: Point | null;
  /** The latest one is not over. */
  isRunning: boolean;
  highest: Point | null;
  /** For those who cannot see the line. */
  words: string;
}

const numberOf = ({ value }: Point): number | null => value ?? null;

/** The ends of a line and its top. */
export function summary(points: readonly Point[], metric: Metric, bucket: Bucket, now: number): Summary {
  const known = points.filter((point) => numberOf(point) !== null);
  const latest = known.at(-1) ?? null;
  if (latest === null)
    return { latest: null, highest: null, isRunning: false, words: `${metricLabel(metric)}: nothing yet.` };
  const highest = known.reduce((top, point) => ((numberOf(point) ?? 0) > (numberOf(top) ?? 0) ? point : top));
  const say = (point: Point): string =>
    `${metricValue(metric, point.value)} at ${bucketTime(point.at, bucket)}`;
  const runs = isRunning(latest, bucket, now);
  return {
    latest,
    highest,
    isRunning: runs,
    words: `${metricLabel(metric)} ${stepWords(bucket)}: latest ${say(latest)}${runs ? " so far" : ""}, highest ${say(highest)}.`,
  };
}
