/** Lists of a course's documents: asked for anew when the course has changed, and after the connection was lost. */

import type { Environment } from "../environment";
import { Watchers } from "../listeners";
import { NamedTimers } from "../timers";

/** A whole class is told at once: its lists are asked for within so many ms, and what has changed by then is in them. */
const WITHIN_MS = 1_000;

export class Courses {
  readonly #timers: NamedTimers;
  readonly #environment: Pick<Environment, "random" | "report">;
  readonly #watchers = new Map<string, Watchers>();
  #isMissed = false;

  constructor(environment: Pick<Environment, "setTimer" | "clearTimer" | "random" | "report">) {
    this.#timers = new NamedTimers(environment);
    this.#environment = environment;
  }

  /** Call back when there may be something else in a course; returns how to stop. */
  follow(courseId: string, callback: () => void): () => void {
    const watchers = this.#watchers.get(courseId) ?? new Watchers(this.#environment.report);
    this.#watchers.set(courseId, watchers);
    const stop = watchers.add(callback);
    return () => {
      stop();
      if (watchers.count > 0 || this.#watchers.get(courseId) !== watchers) return;
      this.#watchers.delete(courseId);
      this.#timers.cancel(courseId);
    };
  }

  /** The server says so. */
  changed(courseId: string): void {
    const watchers = this.#watchers.get(courseId);
    if (!watchers || this.#timers.has(courseId)) return;
    this.#timers.set(courseId, WITHIN_MS * this.#environment.random(), () => watchers.tell());
  }

  /** Nothing is heard until the next connection. */
  lost(): void {
    this.#isMissed = true;
  }

  connected(): void {
    if (!this.#isMissed) return;
    this.#isMissed = false;
    for (const courseId of this.#watchers.keys()) this.changed(courseId);
  }

  /** Nobody is signed in. */
  end(): void {
    this.#timers.clear();
    this.#isMissed = false;
  }
}
