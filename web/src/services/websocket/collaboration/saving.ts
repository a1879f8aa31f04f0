/** Our edits on their way to the server: in their order, one update in flight, what is typed meanwhile merged. */

import { mergeUpdates } from "yjs";
import { CommandError } from "../errors";
import type { NamedTimers } from "../timers";
import type { Unsent } from "./keeping";

/**
 * Bound of the edits that wait. When it is full they are merged into as few as an update's size allows: no edit is given
 * up, and all of them together are no more than what somebody types without a connection.
 */
const MOST_WAITING = 1_000;
/** As long as the server has not said it. */
const USUAL = { bytes: 512 * 1024, perSecond: 10 };
/** After an error that is worth another try while the connection stands. */
const AGAIN_MS = 1_000;

export interface SavingLimits {
  /** Of one update; a larger edit is refused here, and nothing of it is sent. */
  bytes?: number | undefined;
  perSecond?: number | undefined;
}

export interface SavingNeeds {
  timers: NamedTimers;
  /** Send one update; resolves once the server has committed it. */
  send: (update: Uint8Array) => Promise<void>;
  /** These are committed, as this one update. */
  sent: (edits: readonly Unsent[], update: Uint8Array) => void;
  /** These have become one, which waits in their place. */
  merged: (edits: readonly Unsent[], one: Unsent) => void;
  /** The server lacks something that comes before: what to send instead of everything that waits. */
  gap: () => void;
  /** The document has begun anew, or the server does not know that we are in it. */
  open: () => void;
  /** The server will not have this edit, or it is larger than it may be: nor what was written on top of it. */
  refused: (error: CommandError) => void;
}

export class Saving {
  readonly #needs: SavingNeeds;
  #limits = USUAL;
  #waiting: Unsent[] = [];
  /** Of those that wait, how many are under way; they stay at the front until they are committed. */
  #inFlight = 0;
  /** How many of them may go together: fewer, until all are sent, once the server has said that it is too much. */
  #together = Number.POSITIVE_INFINITY;
  #mayGo = false;
  /** Changes with every pause: an answer to what was sent before is worth nothing. */
  #run = {};

  constructor(needs: SavingNeeds) {
    this.#needs = needs;
  }

  get isEmpty(): boolean {
    return this.#waiting.length === 0;
  }

  get waiting(): readonly Unsent[] {
    return this.#waiting;
  }

  add(edit: Unsent): void {
    this.#waiting.push(edit);
    if (this.#waiting.length > MOST_WAITING) this.#gather();
    this.#go();
  }

  /** Connected, and compared with the server: go on. What was under way is sent again, which changes nothing. */
  resume({ bytes, perSecond }: SavingLimits): void {
    this.#limits = { bytes: bytes || USUAL.bytes, perSecond: perSecond || USUAL.perSecond };
    this.#mayGo = true;
    this.#go();
  }

  pause(): void {
    this.#mayGo = false;
    this.#run = {};
    this.#inFlight = 0;
    this.#needs.timers.cancel("save");
  }

  /** Put other edits in the place of all that wait. Only while it is paused. */
  replace(edits: readonly Unsent[]): void {
    this.#waiting = [...edits];
  }

  #go(): void {
    const { timers } = this.#needs;
    if (!this.#mayGo || this.#inFlight > 0 || this.isEmpty || timers.has("save")) return;
    const edits = this.#first(this.#waiting.slice(0, this.#together), this.#limits.bytes);
    const update = edits.length === 1 ? edits[0]?.bytes : mergeUpdates(edits.map(({ bytes }) => bytes));
    if (!update || update.length > this.#limits.bytes) {
      this.pause();
      const message = "this edit is larger than one may be";
      return this.#needs.refused(new CommandError({ code: "too_large", message, retryable: false }));
    }
    this.#inFlight = edits.length;
    const run = this.#run;
    timers.set("save", 1_000 / this.#limits.perSecond, () => this.#go());
    this.#needs.send(update).then(
      () => {
        if (run === this.#run) this.#committed(edits, update);
      },
      (error: unknown) => {
        if (run === this.#run) this.#failed(error, edits.length);
      },
    );
  }

  /** As many from the front as fit into so many bytes, at least one: merged they are never longer than apart. */
  #first(edits: readonly Unsent[], most: number): Unsent[] {
    let size = 0;
    let count = 0;
    for (const { bytes } of edits) {
      size += bytes.length;
      if (count > 0 && size > most) break;
      count += 1;
    }
    return edits.slice(0, count);
  }

  #gather(): void {
    const gathered = this.#waiting.slice(0, this.#inFlight);
    let rest: readonly Unsent[] = this.#waiting.slice(this.#inFlight);
    while (rest.length > 0) {
      // Half of what an update may have, so that what is gathered twice is still sent.
      const some = this.#first(rest, Math.min(this.#limits.bytes, USUAL.bytes) / 2);
      rest = rest.slice(some.length);
      const [first] = some;
      if (some.length === 1 && first) gathered.push(first);
      else {
        const one = { bytes: mergeUpdates(some.map(({ bytes }) => bytes)), key: null };
        this.#needs.merged(some, one);
        gathered.push(one);
      }
    }
    this.#waiting = gathered;
  }

  #committed(edits: readonly Unsent[], update: Uint8Array): void {
    this.#waiting = this.#waiting.slice(edits.length);
    this.#inFlight = 0;
    if (this.isEmpty) this.#together = Number.POSITIVE_INFINITY;
    this.#needs.sent(edits, update);
    this.#go();
  }

  #failed(error: unknown, together: number): void {
    this.#inFlight = 0;
    const failure = error instanceof CommandError ? error : null;
    const reason = failure?.code === "conflict" ? failure.details?.["reason"] : undefined;
    if (reason === "gap" || reason === "epoch" || reason === "open") {
      this.pause();
      return reason === "gap" ? this.#needs.gap() : this.#needs.open();
    }
    if (failure?.code === "too_large" && together > 1) {
      // What was written one by one, without a connection, may be too much at once: half of it may not be.
      this.#together = Math.ceil(together / 2);
      return this.#go();
    }
    if (failure && !failure.retryable) {
      this.pause();
      return this.#needs.refused(failure);
    }
    // The connection was lost, and the next `resume` sends it again; or it stands, and the server is to be asked later.
    this.#needs.timers.set("save", AGAIN_MS, () => this.#go());
  }
}
