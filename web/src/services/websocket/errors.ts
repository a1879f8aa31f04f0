/** What a failed command throws, and what people are told about it. */

import { type CoursewireError, type ErrorCode, errorCodes, type NamespaceGone } from "../../contract";

export class CommandError extends Error {
  override readonly name = "CommandError";
  readonly code: ErrorCode;
  readonly retryable: boolean;
  readonly field: string | undefined;
  readonly details: Record<string, unknown> | undefined;

  constructor(error: CoursewireError) {
    super(error.message);
    this.code = error.code;
    this.retryable = error.retryable;
    this.field = error.field;
    this.details = error.details;
  }
}

/** The answer to what nobody will ask any more. */
export const STOPPED = {
  ok: false,
  error: { code: "unavailable", message: "the client was stopped", retryable: true },
} as const;

const SENTENCES: Record<ErrorCode, string> = {
  auth_missing: "Please sign in first.",
  auth_invalid: "Your sign-in was not accepted. Please sign in again.",
  auth_expired: "Your sign-in has expired. Please sign in again.",
  forbidden: "You are not allowed to do this.",
  not_found: "This is not here any more, or you cannot see it.",
  invalid: "Something in this is not right.",
  conflict: "Somebody changed this in the meantime. Look at it again, then retry.",
  rate_limited: "That was a little fast. Please wait a moment.",
  too_large: "This is too long.",
  disabled: "This is switched off at the moment.",
  unavailable: "The server cannot be reached right now.",
  overloaded: "Too much is waiting already. Please try again shortly.",
  unknown_command: "The server does not know this yet. Reload the page.",
  internal: "Something went wrong on the server. Please try again.",
};

/** Say an error in plain words; the server's own words only where they name what the person typed. */
export function explain(error: { code: ErrorCode; message: string }): string {
  if (error.code === "invalid" && error.message) return capitalise(error.message);
  if (error.code === "forbidden" && error.message) return capitalise(error.message);
  return SENTENCES[error.code] ?? SENTENCES.internal;
}

/** The same for whatever was thrown. */
export function words(error: unknown): string {
  return error instanceof CommandError ? explain(error) : "Something went wrong. Please try again.";
}

function capitalise(sentence: string): string {
  const text = sentence.trim();
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}${/[.!?]$/.test(text) ? "" : "."}`;
}

/** What to tell people of a namespace that the server closes for good; null when it will be back by itself. */
export function closingError({ reason, retryable }: NamespaceGone): CoursewireError | null {
  if (retryable) return null;
  const code = reason in errorCodes ? (reason as ErrorCode) : "unavailable";
  return { code, message: "", retryable };
}
