/** One thread: a note with its place, what was replied, and what one can do with it. */

import { Check, CornerDownRight, Link2Off, Lock, RotateCcw, Users } from "lucide-react";
import { useEffect, useRef, useState } from "react";
import type { AnnotationTarget } from "../../contract";
import type { CollaborationResult } from "../../hooks/useCollaborationWebSocket";
import type { Thread } from "../../services/websocket/collaboration/view";
import { words } from "../../services/websocket/errors";
import { NoteBody } from "./NoteBody";
import { NoteText, type Person } from "./NoteText";
import { Quoted } from "./Quoted";
import { audienceWords, kindWords } from "./threads";

interface Props {
  thread: Thread;
  collaboration: CollaborationResult;
  userId: string;
  people: readonly Person[];
  active: boolean;
  /** Its place is gone from the text. */
  isLost: boolean;
  onActive: (id: string | null) => void;
  /** It may be out of sight now: the focus must go somewhere. */
  onResolved: () => void;
  onShow: (id: string) => void;
  selected: () => AnnotationTarget | null;
}

export function ThreadCard(props: Props) {
  const { thread, collaboration, userId, people, active, isLost, onActive, onShow } = props;
  const { annotation, replies } = thread;
  const { mode } = collaboration;
  const [replying, setReplying] = useState(false);
  const [problem, setProblem] = useState("");
  const card = useRef<HTMLElement>(null);
  const resolved = annotation.resolved_at !== undefined;
  const mayWrite = mode === "comment" || mode === "edit";
  const isStaff = collaboration.audiences.includes("staff");
  const mayResolve = mayWrite && (annotation.author_id === userId || mode === "edit" || isStaff);
  const quote = annotation.target?.quote.exact;

  useEffect(() => {
    if (!active) setReplying(false);
  }, [active]);

  const attempt = async (doing: () => Promise<unknown>): Promise<void> => {
    setProblem("");
    try {
      await doing();
    } catch (error) {
      setProblem(words(error));
    }
  };
  const attach = (): void => {
    const target = props.selected();
    if (!target) return setProblem("Mark the new place in the text first.");
    void attempt(() => collaboration.reanchor(annotation.id, target));
  };

  const resolve = async (): Promise<void> => {
    await collaboration.resolve(annotation.id, !resolved);
    if (resolved) return;
    onActive(null);
    props.onResolved();
  };

  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: a shortcut for the mouse; the quote is a button and does the same
    <article
      ref={card}
      className="cw-note"
      aria-label={`${kindWords(annotation.motivation)} by ${annotation.author_name}`}
      aria-current={active || undefined}
      data-thread={annotation.id}
      data-kind={annotation.motivation}
      data-active={active || undefined}
      data-resolved={resolved || undefined}
      data-pending={annotation.pending || undefined}
      onClick={() => !active && onActive(annotation.id)}
    >
      {quote !== undefined && (
        <Quoted
          text={quote}
          kind={annotation.motivation}
          onShow={isLost ? undefined : () => onShow(annotation.id)}
        />
      )}
      {isLost && (
        <div className="cw-note-lost">
          <Link2Off size={14} aria-hidden="true" />
          <span>These words are not in the text any more.</span>
          {mayWrite && (
            <button type="button" className="cw-link" onClick={attach}>
              Attach to what is marked
            </button>
          )}
        </div>
      )}
      <NoteBody annotation={annotation} collaboration={collaboration} userId={userId} people={people} />
      {(annotation.tags.length > 0 || annotation.visibility !== "course" || resolved) && (
        <ul className="cw-note-marks" aria-label="About this note">
          {annotation.visibility !== "course" && (
            <li className="cw-note-audience">
              {annotation.visibility.startsWith("group:") ? (
                <Users size={12} aria-hidden="true" />
              ) : (
                <Lock size={12} aria-hidden="true" />
              )}
              {audienceWords(annotation.visibility, collaboration.groups)}
            </li>
          )}
          {resolved && (
            <li className="cw-note-done">
              <Check size={12} aria-hidden="true" /> Resolved
            </li>
          )}
          {annotation.tags.map((tag) => (
            <li key={tag}>#{tag}</li>
          ))}
        </ul>
      )}
      {replies.length > 0 && (
        <ol className="cw-replies" aria-label="Replies">
          {replies.map((reply) => (
            <li key={reply.id} data-pending={reply.pending || undefined}>
              <NoteBody annotation={reply} collaboration={collaboration} userId={userId} people={people} />
            </li>
          ))}
        </ol>
      )}
      <p className="cw-error" role="alert">
        {problem}
      </p>
      {replying ? (
        <NoteText
          label={`Reply to ${annotation.author_name}`}
          placeholder="Reply"
          people={people}
          send="Reply"
          autoFocus
          onSend={async (body) => {
            await collaboration.reply(annotation.id, body);
            setReplying(false);
          }}
          onCancel={() => setReplying(false)}
        />
      ) : (
        mayWrite &&
        !annotation.pending && (
          <div className="cw-note-ways">
            <button
              type="button"
              className="cw-link"
              onClick={() => {
                onActive(annotation.id);
                setReplying(true);
              }}
            >
              <CornerDownRight size={14} aria-hidden="true" /> Reply
            </button>
            {mayResolve && (
              <button type="button" className="cw-link" onClick={() => void attempt(resolve)}>
                {resolved ? (
                  <>
                    <RotateCcw size={14} aria-hidden="true" /> Open again
                  </>
                ) : (
                  <>
                    <Check size={14} aria-hidden="true" /> Resolve
                  </>
                )}
              </button>
            )}
          </div>
        )
      )}
    </article>
  );
}
