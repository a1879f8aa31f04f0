/** The commands of one namespace on their way: sent when it is ready, retried when asked to, settled once (LOG3, CMD1). */

import type { CoursewireError, Position } from "../../contract";
import { CommandQueue, isKeyed, type Waiting } from "./commandQueue";
import type { Effects } from "./effects";
import type { Answer, Queued, State } from "./protocol";
import { Turns } from "./turns";

/** Answers that say "later"; the command is sent again, with its key. */
const LATER = new Set(["rate_limited", "overloaded", "unavailable"]);

const unavailable = (message: string, details?: Record<string, unknown>): Answer => ({
  ok: false,
  error: { code: "unavailable", message, retryable: true, ...(details && { details }) },
});

/** The channels that a command has subscribed to, as its answer says. */
function opened(answer: Answer): Record<string, Position> | null {
  const positions = answer.ok ? (answer.data as { positions?: unknown } | null)?.positions : undefined;
  return typeof positions === "object" ? (positions as Record<string, Position> | null) : null;
}

export class Commands {
  readonly #effects: Effects;
  readonly #adopt: (positions: Record<string, Position>) => void;
  readonly #queue: CommandQueue;
  #turns = new Turns();
  #ready = false;

  /** `adopt`: take over the channels that a command has subscribed to. */
  constructor(effects: Effects, limit: number, adopt: (positions: Record<string, Position>) => void) {
    this.#effects = effects;
    this.#adopt = adopt;
    this.#queue = new CommandQueue(limit);
  }

  /** Commands without a final answer. */
  get size(): number {
    return this.#queue.size;
  }

  // The session

  /** `paceMs`: how far apart those go that were too many. */
  ready(paceMs = 0): void {
    this.#ready = true;
    this.#turns = new Turns(paceMs);
    this.#pump();
  }

  /** Those without a key that were under way are lost; all others wait for the next session. */
  lost(): void {
    this.#ready = false;
    for (const { ref } of this.#queue.disconnected()) {
      this.#settle(ref, unavailable("the connection was lost before the answer"));
    }
  }

  /** No session will come by itself: those that cannot survive are told so. */
  giveUp(error: CoursewireError): void {
    for (const { ref } of this.#queue.removeUnkeyed()) this.#settle(ref, { ok: false, error });
  }

  /** Nobody waits any more; keyed commands stay for the next start. */
  stop(): void {
    this.#ready = false;
    for (const command of this.#queue.all) {
      const details = isKeyed(command) ? { kept: true } : undefined;
      this.#settle(command.ref, unavailable("the client was stopped", details));
    }
    this.#queue.removeUnkeyed();
    this.#queue.disconnected();
  }

  // Wishes

  /** Take a command, unless the state refuses it: closed all, a hopeless one those that it would lose. */
  take({ ref, command, payload }: Queued, state: State, hopeless: boolean): void {
    const queued = { ref, command, payload };
    const keyed = isKeyed(queued);
    if (state === "closed" || (hopeless && !keyed)) {
      this.#refuse(ref, { code: "unavailable", message: `the namespace is ${state}`, retryable: false });
    } else if (!this.#queue.add(queued)) {
      this.#refuse(ref, { code: "overloaded", message: "the outbox is full", retryable: true });
    } else {
      if (keyed) this.#persist();
      this.#pump();
    }
  }

  /** Forget a command, sent or not; without a word. */
  cancel(ref: string): void {
    const command = this.#queue.remove(ref);
    if (!command) return;
    this.#effects.ignore(ref);
    this.#effects.cancel(`retry:${ref}`);
    if (isKeyed(command)) this.#persist();
    this.#pump();
  }

  /** Take over the commands of an earlier page. */
  restore(outbox: readonly Queued[]): void {
    this.#queue.restore(outbox);
    this.#pump();
  }

  #pump(): void {
    if (!this.#ready) return;
    for (const command of this.#queue.sendable()) {
      command.stage = "sent";
      this.#effects.send(command.ref, command.command, command.payload, (answer) => {
        this.#answered(command, answer);
      });
    }
  }

  #answered(command: Waiting, answer: Answer): void {
    // One that names a field is about what this command asks, such as a room in slow mode: others need not wait.
    const later =
      !answer.ok &&
      answer.error.retryable &&
      LATER.has(answer.error.code) &&
      answer.error.field === undefined;
    if (later) {
      command.stage = "retrying";
      const wait = answer.error.retry_after_ms ?? this.#effects.delay(command.retries);
      const ms = this.#turns.next(this.#effects.at, wait);
      command.retries += 1;
      this.#effects.set(`retry:${command.ref}`, ms, () => {
        command.stage = "waiting";
        this.#pump();
      });
      return;
    }
    this.#queue.remove(command.ref);
    if (isKeyed(command)) this.#persist();
    const positions = opened(answer);
    if (positions) this.#adopt(positions);
    this.#settle(command.ref, answer);
    this.#pump();
  }

  #settle(ref: string, answer: Answer): void {
    this.#effects.put({ type: "settle", ref, answer });
  }

  #refuse(ref: string, error: CoursewireError): void {
    this.#effects.put({ type: "refused_command", ref, error });
  }

  #persist(): void {
    this.#effects.put({ type: "persist", outbox: this.#queue.keyed() });
  }
}
