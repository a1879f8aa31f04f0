/** Timers by name: setting one again replaces it, and all of them end together. */

interface Clock {
  setTimer(callback: () => void, ms: number): unknown;
  clearTimer(timer: unknown): void;
}

export class NamedTimers {
  readonly #clock: Clock;
  readonly #timers = new Map<string, unknown>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  has(name: string): boolean {
    return this.#timers.has(name);
  }

  set(name: string, ms: number, run: () => void): void {
    this.cancel(name);
    const timer = this.#clock.setTimer(() => {
      this.#timers.delete(name);
      run();
    }, ms);
    this.#timers.set(name, timer);
  }

  cancel(name: string): void {
    const timer = this.#timers.get(name);
    if (timer === undefined) return;
    this.#clock.clearTimer(timer);
    this.#timers.delete(name);
  }

  clear(): void {
    for (const name of [...this.#timers.keys()]) this.cancel(name);
  }
}
