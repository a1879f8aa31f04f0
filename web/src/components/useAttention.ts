/** Whether somebody is looking: the page is visible and has the focus. */

import { useSyncExternalStore } from "react";

const EVENTS = ["focus", "blur"] as const;

function subscribe(listener: () => void): () => void {
  for (const event of EVENTS) window.addEventListener(event, listener);
  document.addEventListener("visibilitychange", listener);
  return () => {
    for (const event of EVENTS) window.removeEventListener(event, listener);
    document.removeEventListener("visibilitychange", listener);
  };
}

const isAttentive = (): boolean => document.visibilityState === "visible" && document.hasFocus();

export function useAttention(): boolean {
  return useSyncExternalStore(subscribe, isAttentive, () => false);
}
