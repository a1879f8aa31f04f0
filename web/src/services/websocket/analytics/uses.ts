/** How many use a thing: begun by the first, ended at the end of the turn in which the last one lets go. */

interface Clock {
  setTimer(callback: () => void, ms: number): unknown;
}

export class Uses {
  readonly #clock: Clock;
  readonly #counts = new Map<string, number>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  has(key: string): boolean {
    return this.#counts.has(key);
  }

  /** Those in use whose key begins so, without that beginning. */
  under(prefix: string): string[] {
    return [...this.#counts.keys()].flatMap((key) =>
      key.startsWith(prefix) ? [key.slice(prefix.length)] : [],
    );
  }

  /** A component that is unmounted and mounted again (React's StrictMode) keeps what it used. */
  take(key: string, begin: () => void, end: () => void): () => void {
    const before = this.#counts.get(key);
    this.#counts.set(key, (before ?? 0) + 1);
    if (before === undefined) begin();
    let used = true;
    return () => {
      if (!used) return;
      used = false;
      this.#counts.set(key, (this.#counts.get(key) ?? 1) - 1);
      this.#clock.setTimer(() => {
        if (this.#counts.get(key) !== 0) return;
        this.#counts.delete(key);
        end();
      }, 0);
    };
  }
}
