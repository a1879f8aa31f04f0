/** Whether the page is being printed: then all that is loaded stands in it, not only what is in sight. */

import { useSyncExternalStore } from "react";

let printing = false;

function subscribe(listener: () => void): () => void {
  const begin = (): void => {
    printing = true;
    listener();
  };
  const end = (): void => {
    printing = false;
    listener();
  };
  window.addEventListener("beforeprint", begin);
  window.addEventListener("afterprint", end);
  return () => {
    window.removeEventListener("beforeprint", begin);
    window.removeEventListener("afterprint", end);
  };
}

export const usePrinting = (): boolean =>
  useSyncExternalStore(
    subscribe,
    () => printing,
    () => false,
  );
