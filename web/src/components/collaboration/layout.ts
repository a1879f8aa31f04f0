/** Which elements our editor knows, as a number; apart from the editor, which is loaded only when one is needed. */

/**
 * It grows with every element or mark that `extensions.ts` gets: an editor takes out of the shared text what it does not
 * know, so an older one is given no text to bind to.
 */
export const LAYOUT = 1;

/** The most characters that a note can stand at: what its quote may hold. */
export const MOST_QUOTED = 2_000;
