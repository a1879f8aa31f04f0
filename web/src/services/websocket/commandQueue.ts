/** The commands of one namespace without a final answer: in order, bounded, keyed ones one at a time (CLI2). */

import type { Queued } from "./protocol";

/** `retrying`: the answer was "later"; a timer runs. */
type Stage = "waiting" | "sent" | "retrying";

export interface Waiting extends Queued {
  stage: Stage;
  retries: number;
}

/** A key lets the server recognise a repeat (LOG3), so the command survives a disconnect. */
export const isKeyed = (command: Queued): boolean => typeof command.payload["key"] === "string";

/**
 * Bound: `limit` commands, sent ones included. When full, `add` says no and the caller gets `overloaded`: dropping an
 * older one would break a promise that was already given. For that reason all of an earlier page are taken over, also
 * where its limit was higher: those that were stored, and nothing more until they are fewer.
 */
export class CommandQueue {
  readonly #limit: number;
  #commands = new Map<string, Waiting>();

  constructor(limit: number) {
    this.#limit = limit;
  }

  get size(): number {
    return this.#commands.size;
  }

  get all(): Waiting[] {
    return [...this.#commands.values()];
  }

  get(ref: string): Waiting | undefined {
    return this.#commands.get(ref);
  }

  add(queued: Queued): boolean {
    if (this.#commands.size >= this.#limit) return false;
    this.#commands.set(queued.ref, waiting(queued));
    return true;
  }

  remove(ref: string): Waiting | undefined {
    const command = this.#commands.get(ref);
    this.#commands.delete(ref);
    return command;
  }

  /** Put the commands of an earlier page before all others. */
  restore(entries: readonly Queued[]): void {
    const earlier = entries.filter(({ ref }) => !this.#commands.has(ref));
    this.#commands = new Map([
      ...earlier.map((entry) => [entry.ref, waiting(entry)] as const),
      ...this.#commands,
    ]);
  }

  /** What may be sent now: all without a key, and the first with one unless it is under way. */
  sendable(): Waiting[] {
    let firstKeyed = true;
    return this.all.filter((command) => {
      const keyed = isKeyed(command);
      const allowed = !keyed || firstKeyed;
      if (keyed) firstKeyed = false;
      return allowed && command.stage === "waiting";
    });
  }

  /** Remove and return those that were sent without a key; all others wait for the next session. */
  disconnected(): Waiting[] {
    const lost = this.#removeAll((command) => command.stage === "sent" && !isKeyed(command));
    for (const command of this.#commands.values()) command.stage = "waiting";
    return lost;
  }

  removeUnkeyed(): Waiting[] {
    return this.#removeAll((command) => !isKeyed(command));
  }

  /** What must survive the page. */
  keyed(): Queued[] {
    return this.all.filter(isKeyed).map(({ ref, command, payload }) => ({ ref, command, payload }));
  }

  #removeAll(condition: (command: Waiting) => boolean): Waiting[] {
    const removed = this.all.filter(condition);
    for (const command of removed) this.#commands.delete(command.ref);
    return removed;
  }
}

const waiting = ({ ref, command, payload }: Queued): Waiting => ({
  ref,
  command,
  payload,
  stage: "waiting",
  retries: 0,
});
