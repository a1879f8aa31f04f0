/** The head of a document: what it is called, whether it is saved, who is here, and what can be opened beside it. */

import { ArrowLeft, History, MessageSquareText } from "lucide-react";
import { type RefObject, useEffect, useRef } from "react";
import type { CollaborationResult } from "../../hooks/useCollaborationWebSocket";
import { ParticipantFaces } from "./ParticipantFaces";
import { SaveState } from "./SaveState";
import type { Panel } from "./usePanel";

interface Props {
  collaboration: CollaborationResult;
  userId: string;
  places: ReadonlyMap<string, string>;
  panel: Panel | null;
  onPanel: (panel: Panel | null) => void;
  onClose: (() => void) | undefined;
  /** A page of a course has no versions, and nothing to save. */
  isPage?: boolean;
}

export function DocumentHead({ collaboration, userId, places, panel, onPanel, onClose, isPage }: Props) {
  const { info, threads, phase, mode, isConnected } = collaboration;
  const open = threads.filter(({ annotation }) => annotation.resolved_at === undefined).length;
  const toggle = (one: Panel) => () => onPanel(panel === one ? null : one);
  const head = useRef<HTMLElement>(null);
  useFocusAfter(panel, head);
  return (
    <header className="cw-document-head" ref={head}>
      {onClose && (
        <button
          type="button"
          className="cw-icon-button"
          aria-label="Back to all documents"
          title="Back to all documents"
          onClick={onClose}
        >
          <ArrowLeft size={18} aria-hidden="true" />
        </button>
      )}
      <div className="cw-document-title">
        <h2 dir="auto">{info?.title ?? "Document"}</h2>
        {phase === "ready" && !isPage && (
          <SaveState
            state={collaboration.saveState}
            mode={mode}
            isConnected={isConnected}
            keeps={collaboration.keeps}
          />
        )}
      </div>
      <ParticipantFaces participants={collaboration.participants} userId={userId} places={places} />
      {!isPage && (
        <button
          type="button"
          className="cw-icon-button"
          aria-label="Versions"
          title="Versions"
          data-opens="versions"
          aria-expanded={panel === "versions"}
          data-state={panel === "versions" ? "open" : undefined}
          onClick={toggle("versions")}
        >
          <History size={18} aria-hidden="true" />
        </button>
      )}
      <button
        type="button"
        className="cw-icon-button cw-notes-button"
        aria-label={`Notes, ${open} open`}
        title="Notes"
        data-opens="notes"
        aria-expanded={panel === "notes"}
        data-state={panel === "notes" ? "open" : undefined}
        onClick={toggle("notes")}
      >
        <MessageSquareText size={18} aria-hidden="true" />
        {open > 0 && (
          <span className="cw-badge" aria-hidden="true">
            {open}
          </span>
        )}
      </button>
    </header>
  );
}

/** What was closed takes its button, and with it the focus, away: it goes to the button that opens it again. */
function useFocusAfter(panel: Panel | null, head: RefObject<HTMLElement | null>): void {
  const before = useRef(panel);
  useEffect(() => {
    const closed = panel === null ? before.current : null;
    before.current = panel;
    if (closed === null || document.activeElement !== document.body) return;
    head.current?.querySelector<HTMLElement>(`[data-opens="${closed}"]`)?.focus();
  }, [panel, head]);
}
