/** A text field as high as its text, where the browser does not do that by itself (`field-sizing`). */

import { type RefObject, useLayoutEffect } from "react";

export function useAutoGrow(field: RefObject<HTMLTextAreaElement | null>, text: string): void {
  useLayoutEffect(() => {
    const element = field.current;
    // The text is not read: its change is what asks to measure again.
    void text;
    if (!element || (globalThis.CSS?.supports?.("field-sizing", "content") ?? false)) return;
    element.style.height = "auto";
    element.style.height = `${element.scrollHeight}px`;
  }, [field, text]);
}
