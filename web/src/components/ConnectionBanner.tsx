/** Says that a namespace has no connection, when that lasts, and what it means for what one sees and does. */

import { WifiOff } from "lucide-react";
import { useConnectionStatus } from "../hooks/useConnectionStatus";
import { isLive } from "../services/websocket/connectionStatus";
import { explain } from "../services/websocket/errors";
import { useLate } from "./useLate";

interface Props {
  namespace: string;
  /** What it means, after "No connection." */
  meaning: string;
}

export function ConnectionBanner({ namespace, meaning }: Props) {
  const { namespaces, retry } = useConnectionStatus();
  const status = namespaces[namespace];
  const state = status?.state ?? "idle";
  const isGone = useLate(!isLive(state));
  const isRefused = state === "unauthorized" || state === "unavailable";
  return (
    <div role="status">
      {(isGone || isRefused) && (
        <p className="cw-banner" data-tone={isRefused ? "danger" : "calm"}>
          <WifiOff size={16} aria-hidden="true" />
          <span>
            {isRefused
              ? explain(status?.error ?? { code: "unavailable", message: "" })
              : `No connection. ${meaning}`}
          </span>
          {isRefused && (
            <button type="button" className="cw-link" onClick={() => retry(namespace)}>
              Try again
            </button>
          )}
        </p>
      )}
    </div>
  );
}
