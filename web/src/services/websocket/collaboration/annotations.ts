/** What is written beside one document: folded by revision, with what we change shown before the server has answered. */

import type { Annotation, CreateAnnotation, UpdateAnnotation } from "../../../contract";
import { CommandError } from "../errors";

/** Ours, and not answered yet. `annotation` is its place holder, or what it changes. */
export type PendingAnnotation =
  | { kind: "create"; key: string; annotation: Annotation }
  | { kind: "change"; key: string; id: string; fields: AnnotationChange }
  | { kind: "remove"; key: string; id: string };

export type AnnotationChange = Partial<
  Pick<
    Annotation,
    "body" | "motivation" | "visibility" | "tags" | "target" | "orphaned" | "resolved_by" | "resolved_at"
  >
> & { resolved?: boolean };

export interface AnnotationsState {
  items: Readonly<Record<string, Annotation>>;
  /** The revision with which each was deleted, so that a late report brings none back. */
  gone: Readonly<Record<string, number>>;
  /** In the order in which they were given. */
  pending: readonly PendingAnnotation[];
}

/** Somebody else changed the same at the same time: the fields in both versions, and the whole as we know it now. */
export class AnnotationConflict extends CommandError {
  readonly yours: Partial<Annotation>;
  readonly theirs: Partial<Annotation>;

  constructor(
    { yours, theirs }: { yours: Partial<Annotation>; theirs: Partial<Annotation> },
    readonly annotation: Annotation,
  ) {
    super({ code: "conflict", message: "somebody changed this in the meantime", retryable: false });
    this.yours = yours;
    this.theirs = theirs;
  }
}

export const noAnnotations: AnnotationsState = { items: {}, gone: {}, pending: [] };

/** All have been read anew: of those `known` before, what is not among them is gone, or is for others. */
export function annotationsLoaded(
  state: AnnotationsState,
  all: readonly Annotation[],
  known: ReadonlySet<string>,
): AnnotationsState {
  const here = new Set(all.map(({ id }) => id));
  const items = Object.values(state.items).filter(({ id }) => here.has(id) || !known.has(id));
  return { ...state, items: Object.fromEntries(items.map((one) => [one.id, one])), gone: {} };
}

/** One as it is now; an older report changes nothing. */
export function annotationArrived(state: AnnotationsState, one: Annotation): AnnotationsState {
  const { [one.id]: gone, ...others } = state.gone;
  if ((state.items[one.id]?.revision ?? 0) >= one.revision || (gone ?? 0) > one.revision) return state;
  const pending = state.items[one.id] ? state.pending : withoutOwn(state.pending, one);
  return { items: { ...state.items, [one.id]: one }, gone: others, pending };
}

/**
 * One is gone; with its place left, it stays as the head of a thread. With the revision that we know it is only told to
 * an audience that has lost it, and we are of another one that has it.
 */
export function annotationGone(
  state: AnnotationsState,
  one: Pick<Annotation, "id" | "revision"> & Partial<Annotation>,
): AnnotationsState {
  if (one.target) return annotationArrived(state, one as Annotation);
  const { id, revision } = one;
  const { [id]: known, ...items } = state.items;
  if (known && known.revision >= revision) return state;
  return { ...state, items, gone: { ...state.gone, [id]: Math.max(revision, state.gone[id] ?? 0) } };
}

/** We are of these audiences and no others (`staff`, who see what is for every group, `group:<id>`). */
export function audiencesKept(state: AnnotationsState, audiences: readonly string[]): AnnotationsState {
  if (audiences.includes("staff")) return state;
  const seen = new Set(["course", "private", ...audiences]);
  const items = Object.values(state.items).filter(({ visibility }) => seen.has(visibility));
  return { ...state, items: Object.fromEntries(items.map((one) => [one.id, one])) };
}

export function pendingBegun(state: AnnotationsState, pending: PendingAnnotation): AnnotationsState {
  const others = state.pending.filter(({ key }) => key !== pending.key);
  return { ...state, pending: [...others, pending] };
}

export function pendingSettled(state: AnnotationsState, key: string): AnnotationsState {
  return { ...state, pending: state.pending.filter((one) => one.key !== key) };
}

/** What a command makes, as long as nobody knows better. */
export function placeHolder(
  {
    key,
    document_id,
    body = "",
    motivation = "commenting",
    visibility = "course",
    ...rest
  }: CreateAnnotation,
  author: { id: string; name: string },
  at: string,
): Annotation {
  const { target, tags = [], parent_id } = rest;
  return {
    id: key,
    document_id,
    ...(parent_id !== undefined && { parent_id }),
    author_id: author.id,
    author_name: author.name,
    motivation,
    body,
    html: "",
    tags,
    ...(target && { target: { ...target, quote: { prefix: "", suffix: "", ...target.quote } } }),
    orphaned: false,
    visibility,
    reply_count: 0,
    state: "shown",
    revision: 0,
    created_at: at,
  };
}

/** The fields that an update changes. */
export function changeOf({
  body,
  motivation,
  visibility,
  tags,
}: Partial<UpdateAnnotation>): AnnotationChange {
  return {
    ...(body !== undefined && { body }),
    ...(motivation !== undefined && { motivation }),
    ...(visibility !== undefined && { visibility }),
    ...(tags !== undefined && { tags }),
  };
}

/** The event may come before the answer: then the place holder would stand beside it for a moment. */
function withoutOwn(pending: readonly PendingAnnotation[], one: Annotation): readonly PendingAnnotation[] {
  const index = pending.findIndex(({ kind, ...rest }) => {
    const holder = kind === "create" && "annotation" in rest ? rest.annotation : null;
    return (
      holder !== null &&
      holder.author_id === one.author_id &&
      holder.parent_id === one.parent_id &&
      holder.motivation === one.motivation &&
      holder.body.trim() === one.body.trim() &&
      holder.target?.quote.exact === one.target?.quote.exact
    );
  });
  return index < 0 ? pending : pending.filter((_one, at) => at !== index);
}
