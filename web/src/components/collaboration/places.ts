/** From targets of annotations to positions in the editor, and back: through the shared text, which others change, too. */

import type { EditorState } from "@tiptap/pm/state";
import {
  absolutePositionToRelativePosition,
  relativePositionToAbsolutePosition,
  ySyncPluginKey,
} from "@tiptap/y-tiptap";
import type * as Y from "yjs";
import type { AnnotationTarget } from "../../contract";
import { locate, targetOf } from "../../services/websocket/collaboration/anchoring";
import { type DocumentText, textOf } from "../../services/websocket/collaboration/text";
import type { Place } from "./marking";

interface Shared {
  doc: Y.Doc;
  type: Y.XmlFragment;
  binding: { mapping: Map<Y.AbstractType<unknown>, unknown> };
}

function sharedOf(state: EditorState): Shared | null {
  const shared = ySyncPluginKey.getState(state) as Partial<Shared> | undefined;
  return shared?.doc && shared.type && shared.binding && shared.binding.mapping.size > 0
    ? (shared as Shared)
    : null;
}

/** Finds places in this state; the text is read once, however many are looked for. Null: it is found nowhere. */
export function finderOf(state: EditorState): (target: AnnotationTarget) => Place | null {
  const shared = sharedOf(state);
  if (!shared) return () => null;
  const { doc, type, binding } = shared;
  let text: DocumentText | undefined;
  const position = (relative: Y.RelativePosition): number | null =>
    relativePositionToAbsolutePosition(doc, type, relative, binding.mapping as never);
  return (target) => {
    text ??= textOf(type);
    const found = locate(type, target, text);
    if (!found) return null;
    // y-tiptap takes the first character of a document for a position that has gone astray, and answers null.
    const from = position(found.start) ?? (found.from === 0 ? 1 : null);
    const to = position(found.end);
    const size = state.doc.content.size;
    return from !== null && to !== null && from < to && to <= size ? { from, to } : null;
  };
}

/** What stands between two positions, as a target; null where nothing of it can be quoted. */
export function targetAt(state: EditorState, from: number, to: number): AnnotationTarget | null {
  const shared = sharedOf(state);
  if (!shared || from >= to) return null;
  const relative = (position: number): Y.RelativePosition =>
    absolutePositionToRelativePosition(position, shared.type, shared.binding.mapping as never);
  return targetOf(shared.type, relative(from), relative(to));
}
