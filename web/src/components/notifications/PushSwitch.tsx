/** Push messages on this device: a switch, and in words what stands in its way. */

import { BellOff, MonitorX } from "lucide-react";
import { useId } from "react";
import type { Push } from "../../hooks/useNotificationsWebSocket";
import type { PushState } from "../../services/websocket/notifications/push/device";
import { Toggle } from "../Toggle";

const HINTS: Record<Exclude<PushState, "checking" | "unavailable">, string> = {
  on: "This browser shows what comes by push, also when no page of this site is open.",
  off: "Let this browser show what comes by push, also when no page of this site is open.",
  blocked:
    "Blocked in this browser. To undo that, open the site's settings, at the left of the address, and allow notifications.",
  unsupported: "This browser cannot show them on this page.",
};

/** Nothing where the server sends none. */
export function PushSwitch({ push: { state, isBusy, error, enable, disable } }: { push: Push }) {
  const id = useId();
  if (state === "checking" || state === "unavailable") return null;
  const isPossible = state === "on" || state === "off";
  return (
    <div className="cw-pref" aria-busy={isBusy}>
      <span>
        <label htmlFor={id}>Notifications on this device</label>
        <span className="cw-pref-hint" id={`${id}-hint`} data-state={state}>
          {state === "blocked" && <BellOff size={14} aria-hidden="true" />}
          {state === "unsupported" && <MonitorX size={14} aria-hidden="true" />}
          <span role="status">
            {isBusy && state === "off" ? "Your browser may ask you to allow it." : HINTS[state]}
          </span>
        </span>
        <span className="cw-pref-error" role="alert">
          {error}
        </span>
      </span>
      <Toggle
        id={id}
        aria-describedby={`${id}-hint`}
        checked={state === "on"}
        disabled={!isPossible || isBusy}
        onCheckedChange={(on) => void (on ? enable() : disable())}
      />
    </div>
  );
}
