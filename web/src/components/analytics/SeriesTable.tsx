/** A metric over time as a table, the newest first: what the line shows, for whoever reads rather than looks. */

import type { Bucket, Metric, Point } from "../../contract";
import { bucketTime, stepWords } from "./charting";
import { metricLabel, metricValue } from "./figures";
import { TableFrame } from "./TableFrame";

interface Props {
  metric: Metric;
  bucket: Bucket;
  points: readonly Point[];
}

export function SeriesTable({ metric, bucket, points }: Props) {
  const name = `${metricLabel(metric)} ${stepWords(bucket)}`;
  return (
    <TableFrame label={name} tall>
      <thead>
        <tr>
          <th scope="col">From</th>
          <th scope="col" data-number>
            {metricLabel(metric)}
          </th>
        </tr>
      </thead>
      <tbody>
        {points.toReversed().map(({ at, value }) => (
          <tr key={at}>
            <td>
              <time dateTime={at}>{bucketTime(at, bucket)}</time>
            </td>
            <td data-number>{metricValue(metric, value)}</td>
          </tr>
        ))}
      </tbody>
    </TableFrame>
  );
}
