/** A value and who wants to know when it changes; a burst of changes is told once per frame. */

const FRAME_MS = 16;

interface Clock {
  setTimer(callback: () => void, ms: number): unknown;
}

export class StateStore<Value> {
  #value: Value;
  readonly #clock: Clock;
  readonly #listeners = new Set<() => void>();
  #resting = false;
  #changed = false;

  constructor(value: Value, clock: Clock) {
    this.#value = value;
    this.#clock = clock;
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  readonly getSnapshot = (): Value => this.#value;

  get listeners(): number {
    return this.#listeners.size;
  }

  /** The first change is told at once; those of the next 16 ms together. */
  set(value: Value): void {
    if (Object.is(value, this.#value)) return;
    this.#value = value;
    if (this.#resting) {
      this.#changed = true;
      return;
    }
    this.#tell();
  }

  #tell(): void {
    this.#changed = false;
    if (this.#listeners.size === 0) return;
    this.#resting = true;
    this.#clock.setTimer(() => {
      this.#resting = false;
      if (this.#changed) this.#tell();
    }, FRAME_MS);
    for (const listener of [...this.#listeners]) listener();
  }
}
