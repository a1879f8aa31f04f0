/** A value and who wants to know when it changes; a burst of changes is told once per frame. */

import { Watchers } from "./listeners";

const FRAME_MS = 16;

interface Surroundings {
  setTimer(callback: () => void, ms: number): unknown;
  /** Where an exception of somebody who is told goes. */
  report(error: unknown): void;
}

export class StateStore<Value> {
  #value: Value;
  readonly #surroundings: Surroundings;
  readonly #watchers: Watchers;
  #resting = false;
  #changed = false;

  constructor(value: Value, surroundings: Surroundings) {
    this.#value = value;
    this.#surroundings = surroundings;
    this.#watchers = new Watchers((error) => surroundings.report(error));
  }

  readonly subscribe = (listener: () => void): (() => void) => this.#watchers.add(listener);

  readonly getSnapshot = (): Value => this.#value;

  get listeners(): number {
    return this.#watchers.count;
  }

  /**
   * The first change is told at once; those of the next 16 ms together. `isUrgent`: at once in any case, as what was told
   * before is not true any more, and a page that is busy runs its timers late.
   */
  set(value: Value, isUrgent = false): void {
    if (Object.is(value, this.#value)) return;
    this.#value = value;
    if (this.#resting && !isUrgent) {
      this.#changed = true;
      return;
    }
    this.#tell();
  }

  #tell(): void {
    this.#changed = false;
    if (this.#watchers.count === 0) return;
    if (!this.#resting)
      this.#surroundings.setTimer(() => {
        this.#resting = false;
        if (this.#changed) this.#tell();
      }, FRAME_MS);
    this.#resting = true;
    this.#watchers.tell();
  }
}
