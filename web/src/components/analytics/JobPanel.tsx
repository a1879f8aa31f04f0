/** One job by itself, where a link leads to it: all that is known of it, while it moves. */

import { X } from "lucide-react";
import { Dialog } from "radix-ui";
import { useMemo } from "react";
import type { Job } from "../../contract";
import { useAnalyticsWebSocket } from "../../hooks/useAnalyticsWebSocket";
import { isOver } from "../../services/websocket/analytics/jobs";
import { clock, dayName } from "../times";
import { useFocusBack } from "../useFocusBack";
import { CancelJob } from "./CancelJob";
import { Lines } from "./Card";
import { JobBar } from "./JobBar";
import { JobState } from "./JobRow";
import { doneWords, etaWords, resultLines, stageWords, timeWords } from "./progress";
import { useNow } from "./useNow";

interface Props {
  jobId: string;
  courseName: (courseId: string) => string;
  onClose: () => void;
}

const NO_LISTS = [] as const;
const TICK_MS = 1_000;

export function JobPanel({ jobId, courseName, onClose }: Props) {
  const filter = useMemo(() => ({ jobIds: [jobId], lists: NO_LISTS }), [jobId]);
  const { progressUpdates, jobErrors, cancelJob } = useAnalyticsWebSocket(filter);
  const job = progressUpdates.get(jobId);
  const problem = jobErrors[jobId];
  const focus = useFocusBack();
  return (
    <Dialog.Root open onOpenChange={(open) => !open && onClose()}>
      <Dialog.Portal>
        <Dialog.Overlay className="cw-overlay" />
        <Dialog.Content className="cw-dialog cw-job-panel" aria-describedby={undefined} {...focus}>
          <div className="cw-dialog-head">
            <Dialog.Title className="cw-dialog-title">{job?.title ?? "Job"}</Dialog.Title>
            <Dialog.Close className="cw-icon-button" aria-label="Close">
              <X size={18} aria-hidden="true" />
            </Dialog.Close>
          </div>
          {problem !== undefined ? (
            <p role="alert">{problem}</p>
          ) : job ? (
            <Known job={job} courseName={courseName} onCancel={cancelJob} />
          ) : (
            <Lines what="the job" />
          )}
        </Dialog.Content>
      </Dialog.Portal>
    </Dialog.Root>
  );
}

interface KnownProps {
  job: Job;
  courseName: (courseId: string) => string;
  onCancel: (jobId: string) => Promise<void>;
}

function Known({ job, courseName, onCancel }: KnownProps) {
  const now = useNow(TICK_MS);
  const when = (at: string | undefined): string => {
    if (at === undefined) return "";
    const time = Date.parse(at);
    return `${dayName(time, now)}, ${clock(time)}`;
  };
  const facts: [string, string][] = [
    ["Done", doneWords(job)],
    ["Stage", stageWords(job)],
    ["Remaining", etaWords(job, now)],
    ["Time", timeWords(job, now)],
    ["Says", job.message],
    ["Kind", job.kind],
    ["Course", job.course_id === undefined ? "" : courseName(job.course_id)],
    ["Attempt", String(job.attempt)],
    ["Created", when(job.created_at)],
    ["Ended", when(job.finished_at)],
  ];
  const results = resultLines(job);
  return (
    <>
      <div className="cw-job-head">
        <JobState job={job} />
        {!isOver(job) && <CancelJob job={job} onCancel={onCancel} />}
      </div>
      <JobBar job={job} now={now} />
      {job.error !== undefined && <p className="cw-job-error">{job.error}</p>}
      {results.length > 0 && (
        <section aria-label="Result">
          <h3 className="cw-job-part">Result</h3>
          <Lists lines={results} />
        </section>
      )}
      <section aria-label="Details">
        <h3 className="cw-job-part">Details</h3>
        <Lists lines={facts.filter(([, value]) => value !== "")} />
      </section>
    </>
  );
}

function Lists({ lines }: { lines: readonly (readonly [name: string, value: string])[] }) {
  return (
    <dl className="cw-facts">
      {lines.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}
