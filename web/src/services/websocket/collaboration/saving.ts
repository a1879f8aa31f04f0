/** Our edits on their way to the server: in their order, one update in flight, what is typed meanwhile merged. */

import { mergeUpdates } from "yjs";
import { CommandError } from "../errors";
import type { NamedTimers } from "../timers";
import type { Unsent } from "./keeping";

/** Edits above this many are sent in several updates; the rest waits its turn. */
const MOST_MERGED = 1_000;
/** After an error that is worth another try while the connection stands. */
const AGAIN_MS = 1_000;

export interface SavingLimits {
  /** Of one update; a larger edit is refused here, and nothing of it is sent. */
  bytes: number;
  perSecond: number;
}

interface Needs {
  timers: NamedTimers;
  /** Send one update; resolves once the server has committed it. */
  send: (update: Uint8Array) => Promise<void>;
  /** These are committed, as this one update. */
  sent: (edits: readonly Unsent[], update: Uint8Array) => void;
  /** The server lacks something that comes before: what to send instead of everything that waits. */
  gap: () => void;
  /** The document has begun anew. */
  epoch: () => void;
  /** The server will not have this edit, or it is larger than it may be: nor what was written on top of it. */
  refused: (error: CommandError) => void;
}

/** What waits is bounded by what somebody types, and by the size of a document, which the server bounds. */
export class Saving {
  readonly #needs: Needs;
  #limits: SavingLimits = { bytes: Number.POSITIVE_INFINITY, perSecond: 10 };
  #waiting: Unsent[] = [];
  /** Of those that wait, how many are under way; they stay at the front until they are committed. */
  #inFlight = 0;
  #mayGo = false;
  /** Changes with every pause: an answer to what was sent before is worth nothing. */
  #run = {};

  constructor(needs: Needs) {
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
    this.#go();
  }

  /** Connected, and compared with the server: go on. What was under way is sent again, which changes nothing. */
  resume(limits: SavingLimits): void {
    this.#limits = limits;
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
    const edits = this.#next();
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
        if (run === this.#run) this.#failed(error);
      },
    );
  }

  /** As many from the front as fit into one update: merged they are never longer than apart. */
  #next(): Unsent[] {
    let size = 0;
    let count = 0;
    for (const { bytes } of this.#waiting.slice(0, MOST_MERGED)) {
      size += bytes.length;
      if (count > 0 && size > this.#limits.bytes) break;
      count += 1;
    }
    return this.#waiting.slice(0, count);
  }

  #committed(edits: readonly Unsent[], update: Uint8Array): void {
    this.#waiting = this.#waiting.slice(edits.length);
    this.#inFlight = 0;
    this.#needs.sent(edits, update);
    this.#go();
  }

  #failed(error: unknown): void {
    this.#inFlight = 0;
    const failure = error instanceof CommandError ? error : null;
    const reason = failure?.code === "conflict" ? failure.details?.["reason"] : undefined;
    if (reason === "gap" || reason === "epoch") {
      this.pause();
      return this.#needs[reason]();
    }
    if (failure && !failure.retryable) {
      this.pause();
      return this.#needs.refused(failure);
    }
    // The connection was lost, and the next `resume` sends it again; or it stands, and the server is to be asked later.
    this.#needs.timers.set("save", AGAIN_MS, () => this.#go());
  }
}
