/** The time for words such as "for 3 min": it moves by itself. */

import { useEffect, useState } from "react";

/** Milliseconds since 1970, `every` so many of them. */
export function useNow(every: number): number {
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), every);
    return () => clearInterval(timer);
  }, [every]);
  return now;
}
