/** What an editor of documents knows: its elements and marks, the text that is shared, carets, and what is annotated. */

import type { Extensions } from "@tiptap/core";
import { Collaboration } from "@tiptap/extension-collaboration";
import { CollaborationCaret } from "@tiptap/extension-collaboration-caret";
import { StarterKit } from "@tiptap/starter-kit";
import type { Awareness } from "y-protocols/awareness";
import type * as Y from "yjs";
import type { Bubble } from "./bubble";
import { caretOf, selectionOf } from "./caret";
import { Locking, type LockingOptions } from "./locking";
import { Marking, type MarkingOptions } from "./marking";
import { Pasting, type PastingOptions } from "./pasting";

export interface EditorParts extends LockingOptions, MarkingOptions, PastingOptions {
  document: Y.Doc;
  awareness: Awareness;
  /** What stands at marked text, if anything does. */
  bubble?: Bubble;
  isMarkable?: () => boolean;
}

export function extensionsOf({ document, awareness, bubble, ...own }: EditorParts): Extensions {
  return [
    // Undoing is the shared text's: only one's own edits are undone.
    StarterKit.configure({
      undoRedo: false,
      // It would write a paragraph behind whatever else a document ends with: by opening it, and once for each who is here.
      trailingNode: false,
      link: {
        openOnClick: false,
        defaultProtocol: "https",
        HTMLAttributes: { target: "_blank", rel: "noopener noreferrer nofollow" },
      },
    }),
    Collaboration.configure({ document }),
    // Name and colour are the server's: what is said here is written over.
    CollaborationCaret.configure({
      provider: { awareness },
      user: {},
      render: caretOf,
      selectionRender: selectionOf,
    }),
    Locking.configure({ isLocked: own.isLocked }),
    Marking.configure({ onPick: own.onPick, onMoved: own.onMoved }),
    Pasting.configure({ mostBytes: own.mostBytes, onRefused: own.onRefused }),
    ...(bubble?.extensions(() => own.isMarkable?.() ?? false) ?? []),
  ];
}
