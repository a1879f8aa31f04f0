/** The things of a course and how they are worked on, the busiest first. */

import { memo } from "react";
import type { ObjectMetrics } from "../../contract";
import { count, share, timeSpan } from "./figures";
import { TableFrame } from "./TableFrame";
import "./styles";

export interface ObjectTableProps {
  items: readonly ObjectMetrics[];
  /** `cohort`: what fewer than 5 have done is not told. */
  scope: "course" | "cohort";
}

export const ObjectTable = memo(function ObjectTable({ items, scope }: ObjectTableProps) {
  return (
    <TableFrame label="The busiest things">
      <thead>
        <tr>
          <th scope="col">Name</th>
          <th scope="col" data-number>
            Learners
          </th>
          <th scope="col" data-number>
            Events
          </th>
          <th scope="col" data-number>
            Completed
          </th>
          <th scope="col" data-number>
            Score
          </th>
          <th scope="col" data-number>
            Time on task
          </th>
        </tr>
      </thead>
      <tbody>
        {items.map((item) => (
          <tr key={item.object_id}>
            <th scope="row">
              <span className="cw-thing">{item.name ?? item.object_id}</span>
              <span className="cw-thing-type">{item.type}</span>
            </th>
            <td data-number>{count(item.learners)}</td>
            <td data-number>{count(item.events)}</td>
            <td data-number>
              {scope === "cohort" && item.completed === 0 ? "under 5" : count(item.completed)}
            </td>
            <td data-number>{share(item.average_score)}</td>
            <td data-number>{timeSpan(item.time_on_task_s)}</td>
          </tr>
        ))}
      </tbody>
    </TableFrame>
  );
});
