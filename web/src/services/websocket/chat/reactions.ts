/** Who reacted with what: what events leave out, what we have just done, and how it is said. */

import type { Author, Member, Message, ReactedMessage, Reaction } from "../../../contract";

/**
 * Say in a message which reactions are ours. Events say the same to everybody and leave it out: it follows from the names
 * where all are given, from what has just changed, or from what was known before.
 */
export function withMine(message: Message, known: Message | undefined, me: string | null): Message {
  if (me === null || message.reactions.every(({ mine }) => mine !== undefined)) return message;
  const { changed } = message as ReactedMessage;
  const reactions = message.reactions.map((reaction) => {
    if (reaction.mine !== undefined) return reaction;
    const { emoji, user_ids, count } = reaction;
    if (changed?.user_id === me && changed.emoji === emoji) return { ...reaction, mine: changed.on };
    const before = known?.reactions.find((one) => one.emoji === emoji)?.mine ?? false;
    return { ...reaction, mine: user_ids.length >= count ? user_ids.includes(me) : before };
  });
  return { ...message, reactions };
}

/** The reactions after one of ours. */
export function reacted(
  reactions: readonly Reaction[],
  me: string,
  change: { emoji: string; on: boolean },
): Reaction[] {
  const { emoji, on } = change;
  const known = reactions.find((one) => one.emoji === emoji);
  if ((known?.mine ?? false) === on) return [...reactions];
  if (!known) return [...reactions, { emoji, count: 1, user_ids: [me], mine: true }];
  const others = known.user_ids.filter((id) => id !== me);
  const next: Reaction = {
    emoji,
    count: known.count + (on ? 1 : -1),
    user_ids: on ? [...others, me] : others,
    mine: on,
  };
  return reactions.flatMap((one) => (one.emoji !== emoji ? [one] : next.count > 0 ? [next] : []));
}

/** "You, Ben Okafor and 3 others". */
export function reactors(
  { mine, count, user_ids }: Reaction,
  people: ReadonlyMap<string, Author | Member>,
  me: string | null,
): string {
  const others = user_ids.filter((id) => id !== me).flatMap((id) => people.get(id)?.name ?? []);
  const names = mine ? ["You", ...others] : others;
  const left = count - names.length;
  const all = left > 0 ? [...names, left === 1 ? "1 other" : `${left} others`] : names;
  const last = all.pop();
  return all.length > 0 ? `${all.join(", ")} and ${last}` : (last ?? "");
}
