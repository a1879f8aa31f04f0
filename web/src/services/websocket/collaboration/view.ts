/** What shows of a document: its annotations as threads, who is here, and for whom one can write. */

import type { Annotation, Participant } from "../../../contract";
import type { AnnotationChange, AnnotationsState } from "./annotations";

/** As it shows: `pending` until the server has it. */
export interface ShownAnnotation extends Annotation {
  pending: boolean;
}

export interface Thread {
  annotation: ShownAnnotation;
  /** The oldest first. */
  replies: readonly ShownAnnotation[];
}

/** All that show, the oldest first; what the server has not dated yet comes last. */
export function shownAnnotations({ items, pending }: AnnotationsState): ShownAnnotation[] {
  const shown = new Map<string, ShownAnnotation>();
  const made: ShownAnnotation[] = [];
  for (const one of Object.values(items)) shown.set(one.id, { ...one, pending: false });
  for (const change of pending) {
    const known = change.kind === "create" ? undefined : shown.get(change.id);
    if (change.kind === "create") made.push({ ...change.annotation, pending: true });
    else if (change.kind === "remove") shown.delete(change.id);
    else if (known) shown.set(change.id, changed(known, change.fields));
  }
  return [...[...shown.values()].sort(byAge), ...made];
}

/**
 * Threads in the order of their first annotation. One that was taken back heads its thread as long as there are replies;
 * replies to one that is not here do not show.
 */
export function threadsOf(shown: readonly ShownAnnotation[]): Thread[] {
  const replies = new Map<string, ShownAnnotation[]>();
  for (const one of shown) {
    if (one.parent_id === undefined) continue;
    const siblings = replies.get(one.parent_id) ?? [];
    siblings.push(one);
    replies.set(one.parent_id, siblings);
  }
  return shown
    .filter(({ parent_id }) => parent_id === undefined)
    .map((annotation) => ({ annotation, replies: replies.get(annotation.id) ?? [] }))
    .filter(({ annotation, replies: all }) => annotation.state === "shown" || all.length > 0);
}

function changed(known: ShownAnnotation, { resolved, ...fields }: AnnotationChange): ShownAnnotation {
  const { resolved_by: _by, resolved_at: _at, ...open } = known;
  return { ...(resolved === false ? open : known), ...fields, pending: true };
}

/** Who is here, the first who came first. */
export const sortedParticipants = (participants: Readonly<Record<string, Participant>>): Participant[] =>
  Object.values(participants).sort((a, b) => (a.since < b.since ? -1 : a.since > b.since ? 1 : 0));

/** For whom one can write, by the channels that one hears: everybody, one's groups, staff, and oneself. */
export function audiencesOf(documentId: string, channels: readonly string[]): string[] {
  const prefix = `document:${documentId}`;
  const own = channels
    .filter((channel) => channel.startsWith(`${prefix}:`))
    .map((channel) => channel.slice(prefix.length + 1))
    .sort((a, b) => Number(a === "staff") - Number(b === "staff"));
  return channels.includes(prefix) ? ["course", ...own, "private"] : [];
}

const byAge = (a: Annotation, b: Annotation): number => {
  const [left, right] = [`${a.created_at} ${a.id}`, `${b.created_at} ${b.id}`];
  return left < right ? -1 : left > right ? 1 : 0;
};
