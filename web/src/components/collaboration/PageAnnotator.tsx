/** Notes on a page of a course that nobody edits: any HTML, which stays as it is. Places are found by their quotes. */

import { type ReactNode, useCallback, useEffect, useMemo, useRef, useState } from "react";
import type { AnnotationTarget, Motivation } from "../../contract";
import { useCoursewire } from "../../hooks/CoursewireProvider";
import { useCollaborationWebSocket } from "../../hooks/useCollaborationWebSocket";
import { findQuote, quoteOf } from "../../services/websocket/collaboration/quotes";
import { AnnotationSidebar, type Draft } from "./AnnotationSidebar";
import { DocumentHead } from "./DocumentHead";
import { MOST_QUOTED } from "./layout";
import { kindsFor } from "./NewNote";
import { Notice } from "./Notice";
import { type Named, namesOf } from "./names";
import { BlockBegin, PageBegin } from "./PageBegin";
import { blocksOf, indexOf, type PageText, rangeOf, readPage } from "./pageText";
import { type PageMark, paint } from "./painting";
import type { Order } from "./threads";
import { UnsentCopies } from "./UnsentCopies";
import { useArrival } from "./useArrival";
import { hasRoom, usePanel } from "./usePanel";
import "./styles";

export interface PageAnnotatorProps {
  /** The id under which the learning platform has made the page known. */
  documentId: string;
  annotationId?: string | null;
  people?: readonly Named[];
  onClose?: () => void;
  /** The page: whatever it is made of. */
  children: ReactNode;
}

const NOBODY: readonly Named[] = [];
const NO_PLACES: ReadonlyMap<string, string> = new Map();

/** It fills its container: give that a height. */
export function PageAnnotator(props: PageAnnotatorProps) {
  return <OnePage key={props.documentId} {...props} />;
}

function OnePage({
  documentId,
  annotationId = null,
  people = NOBODY,
  onClose,
  children,
}: PageAnnotatorProps) {
  const { userId } = useCoursewire();
  const collaboration = useCollaborationWebSocket(documentId);
  const { threads, participants, mode, phase } = collaboration;
  const root = useRef<HTMLDivElement>(null);
  const page = usePageText(root);
  const [panel, setPanel] = usePanel();
  const [active, setActive] = useState<string | null>(null);
  const [draft, setDraft] = useState<Draft | null>(null);
  const [problem, setProblem] = useState("");
  const marks = useMemo(() => (page ? marksOn(page, threads, draft) : null), [page, threads, draft]);
  const order = useMemo(() => marks && (new Map(marks.map(({ id, from }) => [id, from])) as Order), [marks]);
  const callable = useMemo(
    () =>
      [...namesOf(participants, threads, people)]
        .map(([user_id, name]) => ({ user_id, name }))
        .filter(({ user_id }) => user_id !== userId),
    [participants, threads, people, userId],
  );

  useEffect(() => (page && marks ? paint(page, marks, active) : undefined), [page, marks, active]);

  useArrival(annotationId, order, (id, found) => {
    const mark = found ? marks?.find((one) => one.id === id) : undefined;
    if (page && mark) return bringIntoView(page, mark);
    setActive(id);
    setPanel("notes");
  });

  const selected = useCallback((): AnnotationTarget | null => {
    const { current } = root;
    const selection = document.getSelection();
    if (!current || !selection || selection.isCollapsed || selection.rangeCount === 0) return null;
    const range = selection.getRangeAt(0);
    if (!current.contains(range.commonAncestorContainer)) return null;
    const now = readPage(current);
    const from = indexOf(now, range.startContainer, range.startOffset);
    const to = indexOf(now, range.endContainer, range.endOffset);
    return from === null || to === null ? null : targetOf(now, from, to);
  }, []);
  const begin = useCallback(
    (kind: Motivation, target: AnnotationTarget | null): void => {
      if (!target) return setProblem("Mark the words first that your note is about.");
      if (target.quote.exact.length > MOST_QUOTED)
        return setProblem(`Mark less: a note can stand at ${MOST_QUOTED} characters at the most.`);
      setProblem("");
      setDraft({ kind, target });
      setPanel("notes");
    },
    [setPanel],
  );
  const show = useCallback(
    (id: string): void => {
      setActive(id);
      if (!hasRoom()) setPanel(null);
      const mark = marks?.find((one) => one.id === id);
      if (page && mark) bringIntoView(page, mark);
    },
    [marks, page, setPanel],
  );
  const picked = (event: React.MouseEvent): void => {
    if (!page || !marks || !document.getSelection()?.isCollapsed) return;
    const at = pointIn(page, event.clientX, event.clientY);
    const hit = at === null ? undefined : marks.findLast(({ from, to }) => from <= at && at <= to);
    setActive(hit?.id ?? null);
    if (hit) setPanel("notes");
  };

  if (phase === "failed")
    return (
      <div className="cw-document">
        <Notice words="The notes on this page could not be loaded." onClose={() => onClose?.()} />
        <div className="cw-page-scroll">
          <div className="cw-page-text">{children}</div>
        </div>
      </div>
    );
  return (
    <div className="cw-document" data-panel={panel ?? undefined}>
      <DocumentHead
        collaboration={collaboration}
        userId={userId}
        places={NO_PLACES}
        panel={panel}
        onPanel={setPanel}
        onClose={onClose}
        isPage
      />
      <UnsentCopies copies={collaboration.copies} onDiscard={collaboration.discardCopy} />
      <Notice words={problem} onClose={() => setProblem("")} />
      <div className="cw-document-parts">
        <div className="cw-writing">
          {mode !== null && mode !== "view" && (
            <PageBegin
              kinds={kindsFor(collaboration.audiences)}
              onBegin={(kind) => begin(kind, selected())}
            />
          )}
          {/* biome-ignore lint/a11y/noStaticElementInteractions: a shortcut for the mouse; the notes lead to their places, too */}
          {/* biome-ignore lint/a11y/useKeyWithClickEvents: as above */}
          <div className="cw-page-scroll" onClick={picked}>
            <div className="cw-page-text" ref={root}>
              {children}
            </div>
          </div>
        </div>
        {panel === "notes" && (
          <AnnotationSidebar
            collaboration={collaboration}
            userId={userId}
            order={order}
            active={active}
            onActive={setActive}
            onShow={show}
            selected={selected}
            draft={draft}
            onDraft={setDraft}
            people={callable}
            begin={
              page &&
              mode !== null &&
              mode !== "view" && (
                <BlockBegin
                  blocks={() => (root.current ? blocksOf(root.current, page) : [])}
                  onBegin={({ from, to }) => begin("commenting", targetOf(page, from, to))}
                />
              )
            }
            onClose={() => setPanel(null)}
          />
        )}
      </div>
    </div>
  );
}

function bringIntoView(page: PageText, { from, to }: PageMark): void {
  const range = rangeOf(page, from, to);
  range?.startContainer.parentElement?.scrollIntoView?.({ block: "center" });
}

/** The text of what is shown; read again when the page puts something else there. */
function usePageText(root: React.RefObject<HTMLElement | null>): PageText | null {
  const [page, setPage] = useState<PageText | null>(null);
  useEffect(() => {
    const { current } = root;
    if (!current) return;
    const read = (): void => setPage(readPage(current));
    read();
    const watch = new MutationObserver(read);
    watch.observe(current, { childList: true, characterData: true, subtree: true });
    return () => watch.disconnect();
  }, [root]);
  return page;
}

function targetOf({ text }: PageText, from: number, to: number): AnnotationTarget | null {
  const marked = text.slice(from, to);
  const first = from + marked.length - marked.trimStart().length;
  const last = to - (marked.length - marked.trimEnd().length);
  if (first >= last) return null;
  // Here the anchors only say where it was: of the same words twice, which.
  return { quote: quoteOf(text, first, last), start: String(first), end: String(last) };
}

function marksOn(
  { text }: PageText,
  threads: readonly { annotation: Parameters<typeof kindOf>[0] }[],
  draft: Draft | null,
): PageMark[] {
  const found = (target: AnnotationTarget | undefined) =>
    target
      ? findQuote(text, target.quote, target.start === undefined ? undefined : Number(target.start))
      : null;
  const notes = threads.flatMap(({ annotation }) => {
    const place = found(annotation.target);
    return place ? [{ ...kindOf(annotation), from: place.from, to: place.to }] : [];
  });
  const place = draft && found(draft.target);
  return place
    ? [...notes, { id: "draft", kind: draft.kind, resolved: false, from: place.from, to: place.to }]
    : notes;
}

interface Kind {
  id: string;
  motivation: Motivation;
  resolved_at?: string;
  target?: AnnotationTarget;
}

const kindOf = ({ id, motivation, resolved_at }: Kind) => ({
  id,
  kind: motivation,
  resolved: resolved_at !== undefined,
});

/** Which character is under the pointer. */
function pointIn(page: PageText, x: number, y: number): number | null {
  const at = document.caretPositionFromPoint?.(x, y);
  if (at) return indexOf(page, at.offsetNode, at.offset);
  const range = document.caretRangeFromPoint?.(x, y);
  return range ? indexOf(page, range.startContainer, range.startOffset) : null;
}
