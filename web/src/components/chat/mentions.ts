/** Calling people in a text: what was begun at the caret, whom it may mean, and who is called in the end. No React. */

export interface Callable {
  /** What is written after the `@`. */
  name: string;
  /** Null: a group, `@staff` or `@room`. */
  userId: string | null;
  hint: string;
}

export const GROUPS: readonly Callable[] = [
  { name: "staff", userId: null, hint: "Teachers and assistants in this conversation" },
  { name: "room", userId: null, hint: "Everybody in this conversation" },
];

/** As many as one can take in. */
const MOST = 8;
const LONGEST_NAME = 60;

export interface Begun {
  /** Where the `@` stands. */
  start: number;
  query: string;
}

/** The mention that is being written at the caret; null when there is none. */
export function begun(text: string, caret: number): Begun | null {
  const before = text.slice(Math.max(0, caret - LONGEST_NAME), caret);
  const found = /(?:^|[^\p{L}\p{N}_/@.-])@([^@\n]*)$/u.exec(before);
  if (!found) return null;
  const query = found[1] ?? "";
  if (/^\s/u.test(query)) return null;
  return { start: caret - query.length - 1, query };
}

/** Whom it may mean: those whose name, or a word of it, begins like it. */
export function candidates(query: string, people: readonly Callable[]): Callable[] {
  const wanted = query.toLocaleLowerCase();
  const rank = ({ name }: Callable): number => {
    const lower = name.toLocaleLowerCase();
    if (lower.startsWith(wanted)) return 0;
    return lower.split(/\s+/u).some((word) => word.startsWith(wanted)) ? 1 : 2;
  };
  // A name that is written out and followed by a space is done.
  if (people.some(({ name }) => wanted === `${name.toLocaleLowerCase()} `)) return [];
  const found = people
    .map((one) => ({ one, at: rank(one) }))
    .filter(({ at }) => at < 2)
    .sort((a, b) => a.at - b.at)
    .map(({ one }) => one);
  // Nothing is left to choose: Enter sends.
  if (found.length === 1 && found[0]?.name.toLocaleLowerCase() === wanted) return [];
  return found.slice(0, MOST);
}

/** The text with the choice in place of what was begun, and where the caret goes. */
export function completed(
  text: string,
  { start, query }: Begun,
  choice: Callable,
): { text: string; caret: number } {
  const after = text.slice(start + 1 + query.length);
  const space = after === "" || /^[\p{L}\p{N}]/u.test(after) ? " " : "";
  const head = `${text.slice(0, start)}@${choice.name}`;
  return { text: `${head}${space}${after}`, caret: head.length + (space || after.startsWith(" ") ? 1 : 0) };
}

/** The ids of those whom a text calls by name. */
export function called(text: string, people: readonly Callable[]): string[] {
  const lower = text.toLocaleLowerCase();
  if (!lower.includes("@")) return [];
  return people.flatMap(({ name, userId }) =>
    userId !== null && lower.includes(`@${name.toLocaleLowerCase()}`) ? [userId] : [],
  );
}
