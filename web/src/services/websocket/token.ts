/** Where a namespace's token comes from: fixed, or fetched when it is needed. */

import type { CoursewireError } from "../../contract";
import type { Environment } from "./environment";
import { CommandError } from "./errors";
import type { Input } from "./protocol";
import { NamedTimers } from "./timers";

/** A token, or how to get a fresh one. */
export type AuthToken = string | (() => string | Promise<string>);

type Result = Extract<Input, { type: "token" }>;

/** A dead network answers nothing for minutes: by then it may have come back, and whoever asks again is answered. */
const PATIENCE_MS = 10_000;

const NO_NEWER: CoursewireError = {
  code: "auth_expired",
  message: "there is no newer token",
  retryable: false,
};

const NO_ANSWER: CoursewireError = {
  code: "unavailable",
  message: `no token within ${PATIENCE_MS / 1_000} s`,
  retryable: true,
};

export class TokenSource {
  /** The newest, if any. */
  token: string | null;
  #source: AuthToken;
  #fetches = 0;
  readonly #timers: NamedTimers;

  constructor(source: AuthToken, environment: Environment) {
    this.#source = source;
    this.#timers = new NamedTimers(environment);
    this.token = typeof source === "string" ? source : null;
  }

  get isFixed(): boolean {
    return typeof this.#source === "string";
  }

  /** Take another source; true when it is a token that was not known. */
  replace(source: AuthToken): boolean {
    this.#source = source;
    if (typeof source !== "string" || source === this.token) return false;
    this.token = source;
    return true;
  }

  /**
   * Get a fresh token, then call back; only the result of the last fetch is told. One that takes too long has failed, and
   * is told all the same when it comes after that.
   */
  fetch(reason: "connect" | "expiring" | "expired", done: (result: Result) => void): void {
    const source = this.#source;
    if (typeof source === "string") {
      done(
        reason === "connect" ? { type: "token", ok: true } : { type: "token", ok: false, error: NO_NEWER },
      );
      return;
    }
    this.#fetches += 1;
    const fetch = this.#fetches;
    let isLate = false;
    this.#timers.set("token", PATIENCE_MS, () => {
      isLate = true;
      done({ type: "token", ok: false, error: NO_ANSWER });
    });
    Promise.resolve()
      .then(() => source())
      .then(
        (token) => {
          if (fetch !== this.#fetches) return;
          this.#timers.clear();
          this.token = token;
          done({ type: "token", ok: true });
        },
        (cause: unknown) => {
          if (fetch !== this.#fetches || isLate) return;
          this.#timers.clear();
          done({ type: "token", ok: false, error: asError(cause) });
        },
      );
  }

  /** Tell nobody any more. */
  close(): void {
    this.#fetches += 1;
    this.#timers.clear();
  }
}

/** A refusal says so by throwing a CommandError; anything else (no network) may pass. */
function asError(cause: unknown): CoursewireError {
  if (cause instanceof CommandError) {
    return { code: cause.code, message: cause.message, retryable: cause.retryable };
  }
  return { code: "unavailable", message: String(cause), retryable: true };
}
