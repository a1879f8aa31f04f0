/** How people are called whom the document knows only by id: from those who are here, and those who wrote notes. */

import type { Participant } from "../../contract";
import type { Thread } from "../../services/websocket/collaboration/view";

export interface Named {
  user_id: string;
  name: string;
}

export function namesOf(
  participants: readonly Participant[],
  threads: readonly Thread[],
  people: readonly Named[],
): Map<string, string> {
  const names = new Map(people.map(({ user_id, name }) => [user_id, name]));
  for (const { annotation, replies } of threads)
    for (const { author_id, author_name } of [annotation, ...replies])
      if (author_id !== undefined) names.set(author_id, author_name);
  for (const { user_id, name } of participants) names.set(user_id, name);
  return names;
}

export const nameOf = (names: ReadonlyMap<string, string>, userId: string | undefined): string =>
  userId === undefined ? "somebody" : (names.get(userId) ?? userId);
