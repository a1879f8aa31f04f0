/** Who wants to hear which event. */

import type { EventMeta } from "./protocol";

type Listener = (data: never, meta: EventMeta) => void;
type Report = (error: unknown) => void;

/** Once for each time that it was added: two who add the same function do not stop one another. */
interface Added<Call> {
  call: Call;
}

export class Listeners {
  readonly #byEvent = new Map<string, Set<Added<Listener>>>();

  /** Over all events. */
  get count(): number {
    let count = 0;
    for (const listeners of this.#byEvent.values()) count += listeners.size;
    return count;
  }

  /** Returns how to stop. */
  add(event: string, call: Listener): () => void {
    const listeners = this.#byEvent.get(event) ?? new Set();
    this.#byEvent.set(event, listeners);
    const added = { call };
    listeners.add(added);
    return () => {
      listeners.delete(added);
      if (listeners.size === 0 && this.#byEvent.get(event) === listeners) this.#byEvent.delete(event);
    };
  }

  /** Forget every listener of an event. */
  clear(event: string): void {
    this.#byEvent.delete(event);
  }

  tell(event: string, data: unknown, meta: EventMeta, report: Report): void {
    callAll(this.#byEvent.get(event) ?? [], (call) => call(data as never, meta), report);
  }
}

/** Who wants to know that something has changed, whatever it is. */
export class Watchers {
  readonly #watchers = new Set<Added<() => void>>();
  readonly #report: Report;

  constructor(report: Report) {
    this.#report = report;
  }

  get count(): number {
    return this.#watchers.size;
  }

  /** Returns how to stop. */
  add(call: () => void): () => void {
    const added = { call };
    this.#watchers.add(added);
    return () => this.#watchers.delete(added);
  }

  tell(): void {
    callAll(this.#watchers, (call) => call(), this.#report);
  }
}

/** One's mistake is reported and does not keep the others, or the work of whoever tells them, from going on. */
function callAll<Call>(all: Iterable<Added<Call>>, run: (call: Call) => void, report: Report): void {
  for (const { call } of [...all]) {
    try {
      run(call);
    } catch (error) {
      report(error);
    }
  }
}
