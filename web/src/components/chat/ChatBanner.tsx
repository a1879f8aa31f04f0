/** Says that the chat has no connection, when that lasts, and what becomes of what one writes. */

import { WifiOff } from "lucide-react";
import { useEffect, useState } from "react";
import type { ChatResult } from "../../hooks/useChatWebSocket";
import { useConnectionStatus } from "../../hooks/useConnectionStatus";
import { explain } from "../../services/websocket/errors";

/** A short dip is nobody's concern; a longer one is said. */
const PATIENCE_MS = 1_500;

export function ChatBanner({ api }: { api: ChatResult }) {
  const { namespaces, retry } = useConnectionStatus();
  const status = namespaces["/chat"];
  const [late, setLate] = useState(false);
  const { isConnected, connectionState } = api;
  useEffect(() => {
    setLate(false);
    if (isConnected) return;
    const timer = setTimeout(() => setLate(true), PATIENCE_MS);
    return () => clearTimeout(timer);
  }, [isConnected]);
  const refused = connectionState === "unauthorized" || connectionState === "unavailable";
  const shown = !isConnected && (late || refused);
  return (
    <div role="status">
      {shown && (
        <p className="cw-banner" data-tone={refused ? "danger" : "calm"}>
          <WifiOff size={16} aria-hidden="true" />
          <span>
            {refused
              ? explain(status?.error ?? { code: "unavailable", message: "" })
              : "No connection. What you write is kept, and sent when it is back."}
          </span>
          {refused && (
            <button type="button" className="cw-link" onClick={() => retry("/chat")}>
              Try again
            </button>
          )}
        </p>
      )}
    </div>
  );
}
