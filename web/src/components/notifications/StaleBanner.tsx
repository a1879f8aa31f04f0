/** Says that what is shown may be old, and that what is done waits. */

import { WifiOff } from "lucide-react";
import { useEffect, useState } from "react";
import { useConnectionStatus } from "../../hooks/useConnectionStatus";
import { isLive } from "../../services/websocket/connectionStatus";
import { explain } from "../../services/websocket/errors";

/** A short dip is nobody's concern; a longer one is said. */
const PATIENCE_MS = 1_500;
const NAMESPACE = "/notifications";

export function StaleBanner() {
  const { namespaces, retry } = useConnectionStatus();
  const status = namespaces[NAMESPACE];
  const state = status?.state ?? "idle";
  const live = isLive(state);
  const [late, setLate] = useState(false);
  useEffect(() => {
    setLate(false);
    if (live) return;
    const timer = setTimeout(() => setLate(true), PATIENCE_MS);
    return () => clearTimeout(timer);
  }, [live]);
  const refused = state === "unauthorized" || state === "unavailable";
  return (
    <div role="status">
      {!live && (late || refused) && (
        <p className="cw-banner" data-tone={refused ? "danger" : "calm"}>
          <WifiOff size={16} aria-hidden="true" />
          <span>
            {refused
              ? explain(status?.error ?? { code: "unavailable", message: "" })
              : "No connection. This may be out of date; what you mark is kept, and sent when it is back."}
          </span>
          {refused && (
            <button type="button" className="cw-link" onClick={() => retry(NAMESPACE)}>
              Try again
            </button>
          )}
        </p>
      )}
    </div>
  );
}
