/**
 * Who may not edit still has a caret: without one nobody could mark a place by keyboard. It changes nothing, whatever is
 * pressed, dropped or undone; what comes from others passes.
 */

import { Extension } from "@tiptap/core";
import { isChangeOrigin } from "@tiptap/extension-collaboration";
import { Plugin } from "@tiptap/pm/state";

export interface LockingOptions {
  /** Asked at each change: the mode may turn while one types. */
  isLocked: () => boolean;
}

const KEYS = ["Mod-z", "Mod-y", "Shift-Mod-z", "Mod-Z"];

export const Locking = Extension.create<LockingOptions>({
  name: "locking",
  // Before the shortcuts of the shared text: undo writes to it past the editor.
  priority: 2_000,

  addOptions: () => ({ isLocked: () => false }),

  addKeyboardShortcuts() {
    return Object.fromEntries(KEYS.map((key) => [key, () => this.options.isLocked()]));
  },

  addProseMirrorPlugins() {
    const { isLocked } = this.options;
    const stop = (_: unknown, event: Event): boolean => {
      if (isLocked()) event.preventDefault();
      return isLocked();
    };
    return [
      new Plugin({
        filterTransaction: (transaction) =>
          !transaction.docChanged || isChangeOrigin(transaction) || !isLocked(),
        props: { handleDOMEvents: { beforeinput: stop, cut: stop, drop: stop } },
      }),
    ];
  },
});
