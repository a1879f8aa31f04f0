/** The documents of a course in the campus: the list, or the one whose id stands in the address. */

import { useEffect, useState } from "react";
import { useChatWebSocket, useCollaborationWebSocket } from "../src";
import { ConnectionBanner } from "../src/components/ConnectionBanner";
import { DocumentsList } from "../src/components/collaboration/DocumentsList";
import { LAYOUT } from "../src/components/collaboration/layout";
import type { Named } from "../src/components/collaboration/names";
import { PageAnnotator } from "../src/components/collaboration/PageAnnotator";
import { Later, useLater } from "../src/components/later";
import { useLate } from "../src/components/useLate";
import { PageState } from "./PageState";
import { Reading } from "./readings/Reading";
import { go, usePlace } from "./session";
import { useCourses } from "./useCourses";

/** The editor is more than all else of the campus together: it comes when a text is opened. */
const Editor = new Later(async () => {
  const { DocumentEditor } = await import("../src/components/collaboration/DocumentEditor");
  return { default: DocumentEditor };
});

const OPTIONS = { layout: LAYOUT };

export default function DocumentsPage() {
  const { item } = usePlace();
  return item === null ? <List /> : <Open key={item} documentId={item} />;
}

function List() {
  const place = usePlace();
  const courses = useCourses();
  const { chat } = useChatWebSocket();
  const course = place.course ?? Object.keys(courses)[0] ?? null;
  if (course === null)
    return (
      <p className="page-waits">{chat.phase === "loading" ? "Loading…" : "You are in no course yet."}</p>
    );
  return (
    <DocumentsList
      courseId={course}
      courses={courses}
      onCourseChange={(id) => {
        location.hash = `#/documents?course=${encodeURIComponent(id)}`;
      }}
      documentLink={(id) => `#/documents/${encodeURIComponent(id)}`}
      onMade={(id) => go("documents", id)}
    />
  );
}

function Open({ documentId }: { documentId: string }) {
  const { note } = usePlace();
  const people = usePeople();
  const { info, phase, isConnected } = useCollaborationWebSocket(documentId, OPTIONS);
  const { Component, failed, again } = useLater(Editor);
  // Most likely there was no network.
  useEffect(() => {
    if (isConnected) again();
  }, [isConnected, again]);
  const props = { documentId, annotationId: note, people, onClose: () => go("documents") };
  if (info?.kind === "page")
    return (
      <PageAnnotator {...props}>
        <Reading id={documentId} title={info.title} url={info.url} />
      </PageAnnotator>
    );
  if (failed)
    return (
      <PageState
        what="The editor could not be loaded."
        why="The server cannot be reached right now, or there is a newer version."
        again={again}
      >
        <button type="button" className="cw-button" data-quiet onClick={props.onClose}>
          Back to the documents
        </button>
      </PageState>
    );
  // Which of the two it is comes with the document; that it cannot be opened is told by the editor.
  return Component && (info || phase === "failed") ? (
    <Component {...props} />
  ) : (
    <Opening isConnected={isConnected} onClose={props.onClose} />
  );
}

/** Without a connection it may take as long as one likes: there is a way back, also on a phone, where there is nothing else. */
function Opening({ isConnected, onClose }: { isConnected: boolean; onClose: () => void }) {
  if (!useLate(!isConnected))
    return (
      <p className="page-waits" role="status">
        Loading…
      </p>
    );
  return (
    <div className="page-state">
      <ConnectionBanner
        namespace="/collaboration"
        meaning="This device does not have the document; it opens when the connection is back."
      />
      <button type="button" className="cw-button" data-quiet onClick={onClose}>
        Back to the documents
      </button>
    </div>
  );
}

/** Everybody in one's courses can be called by name in a note. */
function usePeople(): readonly Named[] {
  const { people, isConnected } = useChatWebSocket();
  const [found, setFound] = useState<readonly Named[]>([]);
  useEffect(() => {
    if (!isConnected) return;
    let here = true;
    people().then(
      (all) => here && setFound(all),
      // Those who are here and those who wrote notes are known all the same.
      () => undefined,
    );
    return () => {
      here = false;
    };
  }, [people, isConnected]);
  return found;
}
