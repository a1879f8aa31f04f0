/** One message of the list has the focus, and the arrows move it: a list of thousands is one stop of the Tab key. */

import { type FocusEvent, type KeyboardEvent, useCallback, useState } from "react";
import type { Message } from "../../contract";
import type { MessageRow } from "./conversation";

interface Input {
  rows: readonly MessageRow[];
  onKey: (key: string, message: Message) => boolean;
  onLeave: () => void;
}

/** How many messages Page Up and Page Down go. */
const PAGE = 10;

export function useListKeys({ rows, onKey, onLeave }: Input) {
  const [chosen, setChosen] = useState<string | null>(null);
  // The last message, until another one was chosen.
  const last = rows.at(-1)?.key ?? null;
  const active = chosen !== null && rows.some(({ key }) => key === chosen) ? chosen : last;

  const move = useCallback(
    (from: string, steps: number): MessageRow | null => {
      const index = rows.findIndex(({ key }) => key === from);
      return rows[Math.max(0, Math.min(rows.length - 1, index + steps))] ?? null;
    },
    [rows],
  );

  /** `reveal` brings a row into the page and into view, and gives it the focus. */
  const keyed = (event: KeyboardEvent, reveal: (key: string) => void): void => {
    const element = event.target as HTMLElement;
    const key = element.closest<HTMLElement>("[data-row]")?.dataset["row"];
    // In a field and in a menu keys mean something else.
    if (key === undefined || element.closest("textarea, input, [role=menu], [role=dialog]")) return;
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const row = rows.find((one) => one.key === key);
    const steps = STEPS[event.key];
    if (steps !== undefined) {
      const next = move(key, steps);
      event.preventDefault();
      if (!next) return;
      setChosen(next.key);
      reveal(next.key);
    } else if (event.key === "Escape") {
      event.preventDefault();
      if (element.matches("[data-row]")) onLeave();
      else reveal(key);
    } else if (element.matches("[data-row]") && row?.message && onKey(event.key, row.message)) {
      event.preventDefault();
    }
  };

  const focused = ({ target }: FocusEvent): void => {
    const key = (target as HTMLElement).closest<HTMLElement>("[data-row]")?.dataset["row"];
    if (key !== undefined) setChosen(key);
  };

  return { active, focused, keyed };
}

const STEPS: Record<string, number> = {
  ArrowUp: -1,
  ArrowDown: 1,
  PageUp: -PAGE,
  PageDown: PAGE,
  Home: Number.NEGATIVE_INFINITY,
  End: Number.POSITIVE_INFINITY,
};
