/** What screen readers are told of a page that moves: news, soon; figures, rarely; never each of them. No clock, no timer. */

import type { Alert, Job, Metrics, Milestone } from "../../contract";
import { count, rate } from "./figures";

/** Least time between two announcements: the last one is heard to its end. */
export const GAP_MS = 8_000;
/** Least time between two announcements of figures, when nothing else is said. */
export const FIGURES_MS = 60_000;
/** Bound of news in one announcement; of the others only their number is said. */
const MOST = 3;

export interface Scene {
  /** Lists and figures are here: what is new from now on is news. */
  isReady: boolean;
  isLive: boolean;
  metrics: Metrics | null;
  jobs: readonly Job[];
  milestones: readonly Milestone[];
  alerts: readonly Alert[];
}

const ENDS: Partial<Record<Job["state"], string>> = {
  succeeded: "is done",
  failed: "failed",
  cancelled: "was cancelled",
  stalled: "gives no sign of life",
};

export class Narrator {
  #before: Scene | null = null;
  /** Bounded by `MOST`: what is more is only counted. */
  #news: string[] = [];
  #more = 0;
  #saidAt = Number.NEGATIVE_INFINITY;
  #figuresAt = Number.NEGATIVE_INFINITY;
  #figures = "";

  /** Take in what is on the page at `now`, in milliseconds. */
  see(scene: Scene, now: number): void {
    if (!scene.isReady) return;
    const before = this.#before;
    this.#before = scene;
    if (before === null) {
      this.#figures = figuresOf(scene);
      this.#figuresAt = now;
      return;
    }
    for (const words of newsOf(before, scene)) this.#add(words);
  }

  /** What to say at `now`; null: nothing. */
  say(now: number): string | null {
    if (now < this.#saidAt + GAP_MS) return null;
    if (this.#news.length > 0) {
      const more = this.#more > 0 ? [`And ${this.#more} more.`] : [];
      const words = [...this.#news, ...more].join(" ");
      this.#news = [];
      this.#more = 0;
      this.#saidAt = now;
      return words;
    }
    if (this.#before === null || now < this.#figuresAt + FIGURES_MS) return null;
    const figures = figuresOf(this.#before);
    this.#figuresAt = now;
    if (figures === this.#figures || figures === "") return null;
    this.#figures = figures;
    this.#saidAt = now;
    return figures;
  }

  #add(words: string): void {
    if (this.#news.length < MOST) this.#news.push(words);
    else this.#more += 1;
  }
}

function newsOf(before: Scene, scene: Scene): string[] {
  const states = new Map(before.jobs.map((job) => [job.id, job.state]));
  const news: string[] = [];
  if (before.isLive !== scene.isLive)
    news.push(scene.isLive ? "Live again." : "The connection is lost: the figures stand still.");
  for (const job of scene.jobs) {
    const was = states.get(job.id);
    const words = ENDS[job.state];
    // One that comes with an older page of the list is no news.
    if (was !== undefined && was !== job.state && words) news.push(`${job.title} ${words}.`);
  }
  for (const { title, user_name } of added(before.milestones, scene.milestones))
    news.push(`Reached: ${title}, ${user_name ?? "the class"}.`);
  for (const { kind, user_name, reasons } of added(before.alerts, scene.alerts))
    news.push(
      `${kind === "at_risk" ? "At risk" : "Stalled job"}: ${[user_name, ...reasons].filter(Boolean).join(", ")}.`,
    );
  return news;
}

/** What stands above what was on top: older ones come below it. */
function added<Item extends { id: string }>(before: readonly Item[], now: readonly Item[]): Item[] {
  const known = new Set(before.map(({ id }) => id));
  const end = now.findIndex(({ id }) => known.has(id));
  if (end < 0) return before.length === 0 ? [...now] : [];
  return now.slice(0, end);
}

function figuresOf({ metrics }: Scene): string {
  if (!metrics) return "";
  return `${count(metrics.active_now)} active now, ${rate(metrics.events_per_minute)} events per minute.`;
}
