/** Calling people in a note: people write names, the server is told ids. No React. */

import { type Callable, GROUPS } from "../chat/mentions";

interface Person {
  user_id: string;
  name: string;
}

const STAFF = GROUPS.filter(({ name }) => name === "staff").map((group) => ({
  ...group,
  hint: "Teachers and assistants of the course",
}));

export const callablesOf = (people: readonly Person[]): Callable[] => [
  ...people.map(({ user_id, name }) => ({ name, userId: user_id, hint: user_id })),
  ...STAFF,
];

/** Longer names first: "Ada Lovelace" is not "Ada" with something after it. */
const byLength = (people: readonly Person[]): Person[] =>
  [...people].sort((one, other) => other.name.length - one.name.length);

const quoted = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/gu, "\\$&");

/** "@Ada Lovelace" as "@ada". */
export const toWire = (text: string, people: readonly Person[]): string =>
  byLength(people).reduce(
    (words, { user_id, name }) =>
      words.replace(new RegExp(`@${quoted(name)}(?![\\p{L}\\p{N}])`, "giu"), () => `@${user_id}`),
    text,
  );

/** "@ada" as "@Ada Lovelace", to be edited. */
export const fromWire = (text: string, people: readonly Person[]): string =>
  people.reduce(
    (words, { user_id, name }) =>
      words.replace(
        new RegExp(`(?<![\\p{L}\\p{N}@])@${quoted(user_id)}(?![\\p{L}\\p{N}._:@-])`, "gu"),
        () => `@${name}`,
      ),
    text,
  );
