/** Where the focus begins in a dialog, and where it goes afterwards; for dialogs without a button of their own that opens them. */

import { useRef } from "react";

interface FocusBack {
  onOpenAutoFocus: (event: Event) => void;
  onCloseAutoFocus: (event: Event) => void;
}

/**
 * The properties of a dialog's content: what had the focus gets it back. Left to Radix, which knows no such button, it is lost.
 *
 * The field that is marked with `data-first` has it first where there is a keyboard; elsewhere one would open over the dialog.
 *
 * @param otherwise what gets it when that is not there any more
 */
export function useFocusBack(otherwise?: () => HTMLElement | null | undefined): FocusBack {
  const before = useRef<Element | null>(null);
  return {
    onOpenAutoFocus: (event) => {
      before.current = document.activeElement;
      const first = (event.currentTarget as HTMLElement).querySelector<HTMLElement>("[data-first]");
      if (!first || !window.matchMedia("(hover: hover)").matches) return;
      event.preventDefault();
      first.focus();
    },
    onCloseAutoFocus: (event) => {
      event.preventDefault();
      const { current } = before;
      if (current instanceof HTMLElement && current.isConnected && current !== document.body) current.focus();
      else otherwise?.()?.focus();
    },
  };
}
