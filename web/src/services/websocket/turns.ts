/** When those come again who were told "later": one after the other. All at once, all but one would be told the same. */

export class Turns {
  readonly #apartMs: number;
  #last = Number.NEGATIVE_INFINITY;

  constructor(apartMs = 0) {
    this.#apartMs = apartMs;
  }

  /** Take a turn, in `ms` at the earliest; returns in how many milliseconds it is. */
  next(now: number, ms: number): number {
    this.#last = Math.max(now + ms, this.#last + this.#apartMs);
    return Math.floor(this.#last) - now;
  }
}
