/** Lists of a course's documents: asked for anew when the course has changed, and after the connection was lost. */

import type { Environment } from "../environment";
import { NamedTimers } from "../timers";

/** A whole class is told at once: its lists are asked for within so many ms, and what has changed by then is in them. */
const WITHIN_MS = 1_000;

export class Courses {
  readonly #timers: NamedTimers;
  readonly #random: () => number;
  readonly #listeners = new Map<string, Set<() => void>>();
  #isMissed = false;

  constructor(environment: Pick<Environment, "setTimer" | "clearTimer" | "random">) {
    this.#timers = new NamedTimers(environment);
    this.#random = environment.random;
  }

  /** Call back when there may be something else in a course; returns how to stop. */
  follow(courseId: string, callback: () => void): () => void {
    const listeners = this.#listeners.get(courseId) ?? new Set();
    this.#listeners.set(courseId, listeners);
    // One of its own: the same callback given twice is called twice.
    const listener = () => callback();
    listeners.add(listener);
    return () => {
      listeners.delete(listener);
      if (listeners.size > 0 || this.#listeners.get(courseId) !== listeners) return;
      this.#listeners.delete(courseId);
      this.#timers.cancel(courseId);
    };
  }

  /** The server says so. */
  changed(courseId: string): void {
    const listeners = this.#listeners.get(courseId);
    if (!listeners || this.#timers.has(courseId)) return;
    this.#timers.set(courseId, WITHIN_MS * this.#random(), () => {
      for (const listener of [...listeners]) listener();
    });
  }

  /** Nothing is heard until the next connection. */
  lost(): void {
    this.#isMissed = true;
  }

  connected(): void {
    if (!this.#isMissed) return;
    this.#isMissed = false;
    for (const courseId of this.#listeners.keys()) this.changed(courseId);
  }

  /** Nobody is signed in. */
  end(): void {
    this.#timers.clear();
    this.#isMissed = false;
  }
}
