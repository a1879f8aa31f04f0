/** A metric over time as a line that grows while one looks; its words stand for it where it cannot be seen. */

import { memo, useEffect, useRef, useState } from "react";
import type { Bucket, Metric, Point } from "../../contract";
import { bucketTime, isRunning, plotData, stepWords, summary } from "./charting";
import { Drawing } from "./drawing";
import { metricValue } from "./figures";
import "./styles";

export interface LiveChartProps {
  metric: Metric;
  bucket: Bucket;
  /** Whole buckets, oldest first. */
  points: readonly Point[];
}

/** Its place needs a width; the height is its own. */
export const LiveChart = memo(function LiveChart(props: LiveChartProps) {
  // What the axes say depends on these two: another one is another chart.
  return <Chart key={`${props.metric} ${props.bucket}`} {...props} />;
});

function Chart({ metric, bucket, points }: LiveChartProps) {
  const host = useRef<HTMLDivElement>(null);
  const drawing = useRef<Drawing | null>(null);
  const [under, setUnder] = useState<number | null>(null);
  useEffect(() => {
    if (!host.current) return;
    const made = new Drawing(host.current, metric, bucket, setUnder);
    drawing.current = made;
    return () => {
      drawing.current = null;
      made.end();
    };
  }, [metric, bucket]);
  useEffect(
    () => drawing.current?.show(plotData(points, metric, bucket, Date.now())),
    [points, metric, bucket],
  );
  const now = Date.now();
  const { latest, words } = summary(points, metric, bucket, now);
  const shown = (under === null ? null : points[under]) ?? latest;
  const step = `${stepWords(bucket)}${shown && isRunning(shown, bucket, now) ? " so far" : ""}`;
  return (
    <figure className="cw-chart">
      <figcaption className="cw-chart-read">
        <span className="cw-chart-value">{metricValue(metric, shown?.value)}</span>
        <span className="cw-muted">{shown ? `${step}, ${bucketTime(shown.at, bucket)}` : step}</span>
      </figcaption>
      <div ref={host} className="cw-chart-canvas" role="img" aria-label={words} />
    </figure>
  );
}
