/** Series on the screen: loaded once, then only their end is read again, and only after the course has moved. */

import type { AnalyticsCommands, Bucket, Point } from "../../../contract";
import { CommandError, words } from "../errors";
import type { StateStore } from "../stateStore";
import type { NamedTimers } from "../timers";
import type { SeriesQuery } from "./filters";
import { pointsOf, seriesKey } from "./filters";
import type { AnalyticsState, SeriesState } from "./state";

const BUCKET_MS: Record<Bucket, number> = { "10s": 10_000, "1m": 60_000, "1h": 3_600_000, "1d": 86_400_000 };

/**
 * Least time between two reads of a series: its newest bucket moves with the class, and thousands of pages look at it. Of a
 * course in which nothing happens nothing is read at all.
 */
const EVERY_MS: Record<Bucket, number> = { "10s": 5_000, "1m": 10_000, "1h": 60_000, "1d": 300_000 };
/** So many pages do not ask at the same time: up to a quarter later, by chance. */
const SPREAD = 0.25;
/** A read of the end begins so many buckets before the newest: activity may come a little late. */
const OVERLAP = 2;
/** After so many reads of the end the whole is read again: activity may also come very late. */
const WHOLE_EVERY = 20;
/**
 * Where the course has moved and its end has not, something older has: an LMS reports what somebody did on a train. Then the
 * whole is read, so many reads after it was read last at the soonest, also when the course moves no more.
 */
const WHOLE_AFTER = 4;

type Read = (
  payload: AnalyticsCommands["metrics.series"]["payload"],
) => Promise<AnalyticsCommands["metrics.series"]["result"]>;

interface Kept {
  courseId: string;
  query: SeriesQuery;
  readAt: number;
  /** When the whole was read last. */
  wholeAt: number;
  /** Reads of its end since the whole was read. */
  ends: number;
  reading: boolean;
  /** The server does not give it: a cohort's values come in long buckets only. */
  refused: boolean;
}

interface Surroundings {
  store: StateStore<AnalyticsState>;
  timers: NamedTimers;
  /** Milliseconds since 1970, by the server's clock. */
  now: () => number;
  random: () => number;
  read: Read;
  isConnected: () => boolean;
}

export class SeriesKeeper {
  readonly #around: Surroundings;
  readonly #kept = new Map<string, Kept>();

  constructor(around: Surroundings) {
    this.#around = around;
  }

  open(courseId: string, query: SeriesQuery): void {
    const key = seriesKey(courseId, query);
    this.#kept.set(key, {
      courseId,
      query,
      readAt: 0,
      wholeAt: 0,
      ends: 0,
      reading: false,
      refused: false,
    });
    this.#patch(key, { query, phase: "loading", error: null, scope: null, points: [] });
  }

  close(courseId: string, query: SeriesQuery): void {
    const key = seriesKey(courseId, query);
    this.#kept.delete(key);
    this.#cancel(key);
    const { [key]: _closed, ...series } = this.#state.series;
    this.#around.store.set({ ...this.#state, series });
  }

  /** Another connection begins, or none: nothing is known of any. */
  forget(): void {
    for (const [key, { courseId, query }] of [...this.#kept]) {
      this.#cancel(key);
      this.open(courseId, query);
    }
  }

  /** Read what is not here yet of a course's series. */
  start(courseId: string): void {
    for (const [key, kept] of this.#kept) {
      const isHere = this.#state.series[key]?.phase === "ready";
      if (kept.courseId === courseId && !isHere) void this.#read(key, kept);
    }
  }

  /** Read the whole of a course's series anew: something was missed. */
  restart(courseId: string): void {
    for (const [key, kept] of this.#kept) {
      if (kept.courseId !== courseId) continue;
      kept.ends = WHOLE_EVERY;
      kept.refused = false;
      void this.#read(key, kept);
    }
  }

  /** A course has moved: its series are read again, not too soon. */
  moved(courseId: string): void {
    for (const [key, kept] of this.#kept) {
      if (kept.courseId === courseId && !kept.refused) this.#readSoon(key, kept);
    }
  }

  #readSoon(key: string, kept: Kept): void {
    const { timers, now } = this.#around;
    if (timers.has(`series:${key}`)) return;
    timers.set(`series:${key}`, Math.max(0, kept.readAt + this.#every(kept) - now()), () => {
      if (!kept.reading) return void this.#read(key, kept);
      // The answer under way may be older than the move.
      kept.readAt = now();
      this.#readSoon(key, kept);
    });
  }

  #readWhole(key: string, kept: Kept): void {
    const { timers, now } = this.#around;
    if (timers.has(`whole:${key}`)) return;
    const every = this.#every(kept);
    timers.set(`whole:${key}`, Math.max(every, kept.wholeAt + WHOLE_AFTER * every - now()), () => {
      kept.ends = WHOLE_EVERY;
      void this.#read(key, kept);
    });
  }

  #every(kept: Kept): number {
    return EVERY_MS[kept.query.bucket] * (1 + SPREAD * this.#around.random());
  }

  #cancel(key: string): void {
    this.#around.timers.cancel(`series:${key}`);
    this.#around.timers.cancel(`whole:${key}`);
  }

  get #state(): AnalyticsState {
    return this.#around.store.getSnapshot();
  }

  #patch(key: string, patch: Partial<SeriesState>): void {
    const state = this.#state;
    const series = { ...state.series[key], ...patch } as SeriesState;
    this.#around.store.set({ ...state, series: { ...state.series, [key]: series } });
  }

  async #read(key: string, kept: Kept): Promise<void> {
    if (kept.reading || !this.#around.isConnected()) return;
    kept.reading = true;
    this.#around.timers.cancel(`series:${key}`);
    const { metric, bucket } = kept.query;
    const step = BUCKET_MS[bucket];
    const now = this.#around.now();
    const first = Math.floor(now / step) * step - (pointsOf(kept.query) - 1) * step;
    const known = this.#state.series[key]?.points ?? [];
    const isWhole = kept.ends >= WHOLE_EVERY || known.length === 0;
    const end = Date.parse(known.at(-1)?.at ?? "") - OVERLAP * step;
    const from = isWhole ? first : Math.max(first, end);
    try {
      const answer = await this.#around.read({
        course_id: kept.courseId,
        metric,
        bucket,
        from: new Date(from).toISOString(),
        to: new Date(now).toISOString(),
      });
      if (this.#kept.get(key) !== kept) return;
      kept.ends = isWhole ? 0 : kept.ends + 1;
      if (isWhole) {
        kept.wholeAt = this.#around.now();
        this.#around.timers.cancel(`whole:${key}`);
        // The class's hours change only once five have reported of them, and thousands look at those.
      } else if (answer.scope === "course" && !hasMoved(known, answer.points)) this.#readWhole(key, kept);
      const points = joined(isWhole ? [] : known, answer.points, first);
      this.#patch(key, { phase: "ready", error: null, scope: answer.scope, points });
    } catch (error) {
      kept.refused =
        error instanceof CommandError && (error.code === "invalid" || error.code === "forbidden");
      // What is there stays: the next move of the course tries again. Without a connection the next one does.
      if (this.#kept.get(key) === kept && known.length === 0 && this.#around.isConnected())
        this.#patch(key, { phase: "failed", error: words(error) });
    } finally {
      kept.readAt = this.#around.now();
      kept.reading = false;
    }
  }
}

/** Whether a read of the end says anything that was not known; that a bucket has begun is no news. */
function hasMoved(known: readonly Point[], read: readonly Point[]): boolean {
  const before = new Map(known.map(({ at, value }) => [at, value ?? 0]));
  return read.some(({ at, value }) => (before.get(at) ?? 0) !== (value ?? 0));
}

/** The points from `first` on (milliseconds since 1970); of a bucket that is in both the later answer holds. */
export function joined(known: readonly Point[], read: readonly Point[], first: number): Point[] {
  const begin = read[0]?.at;
  const before = begin === undefined ? known : known.filter(({ at }) => at < begin);
  return [...before, ...read].filter(({ at }) => Date.parse(at) >= first);
}
