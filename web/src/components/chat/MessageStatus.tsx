/** How far one of our messages has got: a sign, with its words for everybody who does not see it. */

import { AlertCircle, Check, CheckCheck, Clock3 } from "lucide-react";
import type { Outgoing } from "../../services/websocket/chat/state";
import type { Progress } from "../../services/websocket/chat/view";

interface Props {
  progress: Progress | null;
  outgoing: Outgoing | null;
}

export function MessageStatus({ progress, outgoing }: Props) {
  const size = { width: 14, height: 14, strokeWidth: 2.25, "aria-hidden": true } as const;
  const status = outgoing?.status ?? progress?.status ?? "sent";
  const label = {
    failed: "Not sent",
    sending: "Sending",
    sent: "Sent",
    delivered: "Delivered",
    read: readBy(progress),
  }[status];
  return (
    <span className="cw-status" data-status={status} role="img" aria-label={label} title={label}>
      {status === "failed" && <AlertCircle {...size} />}
      {status === "sending" && <Clock3 {...size} />}
      {status === "sent" && <Check {...size} />}
      {(status === "delivered" || status === "read") && <CheckCheck {...size} />}
    </span>
  );
}

function readBy(progress: Progress | null): string {
  if (!progress || progress.others <= 1) return "Read";
  return `Read by ${progress.readBy} of ${progress.others}`;
}
