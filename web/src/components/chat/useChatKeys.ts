/** Keys of the whole chat: Ctrl+K searches, a question mark outside of fields helps. */

import { useEffect } from "react";

interface Input {
  onHelp: () => void;
  onSearch: () => void;
}

export function useChatKeys({ onHelp, onSearch }: Input): void {
  useEffect(() => {
    const keyed = (event: KeyboardEvent): void => {
      if (event.defaultPrevented) return;
      const element = event.target as HTMLElement;
      const writes = element.matches?.("input, textarea, [contenteditable=true]") ?? false;
      if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "k") onSearch();
      else if (event.key === "?" && !writes) onHelp();
      else return;
      event.preventDefault();
    };
    document.addEventListener("keydown", keyed);
    return () => document.removeEventListener("keydown", keyed);
  }, [onHelp, onSearch]);
}
