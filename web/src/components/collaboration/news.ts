/** What screen readers are told of the others in a document: who comes and goes, and where they edit. No clock, no timer. */

/** Least time between two announcements: the last one is heard to its end. */
export const GAP_MS = 6_000;
/** Least time between two words about where the same person edits. */
export const PLACE_MS = 20_000;
/** Bound of news in one announcement; of the others only their number is said. */
const MOST = 3;

export interface Present {
  user_id: string;
  name: string;
  /** Where their caret stands, in words: "paragraph 3"; null where they have none. */
  place: string | null;
}

interface Known {
  name: string;
  place: string | null;
  saidAt: number;
}

export class DocumentNarrator {
  #known: Map<string, Known> | null = null;
  /** Bounded by `MOST`: what is more is only counted. */
  #news: string[] = [];
  #more = 0;
  #saidAt = Number.NEGATIVE_INFINITY;

  /** Take in who else is here. The first call is how it was found: no news. */
  see(others: readonly Present[]): void {
    const first = this.#known === null;
    const before = this.#known ?? new Map<string, Known>();
    const now = new Map<string, Known>();
    for (const { user_id, name, place } of others) {
      const known = before.get(user_id);
      if (!known && !first) this.#add(`${name} joined.`);
      now.set(user_id, { name, place, saidAt: known?.saidAt ?? Number.NEGATIVE_INFINITY });
      if (known && known.place === place) continue;
      if (place !== null && !first) this.#moved.add(user_id);
    }
    for (const [user_id, { name }] of before) if (!now.has(user_id)) this.#add(`${name} left.`);
    this.#known = now;
  }

  /** Who has moved since their place was said. */
  readonly #moved = new Set<string>();

  /** Something that is said as soon as it may be. */
  tell(words: string): void {
    this.#add(words);
  }

  /** What to say at `now`, in milliseconds; null: nothing. */
  say(now: number): string | null {
    if (now < this.#saidAt + GAP_MS) return null;
    for (const user_id of this.#moved) {
      const known = this.#known?.get(user_id);
      if (known && now < known.saidAt + PLACE_MS) continue;
      this.#moved.delete(user_id);
      if (!known || known.place === null) continue;
      known.saidAt = now;
      this.#add(`${known.name} is at ${known.place}.`);
    }
    if (this.#news.length === 0) return null;
    const more = this.#more > 0 ? [`And ${this.#more} more.`] : [];
    const words = [...this.#news, ...more].join(" ");
    this.#news = [];
    this.#more = 0;
    this.#saidAt = now;
    return words;
  }

  #add(words: string): void {
    if (this.#news.length < MOST) this.#news.push(words);
    else this.#more += 1;
  }
}
