/** How far a job is: a bar, and its words for those who cannot see it. */

import { Progress } from "radix-ui";
import type { CSSProperties } from "react";
import type { Job } from "../../contract";
import { progressWords } from "./progress";

interface Props {
  job: Job;
  now: number;
}

export function JobBar({ job, now }: Props) {
  const percent = job.percent ?? null;
  return (
    <Progress.Root
      className="cw-progress"
      value={percent}
      max={100}
      aria-label={job.title}
      aria-valuetext={progressWords(job, now)}
      data-job={job.state}
    >
      <Progress.Indicator
        className="cw-progress-bar"
        style={{ "--cw-percent": percent ?? 0 } as CSSProperties}
      />
    </Progress.Root>
  );
}
