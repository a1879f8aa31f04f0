/** How long a document waits before it is asked for again, and how often. */

/** After an `open` that failed for now, in ms. */
export const AGAIN_MS = 3_000;
/** After one that was refused, in ms. Who is let in is told so, but for roles above all courses, which tokens give. */
export const LET_IN_MS = 30_000;
/** After one that was refused because too many are open, in ms: another tab does not say that it has closed one. */
export const ROOM_MS = 10_000;
/** Refusals and gaps in a row, with nothing committed between, after which it is not tried any more. */
export const MOST_FAILURES = 3;
