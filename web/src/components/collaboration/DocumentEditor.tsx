/** One document, edited together: its text, who is in it, the notes beside it, its versions, and whether it is saved. */

import { Eye } from "lucide-react";
import { type ReactNode, useCallback, useMemo, useRef, useState } from "react";
import type { AnnotationTarget, Motivation } from "../../contract";
import { useCoursewire } from "../../hooks/CoursewireProvider";
import { type CollaborationResult, useCollaborationWebSocket } from "../../hooks/useCollaborationWebSocket";
import { ConnectionBanner } from "../ConnectionBanner";
import { AnnotationSidebar, type Draft } from "./AnnotationSidebar";
import { DocumentHead } from "./DocumentHead";
import { DocumentNarration } from "./DocumentNarration";
import { LAYOUT } from "./layout";
import { DRAFT, type Mark, type Place } from "./marking";
import { kindsFor } from "./NewNote";
import { Notice } from "./Notice";
import { type Named, namesOf } from "./names";
import { ServerHtml } from "./ServerHtml";
import { TextEditor, type TextHandle } from "./TextEditor";
import type { Order } from "./threads";
import { UnsentCopies } from "./UnsentCopies";
import { useArrival } from "./useArrival";
import { hasRoom, usePanel } from "./usePanel";
import { VersionsPanel } from "./VersionsPanel";
import "./styles";

export interface DocumentEditorProps {
  documentId: string;
  /** A note that a link leads to. */
  annotationId?: string | null;
  /** Who can be called in notes, beside those who are here and those who wrote some. */
  people?: readonly Named[];
  /** The way back to where one came from; without it there is none to see. */
  onClose?: () => void;
}

const NOBODY: readonly Named[] = [];
const OPTIONS = { layout: LAYOUT };
const NO_PLACES: ReadonlyMap<string, string> = new Map();

/** It fills its container: give that a height. */
export function DocumentEditor(props: DocumentEditorProps) {
  // Another document begins anew, also in what is open beside it.
  return <OneDocument key={props.documentId} {...props} />;
}

function OneDocument({ documentId, annotationId = null, people = NOBODY, onClose }: DocumentEditorProps) {
  const { userId } = useCoursewire();
  const collaboration = useCollaborationWebSocket(documentId, OPTIONS);
  const { phase, info, participants, threads, mode, saveState } = collaboration;
  const [panel, setPanel] = usePanel();
  const [active, setActive] = useState<string | null>(null);
  const [draft, setDraft] = useState<Draft | null>(null);
  const [order, setOrder] = useState<Order | null>(null);
  const [places, setPlaces] = useState(NO_PLACES);
  const [problem, setProblem] = useState("");
  const text = useRef<TextHandle>(null);
  const marks = useMarks(collaboration, draft);
  const names = useMemo(() => namesOf(participants, threads, people), [participants, threads, people]);
  const callable = useMemo(
    () =>
      [...names].map(([user_id, name]) => ({ user_id, name })).filter(({ user_id }) => user_id !== userId),
    [names, userId],
  );

  useArrival(annotationId, order, (id, found) => {
    if (found) return void text.current?.show(id, false);
    setActive(id);
    setPanel("notes");
  });

  const begin = useCallback(
    (kind: Motivation, target: AnnotationTarget): void => {
      setProblem("");
      setDraft({ kind, target });
      setPanel("notes");
    },
    [setPanel],
  );
  const pick = useCallback(
    (id: string | null, byKey: boolean): void => {
      setActive(id);
      // Where the notes would lie over the text, a click into it is for writing.
      if (id === null || !(byKey || hasRoom() || mode !== "edit")) return;
      setPanel("notes");
      if (byKey) focusNote(id);
    },
    [setPanel, mode],
  );
  const { reanchor } = collaboration;
  const moved = useCallback(
    (id: string, target: AnnotationTarget | null): void => {
      // Somebody else may have said the same first: then theirs holds, and we are told.
      reanchor(id, target).catch(() => undefined);
    },
    [reanchor],
  );
  const placed = useCallback((found: ReadonlyMap<string, Place>): void => {
    setOrder((before) => orderOf(before, found));
  }, []);
  const seen = useCallback((found: ReadonlyMap<string, string>): void => {
    setPlaces((before) => (sameWords(before, found) ? before : found));
  }, []);
  const show = useCallback(
    (id: string): void => {
      setActive(id);
      if (!hasRoom()) setPanel(null);
      text.current?.show(id, false);
    },
    [setPanel],
  );

  if (phase === "failed")
    return (
      <div className="cw-document">
        <UnsentCopies copies={collaboration.copies} onDiscard={collaboration.discardCopy} />
        <div className="cw-empty" role="alert">
          <p>This document could not be opened.</p>
          <p className="cw-muted">{collaboration.error}</p>
          <div className="cw-note-ends">
            {onClose && (
              <button type="button" className="cw-button" data-quiet onClick={onClose}>
                Back to the documents
              </button>
            )}
            <button type="button" className="cw-button" data-quiet onClick={() => location.reload()}>
              Reload the page
            </button>
          </div>
        </div>
      </div>
    );

  return (
    <div className="cw-document" data-panel={panel ?? undefined}>
      <DocumentHead
        collaboration={collaboration}
        userId={userId}
        places={places}
        panel={panel}
        onPanel={setPanel}
        onClose={onClose}
      />
      <DocumentNarration
        userId={userId}
        isReady={phase === "ready"}
        participants={participants}
        places={places}
        saveState={saveState}
        mode={mode}
      />
      <UnsentCopies copies={collaboration.copies} onDiscard={collaboration.discardCopy} />
      <Notice words={problem} onClose={() => setProblem("")} />
      <div className="cw-document-parts">
        <Content
          collaboration={collaboration}
          editor={
            info &&
            mode &&
            collaboration.document &&
            collaboration.awareness && (
              <TextEditor
                // Another life of the document is another editor: this one would write into the old text.
                key={collaboration.document.guid}
                ref={text}
                document={collaboration.document}
                awareness={collaboration.awareness}
                mode={mode}
                title={info.title}
                mostBytes={collaboration.limits?.update_bytes ?? Number.POSITIVE_INFINITY}
                marks={marks}
                active={active}
                kinds={kindsFor(collaboration.audiences)}
                onAnnotate={begin}
                onPick={pick}
                onMoved={moved}
                onPlaces={placed}
                onCarets={seen}
                onProblem={setProblem}
              />
            )
          }
        />
        {panel === "notes" && (
          <AnnotationSidebar
            collaboration={collaboration}
            userId={userId}
            order={order}
            active={active}
            onActive={setActive}
            onShow={show}
            selected={() => text.current?.selected() ?? null}
            draft={draft}
            onDraft={setDraft}
            people={callable}
            onClose={() => setPanel(null)}
          />
        )}
        {panel === "versions" && (
          <VersionsPanel collaboration={collaboration} names={names} onClose={() => setPanel(null)} />
        )}
      </div>
    </div>
  );
}

/** The text, or what stands in its place. */
function Content({ collaboration, editor }: { collaboration: CollaborationResult; editor: ReactNode }) {
  const { html } = collaboration;
  if (html !== null)
    return (
      <div className="cw-writing">
        <p className="cw-banner">
          <Eye size={16} aria-hidden="true" />
          <span>This document was edited with a newer version. Reload the page to edit it, too.</span>
          <button type="button" className="cw-link" onClick={() => location.reload()}>
            Reload
          </button>
        </p>
        <div className="cw-page-scroll">
          <div className="cw-page-text">
            <ServerHtml html={html} />
          </div>
        </div>
      </div>
    );
  if (editor) return editor;
  return (
    <div className="cw-writing">
      <ConnectionBanner
        namespace="/collaboration"
        meaning="This device does not have the document; it opens when the connection is back."
      />
      <div className="cw-page-scroll" aria-busy="true">
        <div className="cw-page-text cw-page-waits" role="status">
          <span className="cw-hidden">Loading the document</span>
          {[46, 92, 97, 88, 60].map((width) => (
            <span key={width} className="cw-skeleton" style={{ width: `${width}%` }} aria-hidden="true" />
          ))}
        </div>
      </div>
    </div>
  );
}

/** What the text marks: every note with a place, and the one that is being written. */
function useMarks({ threads }: CollaborationResult, draft: Draft | null): readonly Mark[] {
  return useMemo(() => {
    const notes = threads.map(({ annotation }): Mark => {
      const { id, motivation, target, resolved_at, orphaned } = annotation;
      return { id, kind: motivation, target: target ?? null, resolved: resolved_at !== undefined, orphaned };
    });
    if (!draft) return notes;
    return [...notes, { id: DRAFT, ...draft, resolved: false, orphaned: false }];
  }, [threads, draft]);
}

/** Which comes after which, as a number: the same object as long as typing only moves them all. */
function orderOf(before: Order | null, found: ReadonlyMap<string, Place>): Order {
  const ids = [...found].sort(([, one], [, other]) => one.from - other.from).map(([id]) => id);
  const same = before?.size === ids.length && ids.every((id, index) => before.get(id) === index);
  return same ? before : new Map(ids.map((id, index) => [id, index]));
}

const sameWords = (one: ReadonlyMap<string, string>, other: ReadonlyMap<string, string>): boolean =>
  one.size === other.size && [...one].every(([id, words]) => other.get(id) === words);

/** After the panel has opened. */
function focusNote(id: string): void {
  requestAnimationFrame(() => {
    const card = document.querySelector<HTMLElement>(`[data-thread="${CSS.escape(id)}"]`);
    card?.querySelector<HTMLElement>("button")?.focus();
  });
}
