/** Asks for what changes nothing: a question that a broken connection has swallowed is asked again with the next. */

import { CommandError } from "./errors";

/** A question that ends every connection must not be asked for ever. */
const MOST_TIMES = 3;

/**
 * Ask, and ask again when the connection was lost before the answer; without one, a question waits. Another user gets no
 * answers to what the one before has asked.
 *
 * @throws {CommandError} what the server answered; `unavailable` after three lost connections, or when we have left
 */
export async function untilHeard<Answer>(
  userId: () => string | null,
  ask: () => Promise<Answer>,
): Promise<Answer> {
  const asker = userId();
  for (let times = 1; ; times += 1) {
    try {
      return await ask();
    } catch (error) {
      if (!isLost(error) || times === MOST_TIMES || asker === null || asker !== userId()) throw error;
    }
  }
}

/** The server's own `unavailable` comes here only for one field; all others are asked again before. */
const isLost = (error: unknown): boolean =>
  error instanceof CommandError &&
  error.code === "unavailable" &&
  error.retryable &&
  error.field === undefined;
