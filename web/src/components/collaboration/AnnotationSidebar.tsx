/** The notes beside a text: threads in the order of the text, a new one being written, and those that lost their place. */

import { Filter, MessageSquareText, X } from "lucide-react";
import { type ReactNode, useEffect, useId, useMemo, useRef, useState } from "react";
import type { AnnotationTarget, Motivation } from "../../contract";
import type { CollaborationResult } from "../../hooks/useCollaborationWebSocket";
import { NewNote } from "./NewNote";
import { NoteFilters } from "./NoteFilters";
import type { Person } from "./NoteText";
import { ThreadCard } from "./ThreadCard";
import { NO_FILTER, type NoteFilter, type Order, shownThreads, tagsOf } from "./threads";
import { useDrafts } from "./useDrafts";
import "./styles";

/** What is being annotated right now. */
export interface Draft {
  kind: Motivation;
  target: AnnotationTarget;
}

export interface AnnotationSidebarProps {
  collaboration: CollaborationResult;
  userId: string;
  /** Where each note stands, by id; what is missing has lost its place. Null: not known yet. */
  order: Order | null;
  active: string | null;
  onActive: (id: string | null) => void;
  /** Lead from a note to its place. */
  onShow: (id: string) => void;
  /** What is marked in the text now, to attach a note to that has lost its place; null: nothing. */
  selected: () => AnnotationTarget | null;
  draft: Draft | null;
  onDraft: (draft: Draft | null) => void;
  /** Who can be called by name. */
  people?: readonly Person[];
  /** Begins a note without a mouse, where a text has no caret. */
  begin?: ReactNode;
  onClose?: () => void;
}

const NOBODY: readonly Person[] = [];

/** It fills its container: give that a height. */
export function AnnotationSidebar(props: AnnotationSidebarProps) {
  const { collaboration, userId, order, active, onActive, draft, people = NOBODY } = props;
  const { threads, mode, audiences } = collaboration;
  const [filter, setFilter] = useState<NoteFilter>(NO_FILTER);
  const [filtering, setFiltering] = useState(false);
  const drafts = useDrafts({ draft, onDraft: props.onDraft, onActive, annotate: collaboration.annotate });
  const id = useId();
  const list = useRef<HTMLDivElement>(null);
  const tags = useMemo(() => tagsOf(threads), [threads]);
  const shown = useMemo(() => shownThreads(threads, filter, userId, order), [threads, filter, userId, order]);
  const isFiltered = JSON.stringify(filter) !== JSON.stringify(NO_FILTER);

  const now = useRef({ threads, shown });
  now.current = { threads, shown };
  const isKnown = active !== null && threads.some(({ annotation }) => annotation.id === active);
  useEffect(() => {
    if (!isKnown || active === null) return;
    // What one goes to may be what the filter hides; what one resolves goes out of sight by itself.
    const isShown = now.current.shown.some(({ annotation }) => annotation.id === active);
    if (!isShown) setFilter({ ...NO_FILTER, state: "all" });
    const card = list.current?.querySelector(`[data-thread="${CSS.escape(active)}"]`);
    card?.scrollIntoView?.({ block: "nearest" });
  }, [active, isKnown]);

  return (
    <section className="cw-notes" aria-labelledby={id}>
      <header className="cw-panel-head">
        <h3 id={id}>Notes</h3>
        <span className="cw-panel-ends">
          <button
            type="button"
            className="cw-icon-button"
            aria-label="Filter notes"
            title="Filter notes"
            aria-expanded={filtering}
            aria-controls={`${id}-filters`}
            data-state={isFiltered ? "open" : undefined}
            onClick={() => setFiltering(!filtering)}
          >
            <Filter size={17} aria-hidden="true" />
          </button>
          {props.onClose && (
            <button
              type="button"
              className="cw-icon-button"
              aria-label="Close the notes"
              onClick={props.onClose}
            >
              <X size={18} aria-hidden="true" />
            </button>
          )}
        </span>
      </header>
      <div id={`${id}-filters`} hidden={!filtering}>
        {filtering && <NoteFilters filter={filter} tags={tags} audiences={audiences} onFilter={setFilter} />}
      </div>
      <div className="cw-notes-list" ref={list} tabIndex={-1}>
        {drafts.map(({ key, hidden, ...form }) => (
          <div key={key} hidden={hidden}>
            <NewNote {...form} audiences={audiences} groups={collaboration.groups} people={people} />
          </div>
        ))}
        {!draft && props.begin}
        {shown.map((thread) => (
          <ThreadCard
            key={thread.annotation.id}
            thread={thread}
            collaboration={collaboration}
            userId={userId}
            people={people}
            active={thread.annotation.id === active}
            isLost={order !== null && !order.has(thread.annotation.id) && !thread.annotation.pending}
            onActive={onActive}
            onResolved={() => list.current?.focus()}
            onShow={props.onShow}
            selected={props.selected}
          />
        ))}
        {shown.length === 0 && !draft && (
          <div className="cw-panel-empty">
            <MessageSquareText size={28} strokeWidth={1.4} aria-hidden="true" />
            {threads.length > 0 ? (
              <>
                <p>
                  {threads.length === 1 ? "The one note is" : `${threads.length} notes are`} filtered out.
                </p>
                <button
                  type="button"
                  className="cw-link"
                  onClick={() => setFilter({ ...NO_FILTER, state: "all" })}
                >
                  Show all notes
                </button>
              </>
            ) : (
              <p>
                {mode === "view"
                  ? "Nobody has written a note that you can see."
                  : "There are no notes yet. Mark a place in the text, and say what you think of it."}
              </p>
            )}
          </div>
        )}
      </div>
    </section>
  );
}
