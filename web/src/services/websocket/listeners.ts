/** Who wants to hear which event. */

import type { EventMeta } from "./protocol";

type Listener = (data: never, meta: EventMeta) => void;

export class Listeners {
  readonly #byEvent = new Map<string, Set<Listener>>();

  /** Over all events. */
  get count(): number {
    let count = 0;
    for (const listeners of this.#byEvent.values()) count += listeners.size;
    return count;
  }

  /** Returns how to stop. */
  add(event: string, listener: Listener): () => void {
    const listeners = this.#byEvent.get(event) ?? new Set();
    this.#byEvent.set(event, listeners);
    listeners.add(listener);
    return () => {
      listeners.delete(listener);
      if (listeners.size === 0 && this.#byEvent.get(event) === listeners) this.#byEvent.delete(event);
    };
  }

  /** Forget every listener of an event. */
  clear(event: string): void {
    this.#byEvent.delete(event);
  }

  /** One listener's mistake is reported and does not keep the others from their event. */
  tell(event: string, data: unknown, meta: EventMeta, report: (error: unknown) => void): void {
    for (const listener of [...(this.#byEvent.get(event) ?? [])]) {
      try {
        listener(data as never, meta);
      } catch (error) {
        report(error);
      }
    }
  }
}
