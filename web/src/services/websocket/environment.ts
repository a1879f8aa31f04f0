/** What the services need of the world around them: clock, timers, randomness, storage, network. Tests pass their own. */

import type { OpenSocket } from "./socket";
import { openSocket } from "./socket";

export interface Environment {
  /** Milliseconds since 1970. */
  now(): number;
  /** Uniform in [0, 1). */
  random(): number;
  setTimer(callback: () => void, ms: number): unknown;
  clearTimer(timer: unknown): void;
  /** Survives the page and is shared by its tabs; absent where storage is forbidden. */
  local: Storage | null;
  /** Survives a reload, and belongs to one tab. */
  session: Storage | null;
  locks: LockManager | null;
  /** Where documents are kept on the device; null where there is none. */
  databases: IDBFactory | null;
  isOnline(): boolean;
  /** Call back when the network came or went, or the page was woken; returns how to stop. */
  onWake(callback: () => void): () => void;
  /** Have the browser ask before the page is left, as long as `isUnsaved` says so; returns how to stop. */
  onLeaving(isUnsaved: () => boolean): () => void;
  openSocket: OpenSocket;
  /** Where an exception of a listener goes. */
  report(error: unknown): void;
}

function storage(name: "localStorage" | "sessionStorage"): Storage | null {
  try {
    return globalThis[name] ?? null;
  } catch {
    return null; // Cookies are blocked: the property itself throws.
  }
}

function databases(): IDBFactory | null {
  try {
    return globalThis.indexedDB ?? null;
  } catch {
    return null;
  }
}

/** The browser's own. */
export function browserEnvironment(): Environment {
  return {
    now: () => Date.now(),
    random: () => Math.random(),
    setTimer: (callback, ms) => setTimeout(callback, ms),
    clearTimer: (timer) => clearTimeout(timer as ReturnType<typeof setTimeout>),
    local: storage("localStorage"),
    session: storage("sessionStorage"),
    locks: globalThis.navigator?.locks ?? null,
    databases: databases(),
    isOnline: () => globalThis.navigator?.onLine !== false,
    onWake: (callback) => {
      const visible = () => {
        if (document.visibilityState === "visible") callback();
      };
      window.addEventListener("online", callback);
      window.addEventListener("offline", callback);
      document.addEventListener("visibilitychange", visible);
      return () => {
        window.removeEventListener("online", callback);
        window.removeEventListener("offline", callback);
        document.removeEventListener("visibilitychange", visible);
      };
    },
    onLeaving: (isUnsaved) => {
      const leaving = (event: BeforeUnloadEvent) => {
        if (isUnsaved()) event.preventDefault();
      };
      window.addEventListener("beforeunload", leaving);
      return () => window.removeEventListener("beforeunload", leaving);
    },
    openSocket,
    report: (error) => globalThis.reportError(error),
  };
}
