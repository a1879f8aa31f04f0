/** Follows a link to a note: once when it comes, and once more when the place of the note is found. */

import { useEffect, useRef } from "react";
import type { Order } from "./threads";

export function useArrival(
  annotationId: string | null,
  order: Order | null,
  onArrive: (id: string, found: boolean) => void,
): void {
  const now = useRef(onArrive);
  now.current = onArrive;
  /** Whose place was shown: that it is lost and found again later leads nobody there. */
  const shown = useRef<string | null>(null);
  const isFound = annotationId !== null && order?.has(annotationId) === true;
  useEffect(() => {
    shown.current = null;
    if (annotationId !== null) now.current(annotationId, false);
  }, [annotationId]);
  useEffect(() => {
    if (annotationId === null || !isFound || shown.current === annotationId) return;
    shown.current = annotationId;
    now.current(annotationId, true);
  }, [annotationId, isFound]);
}
