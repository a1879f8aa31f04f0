/** Who has not come for a while and is not passing, with the reasons: for staff. */

import { HeartHandshake } from "lucide-react";
import { memo } from "react";
import type { LearnerAtRisk } from "../../contract";
import type { ListStatus } from "../../services/websocket/analytics/view";
import { Avatar } from "../Avatar";
import { shortWhen } from "../times";
import { ListFrame } from "./Card";
import { share } from "./figures";
import { TableFrame } from "./TableFrame";
import { useNow } from "./useNow";
import "./styles";

export interface AtRiskTableProps {
  learners: readonly LearnerAtRisk[];
  status: ListStatus;
  onReload?: () => void;
  onMore?: () => void;
}

const TICK_MS = 60_000;

export const AtRiskTable = memo(function AtRiskTable(props: AtRiskTableProps) {
  const { learners, status, onReload, onMore } = props;
  const now = useNow(TICK_MS);
  return (
    <ListFrame
      what="learners"
      status={status}
      items={learners}
      Icon={HeartHandshake}
      empty={<p>Nobody is at risk: everybody has come within a week, or is passing.</p>}
      onReload={onReload}
      onMore={onMore}
    >
      {(shown) => (
        <TableFrame label="Learners at risk">
          <thead>
            <tr>
              <th scope="col">Learner</th>
              <th scope="col">Last visit</th>
              <th scope="col" data-number>
                Score
              </th>
            </tr>
          </thead>
          <tbody>
            {shown.map(({ user_id, name, last_visit_at, average_score, reasons }) => (
              <tr key={user_id}>
                <th scope="row">
                  <span className="cw-learner">
                    <Avatar id={user_id} name={name} size="small" />
                    <span>
                      {name}
                      <span className="cw-reasons">{reasons.join(", ")}</span>
                    </span>
                  </span>
                </th>
                <td>
                  {last_visit_at === undefined ? (
                    "Never"
                  ) : (
                    <time dateTime={last_visit_at}>{shortWhen(Date.parse(last_visit_at), now)}</time>
                  )}
                </td>
                <td data-number>{share(average_score)}</td>
              </tr>
            ))}
          </tbody>
        </TableFrame>
      )}
    </ListFrame>
  );
});
