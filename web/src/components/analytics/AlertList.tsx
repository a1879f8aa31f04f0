/** What the staff of a course should look at, the newest first. */

import { CircleCheckBig, ServerCrash, UserRoundX } from "lucide-react";
import { memo } from "react";
import type { Alert } from "../../contract";
import type { ListStatus } from "../../services/websocket/analytics/view";
import { ListFrame } from "./Card";
import { useNow } from "./useNow";
import { When } from "./When";
import "./styles";

export interface AlertListProps {
  alerts: readonly Alert[];
  status: ListStatus;
  jobLink?: ((jobId: string) => string) | undefined;
  onReload?: () => void;
  onMore?: () => void;
}

const TICK_MS = 60_000;

export const AlertList = memo(function AlertList(props: AlertListProps) {
  const { alerts, status, jobLink, onReload, onMore } = props;
  const now = useNow(TICK_MS);
  return (
    <ListFrame
      what="alerts"
      status={status}
      items={alerts}
      Icon={CircleCheckBig}
      empty={<p>Nothing needs a look.</p>}
      onReload={onReload}
      onMore={onMore}
    >
      {(shown) => (
        <ul className="cw-feed" aria-label="Alerts">
          {shown.map((alert) => (
            <li key={alert.id}>
              <span className="cw-feed-icon" data-tone="warn">
                {alert.kind === "at_risk" ? (
                  <UserRoundX size={16} aria-hidden="true" />
                ) : (
                  <ServerCrash size={16} aria-hidden="true" />
                )}
              </span>
              <span className="cw-feed-text">
                <strong>
                  {alert.kind === "at_risk"
                    ? `${alert.user_name ?? alert.user_id} may be at risk`
                    : "A job gives no sign of life"}
                </strong>
                <span>{alert.reasons.join(", ")}</span>
                {alert.job_id !== undefined && jobLink && (
                  <a className="cw-link" href={jobLink(alert.job_id)}>
                    See the job
                  </a>
                )}
              </span>
              <When at={alert.raised_at} now={now} />
            </li>
          ))}
        </ul>
      )}
    </ListFrame>
  );
});
