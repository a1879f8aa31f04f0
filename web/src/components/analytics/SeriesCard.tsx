/** Choose a metric, and see it as a line or as a table over the window of the page. */

import { LineChart } from "lucide-react";
import { Tabs } from "radix-ui";
import { memo, useState } from "react";
import type { Metric, Window } from "../../contract";
import { useAnalyticsWebSocket } from "../../hooks/useAnalyticsWebSocket";
import type { SeriesState } from "../../services/websocket/analytics/state";
import { Again, Card, Lines } from "./Card";
import { bucketsOf } from "./charting";
import { metricLabel, metrics } from "./figures";
import { LiveChart } from "./LiveChart";
import { SeriesTable } from "./SeriesTable";

interface Props {
  courseId: string;
  window: Window;
  scope: "course" | "cohort";
}

const NO_LISTS = [] as const;

export const SeriesCard = memo(function SeriesCard({ courseId, window, scope }: Props) {
  const [metric, setMetric] = useState<Metric>("events");
  const query = { metric, ...bucketsOf(window, scope) };
  const { series, reload } = useAnalyticsWebSocket({ courseId, window, series: [query], lists: NO_LISTS });
  const shown = series[0];
  return (
    <Tabs.Root defaultValue="chart">
      <Card
        title="Over time"
        choices={
          <>
            <label className="cw-pick">
              <span className="cw-hidden">Metric</span>
              <select value={metric} onChange={(event) => setMetric(event.target.value as Metric)}>
                {metrics.map((one) => (
                  <option key={one} value={one}>
                    {metricLabel(one)}
                  </option>
                ))}
              </select>
            </label>
            <Tabs.List className="cw-segments" aria-label="Show as">
              <Tabs.Trigger value="chart">Chart</Tabs.Trigger>
              <Tabs.Trigger value="table">Table</Tabs.Trigger>
            </Tabs.List>
          </>
        }
      >
        {scope === "cohort" && (
          <p className="cw-card-lead">
            The class by the hour, each once it is over; hours with fewer than 5 learners are left out.
          </p>
        )}
        <Tabs.Content value="chart" className="cw-series">
          <Shown series={shown} onReload={() => void reload()}>
            {({ points, query: of }) => <LiveChart metric={of.metric} bucket={of.bucket} points={points} />}
          </Shown>
        </Tabs.Content>
        <Tabs.Content value="table" className="cw-series">
          <Shown series={shown} onReload={() => void reload()}>
            {({ points, query: of }) => <SeriesTable metric={of.metric} bucket={of.bucket} points={points} />}
          </Shown>
        </Tabs.Content>
      </Card>
    </Tabs.Root>
  );
});

interface ShownProps {
  series: SeriesState | undefined;
  onReload: () => void;
  children: (series: SeriesState) => React.ReactNode;
}

function Shown({ series, onReload, children }: ShownProps) {
  if (!series || series.phase === "loading") return <Lines what="the chart" />;
  if (series.phase === "failed")
    return (
      <div className="cw-card-empty" role="alert">
        <p>This could not be loaded.</p>
        <p className="cw-muted">{series.error}</p>
        <Again onClick={onReload} />
      </div>
    );
  const isEmpty = series.points.every(({ value }) => value === undefined || value === null);
  if (isEmpty)
    return (
      <div className="cw-card-empty">
        <LineChart size={28} strokeWidth={1.4} aria-hidden="true" />
        <p>There is nothing to draw yet.</p>
      </div>
    );
  return children(series);
}
