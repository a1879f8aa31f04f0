/** What was reached, the newest first. */

import { CheckCheck, Flag, Flame, Gauge, type LucideIcon, PenLine, Trophy } from "lucide-react";
import { memo } from "react";
import type { Milestone } from "../../contract";
import type { ListStatus } from "../../services/websocket/analytics/view";
import { ListFrame } from "./Card";
import { useNow } from "./useNow";
import { When } from "./When";
import "./styles";

export interface MilestoneFeedProps {
  milestones: readonly Milestone[];
  status: ListStatus;
  onReload?: () => void;
  onMore?: () => void;
}

const ICONS: Record<string, LucideIcon> = {
  first_submission: PenLine,
  completions: Trophy,
  streak: Flame,
  average_score: Gauge,
  all_submitted: CheckCheck,
};

const TICK_MS = 60_000;

export const MilestoneFeed = memo(function MilestoneFeed(props: MilestoneFeedProps) {
  const { milestones, status, onReload, onMore } = props;
  const now = useNow(TICK_MS);
  return (
    <ListFrame
      what="milestones"
      status={status}
      items={milestones}
      Icon={Flag}
      empty={<p>Nothing has been reached yet.</p>}
      onReload={onReload}
      onMore={onMore}
    >
      {(shown) => (
        <ul className="cw-feed" aria-label="Milestones">
          {shown.map(({ id, kind, title, user_id, user_name, reached_at }) => {
            const Icon = ICONS[kind] ?? Flag;
            return (
              <li key={id}>
                <span className="cw-feed-icon">
                  <Icon size={16} aria-hidden="true" />
                </span>
                <span className="cw-feed-text">
                  <strong>{title}</strong>
                  <span>{user_name ?? user_id ?? "The class"}</span>
                </span>
                <When at={reached_at} now={now} />
              </li>
            );
          })}
        </ul>
      )}
    </ListFrame>
  );
});
