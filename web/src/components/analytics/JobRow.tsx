/** One job in a list: what it is, how far it is, and the button that ends it. */

import { memo } from "react";
import type { Job } from "../../contract";
import { isOver } from "../../services/websocket/analytics/jobs";
import { CancelJob } from "./CancelJob";
import { JobBar } from "./JobBar";
import { doneWords, etaWords, stageWords, stateWords, timeWords } from "./progress";

export interface JobRowProps {
  job: Job;
  now: number;
  /** Where a job is shown by itself. */
  jobLink?: ((jobId: string) => string) | undefined;
  /** Without it nobody can end anything here. */
  onCancel?: ((jobId: string) => Promise<void>) | undefined;
}

export const JobRow = memo(function JobRow({ job, now, jobLink, onCancel }: JobRowProps) {
  const over = isOver(job);
  return (
    <li className="cw-job" data-job={job.state} data-id={job.id}>
      <div className="cw-job-head">
        {jobLink ? (
          <a className="cw-job-title" href={jobLink(job.id)}>
            {job.title}
          </a>
        ) : (
          <span className="cw-job-title">{job.title}</span>
        )}
        <JobState job={job} />
      </div>
      <JobBar job={job} now={now} />
      <div className="cw-job-foot">
        <JobFacts job={job} now={now} />
        {!over && onCancel && <CancelJob job={job} onCancel={onCancel} />}
      </div>
      {job.error !== undefined && <p className="cw-job-error">{job.error}</p>}
    </li>
  );
});

export function JobState({ job }: { job: Job }) {
  return (
    <span className="cw-job-state" data-job={job.cancel_requested && !isOver(job) ? "cancelled" : job.state}>
      {stateWords(job)}
    </span>
  );
}

/** In the order of their worth; hidden from nobody, for the bar says it in other words. */
export function JobFacts({ job, now }: { job: Job; now: number }) {
  const facts = isOver(job)
    ? [doneWords(job), timeWords(job, now)]
    : [job.state === "queued" ? "" : doneWords(job), stageWords(job), etaWords(job, now)];
  if (job.attempt > 1) facts.push(`attempt ${job.attempt}`);
  return (
    <span className="cw-job-facts">
      {facts.filter(Boolean).map((fact) => (
        <span key={fact}>{fact}</span>
      ))}
    </span>
  );
}
