/** Jobs and figures for tests, and an `/analytics` peer that knows them. */

import type { Alert, Job, LearnerAtRisk, Metrics, Milestone } from "../contract";
import type { Peer } from "./world";

const START = Date.parse("2026-11-22T12:00:00.000Z");
const at = (number: number) => new Date(START + number * 60_000).toISOString();

/** The `number`th job of the course; a higher number was made later. */
export function job(number: number, patch: Partial<Job> = {}): Job {
  return {
    id: `j${number}`,
    kind: "essay-grading",
    title: `Essays ${number}`,
    course_id: "cs101",
    owner_id: "ben",
    state: "running",
    done: 10,
    total: 120,
    percent: 8.3,
    message: "",
    attempt: 1,
    revision: 2,
    cancel_requested: false,
    heartbeat_at: at(number),
    created_at: at(number),
    started_at: at(number),
    ...patch,
  };
}

/** A job at its end. */
export const ended = (number: number, patch: Partial<Job> = {}): Job =>
  job(number, {
    state: "succeeded",
    done: 120,
    percent: 100,
    revision: 9,
    finished_at: at(number + 1),
    ...patch,
  });

export function metrics(second: number, patch: Partial<Metrics> = {}): Metrics {
  return {
    course_id: "cs101",
    window: "1h",
    scope: "course",
    withheld: false,
    at: new Date(Date.parse("2026-11-22T18:00:00.000Z") + second * 1_000).toISOString(),
    active_now: 12,
    active_learners: 31,
    events_per_minute: 44.5,
    time_on_task_s: 5400,
    at_risk: 2,
    per_object: [],
    ...patch,
  };
}

export const milestone = (number: number, patch: Partial<Milestone> = {}): Milestone => ({
  id: `ms${number}`,
  course_id: "cs101",
  user_id: "ada",
  user_name: "Ada Lovelace",
  kind: "first_submission",
  title: `Milestone ${number}`,
  reached_at: at(number),
  ...patch,
});

export const alert = (number: number, patch: Partial<Alert> = {}): Alert => ({
  id: `al${number}`,
  course_id: "cs101",
  user_id: "cy",
  user_name: "Cy",
  kind: "at_risk",
  reasons: ["no visit for 9 days"],
  raised_at: at(number),
  ...patch,
});

export const risk = (number: number): LearnerAtRisk => ({
  user_id: `u${number}`,
  name: `Learner ${number}`,
  reasons: ["no visit for 9 days"],
});

export const logged = (offset: number, channel = "course:cs101") => ({
  channel,
  id: `e${offset}`,
  at: "2026-11-22T18:00:00.000Z",
  epoch: "a",
  offset,
});

export const latest = (channel = "course:cs101") => ({ channel, id: "k", at: "2026-11-22T18:00:00.000Z" });

export interface Lectern {
  jobs?: Job[];
  milestones?: Milestone[];
  alerts?: Alert[];
  atRisk?: LearnerAtRisk[];
  metrics?: Metrics;
  /** Nothing is done any more: series stay as they are. */
  rests?: boolean;
  scope?: "course" | "cohort";
}

/** Answer what a dashboard asks when it opens, as to the staff of every course; pages of `page` items. */
export function furnishLectern(peer: Peer, room: Lectern = {}, page = 50): void {
  const pages = (command: string, items: readonly unknown[] = []) =>
    peer.reply(command, ({ cursor, limit }) => {
      const from = Number(cursor ?? 0);
      const next = from + Math.min(page, Number(limit ?? page));
      return { items: items.slice(from, next), ...(next < items.length && { next_cursor: String(next) }) };
    });
  pages("job.list", room.jobs);
  pages("milestone.list", room.milestones);
  pages("alert.list", room.alerts);
  pages("risk.list", room.atRisk);
  peer.reply("metrics.read", ({ window }) =>
    room.metrics?.window === window ? { metrics: room.metrics } : {},
  );
  let asked = 0;
  peer.reply("metrics.series", ({ metric, bucket, from, to }) => {
    const points = buckets(String(from), String(to), String(bucket));
    const newest = points.at(-1);
    // The class works on, unless it is said to rest.
    if (newest && !room.rests) newest.value += ++asked;
    return { metric, bucket, scope: room.scope ?? "course", points };
  });
  peer.reply("job.read", ({ job_id }) => ({ job: room.jobs?.find(({ id }) => id === job_id) ?? job(0) }));
  peer.reply("activity.record", () => ({ duplicate: false }));
  peer.reply("subscribe", ({ channel }) => ({ channel, epoch: "a", offset: 0, recovered: false }));
  peer.reply("unsubscribe", () => ({}));
  peer.reply("ping", ({ sent_at }) => ({ sent_at, server_time: "2026-11-22T18:00:00.000Z" }));
}

const STEPS: Record<string, number> = { "10s": 10_000, "1m": 60_000, "1h": 3_600_000, "1d": 86_400_000 };

function buckets(from: string, to: string, bucket: string) {
  const step = STEPS[bucket] ?? 1;
  const points = [];
  for (let time = Math.floor(Date.parse(from) / step) * step; time <= Date.parse(to); time += step)
    points.push({ at: new Date(time).toISOString(), value: time / step });
  return points;
}
