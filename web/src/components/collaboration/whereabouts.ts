/** Where a caret stands, in words that say something to whoever does not see it. */

import type { Node } from "@tiptap/pm/model";
import type { EditorState } from "@tiptap/pm/state";
import { relativePositionToAbsolutePosition, ySyncPluginKey } from "@tiptap/y-tiptap";
import type { Awareness } from "y-protocols/awareness";
import * as Y from "yjs";

const NAMES: Record<string, string> = {
  bulletList: "the list",
  orderedList: "the list",
  blockquote: "the quote",
  codeBlock: "the code",
};
/** Of a heading, so many characters say which it is. */
const LONGEST = 60;

/** "the heading “Results”", "paragraph 3", "the list in block 5": counted from the top, as a reader would. */
export function whereabouts(document: Node, position: number): string | null {
  if (position < 0 || position > document.content.size) return null;
  const at = document.resolve(position);
  const block = at.depth > 0 ? at.node(1) : at.nodeAfter;
  if (!block) return null;
  const number = at.index(0) + 1;
  const text = block.textContent.trim();
  if (block.type.name === "heading" && text) return `the heading “${text.slice(0, LONGEST)}”`;
  const name = NAMES[block.type.name];
  return name ? `${name} in block ${number}` : `paragraph ${number}`;
}

interface Caret {
  user?: { id?: string };
  cursor?: { head?: unknown };
}

/** Where the carets of others stand, in words, by user; with several editors, the last one's. */
export function whereaboutsOf(state: EditorState, awareness: Awareness): Map<string, string> {
  const places = new Map<string, string>();
  const shared = ySyncPluginKey.getState(state);
  if (!shared?.binding) return places;
  for (const [clientId, caret] of awareness.getStates() as Map<number, Caret>) {
    if (clientId === awareness.clientID || !caret.cursor?.head || !caret.user?.id) continue;
    const head = Y.createRelativePositionFromJSON(caret.cursor.head);
    const { doc, type, binding } = shared;
    const position = relativePositionToAbsolutePosition(doc, type, head, binding.mapping);
    const words = position === null ? null : whereabouts(state.doc, position);
    if (words !== null) places.set(caret.user.id, words);
  }
  return places;
}
