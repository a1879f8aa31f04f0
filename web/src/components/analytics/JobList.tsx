/** Jobs with their progress, the newest first. */

import { Cog } from "lucide-react";
import { memo } from "react";
import type { Job } from "../../contract";
import type { ListStatus } from "../../services/websocket/analytics/view";
import { ListFrame } from "./Card";
import { JobRow, type JobRowProps } from "./JobRow";
import { useNow } from "./useNow";
import "./styles";

export interface JobListProps extends Pick<JobRowProps, "jobLink" | "onCancel"> {
  jobs: readonly Job[];
  status: ListStatus;
  onReload?: () => void;
  onMore?: () => void;
}

/** Words such as "about 40 s left" need no more. */
const TICK_MS = 5_000;

export const JobList = memo(function JobList({
  jobs,
  status,
  jobLink,
  onCancel,
  onReload,
  onMore,
}: JobListProps) {
  const now = useNow(TICK_MS);
  return (
    <ListFrame
      what="jobs"
      status={status}
      items={jobs}
      Icon={Cog}
      empty={
        <>
          <p>There are no jobs.</p>
          <p className="cw-muted">Grading and analysis show up here as soon as they start.</p>
        </>
      }
      onReload={onReload}
      onMore={onMore}
    >
      {(shown) => (
        <ul className="cw-jobs" aria-label="Jobs">
          {shown.map((job) => (
            <JobRow key={job.id} job={job} now={now} jobLink={jobLink} onCancel={onCancel} />
          ))}
        </ul>
      )}
    </ListFrame>
  );
});
