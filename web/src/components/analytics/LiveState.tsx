/** Whether what is shown is live, and of when it is if not. Not a live region: the page has one for all. */

import { useEffect, useState } from "react";
import type { State } from "../../services/websocket/protocol";
import { clock } from "../times";
import { useLate } from "../useLate";

interface Props {
  state: State;
  /** There is something to see that may be old. */
  stale: boolean;
  /** Of when the figures are; null where there are none. */
  asOf: string | null;
}

export function LiveState({ state, stale, asOf }: Props) {
  const late = useLate(stale);
  const [seen, setSeen] = useState<number | null>(null);
  // The last time at which all was well: a course in which nothing happens has old figures that hold.
  useEffect(() => {
    if (stale) setSeen(Date.now());
  }, [stale]);
  if (late) {
    const since = Math.max(seen ?? 0, asOf === null ? 0 : Date.parse(asOf));
    return (
      <span className="cw-live" data-live="no">
        <span className="cw-dot" data-state="reconnecting" aria-hidden="true" />
        {since > 0 ? `As of ${clock(since)}, not live` : "Not live"}
      </span>
    );
  }
  const connecting = state === "connecting" || state === "idle";
  return (
    <span className="cw-live" data-live={connecting ? "not-yet" : "yes"}>
      <span className="cw-dot" data-state={connecting ? "connecting" : "connected"} aria-hidden="true" />
      {connecting ? "Connecting…" : "Live"}
    </span>
  );
}
