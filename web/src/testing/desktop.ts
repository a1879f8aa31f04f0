/** Editors on one shared text, for tests: what one writes, the others have at once. */

import { Editor } from "@tiptap/core";
import { Awareness, applyAwarenessUpdate, encodeAwarenessUpdate } from "y-protocols/awareness";
import * as Y from "yjs";
import { type EditorParts, extensionsOf } from "../components/collaboration/extensions";

export interface Writer {
  editor: Editor;
  doc: Y.Doc;
  awareness: Awareness;
  /** What this writer has changed; others' changes are not in it. */
  updates: Uint8Array[];
}

const open: Writer[] = [];

/** Another editor of the same text. Call `closeAll` after the test. */
export function writer(
  parts: Partial<EditorParts> = {},
  extensions?: (own: EditorParts) => object[],
): Writer {
  const doc = new Y.Doc();
  const awareness = new Awareness(doc);
  const updates: Uint8Array[] = [];
  const first = open[0];
  if (first) Y.applyUpdate(doc, Y.encodeStateAsUpdate(first.doc), "server");
  doc.on("update", (update: Uint8Array, origin: unknown) => {
    if (origin === "server") return;
    updates.push(update);
    for (const other of open) if (other.doc !== doc) Y.applyUpdate(other.doc, update, "server");
  });
  awareness.on("update", (_: unknown, origin: unknown) => {
    if (origin === "server") return;
    const state = encodeAwarenessUpdate(awareness, [doc.clientID]);
    for (const other of open) if (other.doc !== doc) applyAwarenessUpdate(other.awareness, state, "server");
  });
  const own: EditorParts = {
    document: doc,
    awareness,
    isLocked: () => false,
    mostBytes: () => 1_000,
    onRefused: () => undefined,
    onPick: () => undefined,
    onMoved: () => undefined,
    ...parts,
  };
  const element = document.createElement("div");
  document.body.append(element);
  const editor = new Editor({ element, extensions: (extensions?.(own) ?? extensionsOf(own)) as never });
  const made = { editor, doc, awareness, updates };
  open.push(made);
  return made;
}

export function closeAll(): void {
  for (const { editor, awareness, doc } of open.splice(0)) {
    editor.destroy();
    awareness.destroy();
    doc.destroy();
  }
  document.body.replaceChildren();
}

/** Where words stand in an editor; throws when they do not. */
export function spot({ editor }: Writer, words: string): { from: number; to: number } {
  let found: { from: number; to: number } | null = null;
  editor.state.doc.descendants((node, position) => {
    const at = node.isTextblock ? node.textContent.indexOf(words) : -1;
    if (at >= 0) found ??= { from: position + 1 + at, to: position + 1 + at + words.length };
  });
  if (!found) throw new Error(`“${words}” is not in the text: ${editor.getText()}`);
  return found;
}
