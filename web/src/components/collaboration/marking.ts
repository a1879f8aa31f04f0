/**
 * Where annotations stand in the text, as decorations: they are no part of it. A local edit moves them as ProseMirror
 * says, since the shared text is written only afterwards; a remote one replaces what is shown, so they are found anew.
 */

import { Extension } from "@tiptap/core";
import { isChangeOrigin } from "@tiptap/extension-collaboration";
import type { Node } from "@tiptap/pm/model";
import { type EditorState, Plugin, PluginKey, type Transaction } from "@tiptap/pm/state";
import { Decoration, DecorationSet, type EditorView } from "@tiptap/pm/view";
import { ySyncPluginKey } from "@tiptap/y-tiptap";
import type { AnnotationTarget, Motivation } from "../../contract";
import { finderOf, targetAt } from "./places";

export interface Mark {
  id: string;
  /** Null: it has no place. */
  target: AnnotationTarget | null;
  kind: Motivation;
  resolved: boolean;
  /** It was said already that nobody finds it. */
  orphaned: boolean;
}

/** The id of what is being annotated right now. */
export const DRAFT = "draft";

export interface Place {
  from: number;
  to: number;
}

export interface Marks {
  marks: readonly Mark[];
  active: string | null;
  /** Those that are found; what is missing is an orphan. */
  places: ReadonlyMap<string, Place>;
  /** How often one has edited oneself, undone and redone included. */
  edits: number;
  decorations: DecorationSet;
}

export interface MarkingOptions {
  /** A mark was chosen in the text: by click, or with `byKey` to go on to its note. */
  onPick: (id: string | null, byKey: boolean) => void;
  /** What one's own edits have moved or taken away (null), once one has stopped typing for a moment. */
  onMoved: (id: string, target: AnnotationTarget | null) => void;
}

const QUIET_MS = 1_500;
const key = new PluginKey<Marks>("annotations");

export const marksOf = (state: EditorState): Marks | undefined => key.getState(state);

/** Show these marks from now on. */
export function showMarks(view: EditorView, change: { marks?: readonly Mark[]; active?: string | null }) {
  view.dispatch(view.state.tr.setMeta(key, change).setMeta("addToHistory", false));
}

export const Marking = Extension.create<MarkingOptions>({
  name: "annotations",

  addOptions: () => ({ onPick: () => undefined, onMoved: () => undefined }),

  addKeyboardShortcuts() {
    return {
      "Mod-Alt-j": ({ editor }) => {
        const id = markAt(editor.state, editor.state.selection.from);
        if (id !== null) this.options.onPick(id, true);
        return id !== null;
      },
    };
  },

  addProseMirrorPlugins() {
    const { onPick, onMoved } = this.options;
    return [
      new Plugin<Marks>({
        key,
        state: {
          init: () => ({
            marks: [],
            active: null,
            places: new Map(),
            edits: 0,
            decorations: DecorationSet.empty,
          }),
          apply: (tr, before, _, state) => apply(tr, before, state),
        },
        props: {
          decorations: (state) => key.getState(state)?.decorations,
          handleClick: (view, position) => {
            const id = markAt(view.state, position);
            // Once the browser has told where its caret is: drawing the mark anew at once would take it from there.
            setTimeout(() => onPick(id, false));
            return false;
          },
        },
        view: () => new Watch(onMoved),
      }),
    ];
  },
});

function apply(tr: Transaction, before: Marks, state: EditorState): Marks {
  const change = tr.getMeta(key) as { marks?: readonly Mark[]; active?: string | null } | undefined;
  if (!change && !tr.docChanged) return before;
  const marks = change?.marks ?? before.marks;
  const active = change?.active === undefined ? before.active : change.active;
  const remote = tr.docChanged && isChangeOrigin(tr);
  const undone = remote && isUndo(tr);
  const edits = before.edits + (tr.docChanged && (!remote || undone) ? 1 : 0);
  const places = new Map<string, Place>();
  const find = finderOf(state);
  const move = remote ? movedBetween(tr.before, tr.doc) : (place: Place) => moved(place, tr);
  const old = new Map(before.marks.map((mark) => [mark.id, mark]));
  for (const mark of marks) {
    const kept = before.places.get(mark.id);
    const stands = kept && sameTarget(old.get(mark.id)?.target, mark.target);
    // Whoever brings back the words of an orphan says so: nobody else looks for them at each letter.
    const search = mark.target && (kept || change?.marks || undone || !mark.orphaned);
    const place = (stands && move(kept)) || (search && find(mark.target as AnnotationTarget));
    if (place && place.to > place.from) places.set(mark.id, place);
  }
  return { marks, active, places, edits, decorations: draw(state, marks, places, active) };
}

/**
 * What others write replaces the whole document; where it does not differ, a place is moved by what was put in or taken
 * out before it. Null: it has changed there.
 */
function movedBetween(before: Node, after: Node): (place: Place) => Place | null {
  const start = before.content.findDiffStart(after.content);
  const end = start === null ? null : before.content.findDiffEnd(after.content);
  if (start === null || !end) return (place) => place;
  // Of "aa" and "aaa" both ends are equal as far as they go: they must not overlap.
  const overlap = Math.max(0, start - Math.min(end.a, end.b));
  const [to, shift] = [end.a + overlap, end.b - end.a];
  return (place) => {
    if (place.to < start) return place;
    return place.from > to ? { from: place.from + shift, to: place.to + shift } : null;
  };
}

/** What is typed at the edges stays outside. */
const moved = ({ from, to }: Place, tr: Transaction): Place => ({
  from: tr.mapping.map(from, 1),
  to: tr.mapping.map(to, -1),
});

const sameTarget = (one: AnnotationTarget | null | undefined, other: AnnotationTarget | null): boolean =>
  one === other ||
  (one?.start === other?.start && one?.end === other?.end && one?.quote.exact === other?.quote.exact);

function draw(
  state: EditorState,
  marks: readonly Mark[],
  places: ReadonlyMap<string, Place>,
  active: string | null,
): DecorationSet {
  const drawn = marks.flatMap(({ id, kind, resolved }) => {
    const place = places.get(id);
    if (!place || (resolved && id !== active)) return [];
    return Decoration.inline(place.from, place.to, {
      nodeName: "mark",
      class: "cw-mark",
      "data-kind": kind,
      "data-annotation": id,
      ...((id === active || id === DRAFT) && { "data-active": "" }),
    });
  });
  return DecorationSet.create(state.doc, drawn);
}

/** The shortest mark at a position: one within another can be reached. */
function markAt(state: EditorState, position: number): string | null {
  const { marks, places, active } = key.getState(state) ?? {};
  let found: string | null = null;
  let length = Number.POSITIVE_INFINITY;
  for (const { id, resolved } of marks ?? []) {
    const place = places?.get(id);
    if (!place || id === DRAFT || (resolved && id !== active)) continue;
    if (position < place.from || position > place.to || place.to - place.from >= length) continue;
    found = id;
    length = place.to - place.from;
  }
  return found;
}

/** Own undoing comes back from the shared text as the edits of others do. */
const isUndo = (tr: Transaction): boolean => Boolean(tr.getMeta(ySyncPluginKey)?.isUndoRedoOperation);

/** Tells, when one has stopped typing, which marks one's own edits have moved. */
class Watch {
  readonly #onMoved: MarkingOptions["onMoved"];
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(onMoved: MarkingOptions["onMoved"]) {
    this.#onMoved = onMoved;
  }

  update(view: EditorView, before: EditorState): void {
    if (key.getState(view.state)?.edits === key.getState(before)?.edits) return;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#check(view), QUIET_MS);
  }

  destroy(): void {
    clearTimeout(this.#timer);
  }

  #check(view: EditorView): void {
    const marks = key.getState(view.state);
    if (view.isDestroyed || !marks) return;
    const find = finderOf(view.state);
    for (const mark of marks.marks) {
      if (mark.id === DRAFT || !mark.target) continue;
      const seen = marks.places.get(mark.id);
      if (!seen && mark.orphaned) continue;
      const news = newsOf(view.state, mark, find(mark.target), seen);
      if (news !== undefined) this.#onMoved(mark.id, news);
    }
  }
}

/** Where it stands now if not where it is said to (`found`); null: nowhere any more. Undefined: all is said. */
function newsOf(state: EditorState, mark: Mark, found: Place | null, seen: Place | undefined) {
  const place = seen ?? found;
  if (!place) return null;
  const target = targetAt(state, place.from, place.to);
  if (!target) return undefined;
  const stands = found?.from === place.from && found.to === place.to && !mark.orphaned;
  return stands && target.quote.exact === mark.target?.quote.exact ? undefined : target;
}
