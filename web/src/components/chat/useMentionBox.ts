/** The list of people below an `@`: opened by writing, walked with the arrows, taken with Enter or Tab, left with Escape. */

import { type KeyboardEvent, type RefObject, useId, useMemo, useState } from "react";
import { flushSync } from "react-dom";
import { begun, type Callable, candidates, completed } from "./mentions";

interface Input {
  text: string;
  people: readonly Callable[];
  field: RefObject<HTMLTextAreaElement | null>;
  onText: (text: string) => void;
}

export function useMentionBox({ text, people, field, onText }: Input) {
  const id = useId();
  const [caret, setCaret] = useState(0);
  const [at, setAt] = useState(0);
  /** Where the `@` stands of a list that was closed with Escape. */
  const [closed, setClosed] = useState<number | null>(null);
  const start = useMemo(() => begun(text, caret), [text, caret]);
  const options = useMemo(
    () => (start && start.start !== closed ? candidates(start.query, people) : []),
    [start, closed, people],
  );
  const open = options.length > 0;
  const index = Math.min(at, options.length - 1);

  const choose = (choice: Callable | undefined): void => {
    if (!start || !choice) return;
    const next = completed(text, start, choice);
    // At once: who types fast has the next letter on its way, and it belongs behind the name.
    flushSync(() => {
      onText(next.text);
      setCaret(next.caret);
      setAt(0);
    });
    field.current?.focus();
    field.current?.setSelectionRange(next.caret, next.caret);
  };

  /** True when the key was for the list. */
  const keyed = (event: KeyboardEvent): boolean => {
    if (!open) return false;
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step !== undefined) setAt((index + step + options.length) % options.length);
    else if (event.key === "Enter" || event.key === "Tab") choose(options[index]);
    else if (event.key === "Escape") setClosed(start?.start ?? null);
    else return false;
    event.preventDefault();
    event.stopPropagation();
    return true;
  };

  const moved = (): void => {
    const now = field.current?.selectionStart ?? 0;
    if (now === caret) return;
    setCaret(now);
    setAt(0);
    if (closed !== null && begun(field.current?.value ?? "", now)?.start !== closed) setClosed(null);
  };

  const listId = `${id}-list`;
  const optionId = (one: number): string => `${id}-${one}`;
  return {
    open,
    options,
    index,
    choose,
    keyed,
    moved,
    listId,
    optionId,
    /** For the field: it stays a text box that has a list. */
    attributes: {
      "aria-autocomplete": "list",
      "aria-haspopup": "listbox",
      "aria-controls": open ? listId : undefined,
      "aria-activedescendant": open ? optionId(index) : undefined,
    } as const,
  };
}

export type MentionBox = ReturnType<typeof useMentionBox>;
