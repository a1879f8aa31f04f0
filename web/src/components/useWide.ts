/** Whether there is room for more than a phone shows. */

import { useSyncExternalStore } from "react";

const WIDE = "(min-width: 48rem)";

let wide = true;

function subscribe(listener: () => void): () => void {
  const query = window.matchMedia(WIDE);
  query.addEventListener("change", listener);
  return () => query.removeEventListener("change", listener);
}

/** A sheet of paper is narrower than a window: what is printed is what the window shows. */
function look(): boolean {
  if (!window.matchMedia("print").matches) wide = window.matchMedia(WIDE).matches;
  return wide;
}

export const useWide = (): boolean => useSyncExternalStore(subscribe, look, () => true);
