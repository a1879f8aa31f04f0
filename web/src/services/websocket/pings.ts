/** Asks the server for a sign of life every so often while a session lasts, and tells how long that took. */

import type { SocketPort } from "./socket";

const EVERY_MS = 15_000;

interface Clock {
  /** Milliseconds since 1970. */
  now(): number;
  setTimer(callback: () => void, ms: number): unknown;
  clearTimer(timer: unknown): void;
}

export class Pings {
  /** The last round trip, milliseconds. */
  roundTripMs: number | null = null;
  readonly #clock: Clock;
  readonly #socket: SocketPort;
  readonly #measured: () => void;
  #timer: unknown;

  constructor(clock: Clock, socket: SocketPort, measured: () => void) {
    this.#clock = clock;
    this.#socket = socket;
    this.#measured = measured;
  }

  get isRunning(): boolean {
    return this.#timer !== undefined;
  }

  start(): void {
    const sentAt = this.#clock.now();
    this.#timer = this.#clock.setTimer(() => this.start(), EVERY_MS);
    this.#socket.emit("ping", { sent_at: sentAt }, (answer) => {
      if (!answer.ok) return;
      this.roundTripMs = this.#clock.now() - sentAt;
      this.#measured();
    });
  }

  stop(): void {
    if (this.#timer !== undefined) this.#clock.clearTimer(this.#timer);
    this.#timer = undefined;
  }
}
