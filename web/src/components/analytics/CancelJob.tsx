/** A button that ends a job: at once where it has not begun, after a question where work would be lost. */

import { AlertDialog } from "radix-ui";
import { useRef, useState } from "react";
import type { Job } from "../../contract";
import { words } from "../../services/websocket/errors";
import { doneWords } from "./progress";

interface Props {
  job: Job;
  /** @throws {CommandError} */
  onCancel: (jobId: string) => Promise<void>;
}

export function CancelJob({ job, onCancel }: Props) {
  const [asking, setAsking] = useState(false);
  const [problem, setProblem] = useState("");
  const button = useRef<HTMLButtonElement>(null);
  const cancel = (): void => {
    setProblem("");
    setAsking(false);
    onCancel(job.id).catch((error: unknown) => setProblem(words(error)));
  };
  return (
    <span className="cw-cancel">
      <button
        ref={button}
        type="button"
        className="cw-button"
        data-quiet
        data-small
        // It keeps the focus: a keyboard would fall out of the list.
        aria-disabled={job.cancel_requested || undefined}
        onClick={() => {
          if (job.cancel_requested) return;
          if (job.state === "queued") cancel();
          else setAsking(true);
        }}
      >
        {job.cancel_requested ? "Cancelling…" : "Cancel"}
        <span className="cw-hidden"> {job.title}</span>
      </button>
      {problem && (
        <span className="cw-error" role="alert">
          {problem}
        </span>
      )}
      <AlertDialog.Root open={asking} onOpenChange={setAsking}>
        <AlertDialog.Portal>
          <AlertDialog.Overlay className="cw-overlay" />
          <AlertDialog.Content
            className="cw-dialog"
            data-small
            onCloseAutoFocus={(event) => {
              event.preventDefault();
              button.current?.focus();
            }}
          >
            <AlertDialog.Title className="cw-dialog-title">Cancel “{job.title}”?</AlertDialog.Title>
            <AlertDialog.Description className="cw-muted">
              {doneWords(job)}. It ends when its worker hears of it, and cannot be taken back.
            </AlertDialog.Description>
            <div className="cw-dialog-actions">
              <AlertDialog.Cancel className="cw-button" data-quiet>
                Let it run
              </AlertDialog.Cancel>
              <AlertDialog.Action className="cw-button" data-danger onClick={cancel}>
                Cancel the job
              </AlertDialog.Action>
            </div>
          </AlertDialog.Content>
        </AlertDialog.Portal>
      </AlertDialog.Root>
    </span>
  );
}
