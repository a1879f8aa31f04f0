/** The page and its tabs, as the tracker of time on task sees them. */

import type { ActivityEnvironment } from "./tracker";

const INPUTS = ["pointerdown", "pointermove", "keydown", "wheel", "scroll", "touchstart"] as const;
/** Moving the pointer makes many events. */
const LEAST_BETWEEN_MS = 1_000;

/** The browser's own. Without `BroadcastChannel` each tab counts for itself. */
export function browserActivity(): ActivityEnvironment {
  return {
    now: () => performance.now(),
    setTimer: (callback, ms) => setTimeout(callback, ms),
    clearTimer: (timer) => clearTimeout(timer as ReturnType<typeof setTimeout>),
    isVisible: () => document.visibilityState === "visible",
    isPlaying: () =>
      [...document.querySelectorAll<HTMLMediaElement>("video, audio")].some(
        ({ paused, ended, readyState }) => !paused && !ended && readyState > 2,
      ),
    watch: ({ input, visibility, leaving }) => {
      let heard = Number.NEGATIVE_INFINITY;
      const seldom = () => {
        if (performance.now() - heard < LEAST_BETWEEN_MS) return;
        heard = performance.now();
        input();
      };
      const options = { capture: true, passive: true };
      for (const name of INPUTS) document.addEventListener(name, seldom, options);
      document.addEventListener("visibilitychange", visibility);
      window.addEventListener("pagehide", leaving);
      return () => {
        for (const name of INPUTS) document.removeEventListener(name, seldom, options);
        document.removeEventListener("visibilitychange", visibility);
        window.removeEventListener("pagehide", leaving);
      };
    },
    openTabs: (userId, lost) => {
      if (typeof BroadcastChannel === "undefined") return { claim: () => undefined, close: () => undefined };
      const tabs = new BroadcastChannel(`coursewire.attention/${userId}`);
      tabs.onmessage = lost;
      return { claim: () => tabs.postMessage("claim"), close: () => tabs.close() };
    },
  };
}
