/** How the carets and selections of others are drawn. Nobody hears them read out: a live region tells where they are. */

import type { DecorationAttrs } from "@tiptap/pm/view";

interface Person {
  name?: string;
  color?: string;
}

const COLOUR = /^#[0-9a-f]{6}$/iu;

/** It ends up in a style: anything but a colour is grey. */
const colourOf = ({ color }: Person): string => (color && COLOUR.test(color) ? color : "#6b7280");

export function caretOf(user: Person): HTMLElement {
  const caret = document.createElement("span");
  caret.className = "cw-caret";
  caret.setAttribute("aria-hidden", "true");
  caret.style.setProperty("--cw-person", colourOf(user));
  const name = document.createElement("span");
  name.className = "cw-caret-name";
  name.textContent = user.name ?? "";
  caret.append(name);
  return caret;
}

export const selectionOf = (user: Person): DecorationAttrs => ({
  class: "cw-caret-selection",
  style: `--cw-person: ${colourOf(user)}`,
});
