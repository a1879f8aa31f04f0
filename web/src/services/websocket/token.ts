/** Where a namespace's token comes from: fixed, or fetched when it is needed. */

import type { CoursewireError } from "../../contract";
import { CommandError } from "./errors";
import type { Input } from "./protocol";

/** A token, or how to get a fresh one. */
export type AuthToken = string | (() => string | Promise<string>);

type Result = Extract<Input, { type: "token" }>;

const NO_NEWER: CoursewireError = {
  code: "auth_expired",
  message: "there is no newer token",
  retryable: false,
};

export class TokenSource {
  /** The newest, if any. */
  token: string | null;
  #source: AuthToken;
  #fetches = 0;

  constructor(source: AuthToken) {
    this.#source = source;
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

  /** Get a fresh token, then call back; only the result of the last fetch is told. */
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
    Promise.resolve()
      .then(() => source())
      .then(
        (token) => {
          if (fetch !== this.#fetches) return;
          this.token = token;
          done({ type: "token", ok: true });
        },
        (cause: unknown) => {
          if (fetch === this.#fetches) done({ type: "token", ok: false, error: asError(cause) });
        },
      );
  }

  /** Tell nobody any more. */
  close(): void {
    this.#fetches += 1;
  }
}

/** A refusal says so by throwing a CommandError; anything else (no network) may pass. */
function asError(cause: unknown): CoursewireError {
  if (cause instanceof CommandError) {
    return { code: cause.code, message: cause.message, retryable: cause.retryable };
  }
  return { code: "unavailable", message: String(cause), retryable: true };
}
