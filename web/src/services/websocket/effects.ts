/** What one step of the machine gives out; which timers are set and which emits have no answer. */

import { type Answer, backOff, type Output } from "./protocol";

type Then = (answer: Answer) => void;

const byName = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

export class Effects {
  /** Milliseconds: the time of the step under way. */
  at = 0;
  /** The last round trip of an emit that was answered, milliseconds. */
  latency: number | null = null;

  readonly #random: () => number;
  readonly #timers = new Map<string, () => void>();
  /** Emits of this session without an answer. */
  readonly #asked = new Map<string, { at: number; then: Then }>();
  #outputs: Output[] = [];
  #refs = 0;

  constructor(random: () => number) {
    this.#random = random;
  }

  put(output: Output): void {
    this.#outputs.push(output);
  }

  taken(): Output[] {
    const outputs = this.#outputs;
    this.#outputs = [];
    return outputs;
  }

  /** The back-off after `failures` in a row; takes a random number. */
  delay(failures: number): number {
    return backOff(failures, this.#random());
  }

  // Timers

  set(name: string, ms: number, then: () => void): void {
    this.#timers.set(name, then);
    this.put({ type: "set_timer", name, ms });
  }

  cancel(name: string): void {
    if (this.#timers.delete(name)) this.put({ type: "cancel_timer", name });
  }

  cancelAll(): void {
    for (const name of [...this.#timers.keys()].sort(byName)) this.cancel(name);
  }

  /** A timer ran out; one that is not set any more is ignored. */
  fire(name: string): void {
    const then = this.#timers.get(name);
    this.#timers.delete(name);
    then?.();
  }

  // Emits

  /** Emit something of the machine's own, with the next ref `#1`, `#2`, ... */
  emit(command: string, payload: Record<string, unknown>, then: Then): void {
    this.#refs += 1;
    this.send(`#${this.#refs}`, command, payload, then);
  }

  send(ref: string, command: string, payload: Record<string, unknown>, then: Then): void {
    this.#asked.set(ref, { at: this.at, then });
    this.put({ type: "emit", ref, command, payload });
  }

  /** An answer to an emit of another session, or a second one, is ignored. */
  answer(ref: string, answer: Answer): void {
    const asked = this.#asked.get(ref);
    if (!asked) return;
    this.#asked.delete(ref);
    this.latency = this.at - asked.at;
    asked.then(answer);
  }

  /** Whoever waits for this answer waits no more. */
  ignore(ref: string): void {
    this.#asked.delete(ref);
  }

  /** The session is over: no answer will come. */
  forgetAnswers(): void {
    this.#asked.clear();
  }
}
