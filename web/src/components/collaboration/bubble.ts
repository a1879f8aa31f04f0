/** When the tools at marked text are there: while one is in the text or in them, until one has had enough of them. */

import type { Editor, Extensions } from "@tiptap/core";
import { BubbleMenu } from "@tiptap/extension-bubble-menu";
import { NodeSelection } from "@tiptap/pm/state";

const KEY = "bubbleMenu";
/** After the selection has come to rest, in ms. */
const REST = 200;

export class Bubble {
  readonly element = document.createElement("div");
  #isHeld = false;
  #isDismissed = false;

  constructor() {
    this.element.className = "cw-marked";
    this.element.style.position = "absolute";
    this.element.style.visibility = "hidden";
  }

  get isShown(): boolean {
    return this.element.isConnected;
  }

  extensions(isOffered: () => boolean): Extensions {
    const bubble = this;
    const Menu = BubbleMenu.extend({
      onSelectionUpdate() {
        bubble.#isDismissed = false;
      },
      onBlur({ event }: { event: FocusEvent }) {
        const to = event.relatedTarget;
        if (!(to instanceof Node && bubble.element.contains(to))) bubble.leave(this.editor);
      },
      onDestroy() {
        bubble.element.remove();
      },
      addKeyboardShortcuts() {
        return { Escape: () => bubble.isShown && bubble.dismiss(this.editor) };
      },
    });
    return [
      Menu.configure({
        pluginKey: KEY,
        element: this.element,
        updateDelay: REST,
        // Asked after a while: the editor may be gone by then.
        shouldShow: ({ editor, view, state }) =>
          !editor.isDestroyed && isOffered() && bubble.#isAsked(view.hasFocus()) && isOfText(state.selection),
        options: {
          // What the phone itself offers stands above.
          placement: matchMedia("(pointer: coarse)").matches ? "bottom" : "top",
          flip: { padding: 8 },
          shift: { padding: 8 },
          // The tools in it are the stop of the Tab key, not it as well.
          onShow: () => bubble.element.removeAttribute("tabindex"),
        },
      }),
    ];
  }

  /** Something of it is open, and has the focus. */
  hold(isHeld: boolean): void {
    this.#isHeld = isHeld;
  }

  /** The focus is elsewhere now. */
  leave(editor: Editor): void {
    if (!this.#isHeld) this.#hide(editor);
  }

  /** Until something else is marked. */
  dismiss(editor: Editor): true {
    this.#isDismissed = true;
    this.#hide(editor);
    return true;
  }

  #isAsked(isInText: boolean): boolean {
    if (this.#isHeld) return true;
    return !this.#isDismissed && (isInText || this.element.contains(document.activeElement));
  }

  #hide(editor: Editor): void {
    if (!editor.isDestroyed) editor.view.dispatch(editor.state.tr.setMeta(KEY, "hide"));
  }
}

const isOfText = (selection: Editor["state"]["selection"]): boolean =>
  !selection.empty &&
  !(selection instanceof NodeSelection) &&
  selection.$from.doc.textBetween(selection.from, selection.to).trim() !== "";
