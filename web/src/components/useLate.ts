/** Whether something holds for longer than a moment: a short dip is nobody's concern, a longer one is said. */

import { useEffect, useState } from "react";

const PATIENCE_MS = 1_500;

export function useLate(holds: boolean): boolean {
  const [late, setLate] = useState(false);
  useEffect(() => {
    setLate(false);
    if (!holds) return;
    const timer = setTimeout(() => setLate(true), PATIENCE_MS);
    return () => clearTimeout(timer);
  }, [holds]);
  return holds && late;
}
