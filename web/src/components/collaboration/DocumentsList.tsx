/** The documents of a course: what one may do in each, what is open in it, and a way to make a new one. */

import { BookOpen, FilePlus2, FileText, MessageSquareText } from "lucide-react";
import { useState } from "react";
import type { DocumentInfo } from "../../contract";
import { useCollaborationWebSocket } from "../../hooks/useCollaborationWebSocket";
import { ConnectionBanner } from "../ConnectionBanner";
import { type CourseNames, courseNameOf } from "../notifications/courses";
import { shortWhen } from "../times";
import { NewDocument } from "./NewDocument";
import { useCourseDocuments } from "./useCourseDocuments";
import "./styles";

export interface DocumentsListProps {
  courseId: string;
  /** How courses are called, by id: those to choose from. */
  courses?: CourseNames;
  onCourseChange?: (courseId: string) => void;
  /** The address of a document. */
  documentLink: (documentId: string) => string;
  /** One was made: go there. */
  onMade: (documentId: string) => void;
}

const NO_NAMES: CourseNames = {};

/** It fills its container: give that a height. */
export function DocumentsList(props: DocumentsListProps) {
  const { courseId, courses = NO_NAMES, onCourseChange, documentLink, onMade } = props;
  const collaboration = useCollaborationWebSocket(null);
  const { listTemplates, createDocument } = collaboration;
  const { page, problem, loading, load } = useCourseDocuments(courseId, collaboration);
  const [making, setMaking] = useState(false);

  const ids = [...new Set([...Object.keys(courses), courseId])].sort();
  const name = courseNameOf(courses);
  return (
    <div className="cw-documents">
      <header className="cw-documents-head">
        <h2>Documents</h2>
        {ids.length > 1 && onCourseChange ? (
          <label>
            <span className="cw-hidden">Course</span>
            <select value={courseId} onChange={(event) => onCourseChange(event.target.value)}>
              {ids.map((id) => (
                <option key={id} value={id}>
                  {name(id)}
                </option>
              ))}
            </select>
          </label>
        ) : (
          <span className="cw-course">{name(courseId)}</span>
        )}
        {page && (page.may_make || page.groups.length > 0) && (
          <button type="button" className="cw-button" onClick={() => setMaking(true)}>
            <FilePlus2 size={16} aria-hidden="true" /> New document
          </button>
        )}
      </header>
      <ConnectionBanner
        namespace="/collaboration"
        meaning={page ? "This may be out of date." : "The documents are shown when it is back."}
      />
      <div className="cw-documents-body">
        {problem !== "" && (
          <div className="cw-panel-empty" role="alert">
            <p>The documents could not be loaded.</p>
            <p className="cw-muted">{problem}</p>
            <button type="button" className="cw-button" data-quiet onClick={() => void load()}>
              Try again
            </button>
          </div>
        )}
        {page === null && problem === "" && <Waiting />}
        {page?.items.length === 0 && (
          <div className="cw-panel-empty">
            <FileText size={28} strokeWidth={1.4} aria-hidden="true" />
            <p>There are no documents in this course yet.</p>
          </div>
        )}
        {page && page.items.length > 0 && (
          <ul className="cw-document-list">
            {page.items.map((one) => (
              <Row key={one.id} document={one} link={documentLink(one.id)} />
            ))}
          </ul>
        )}
        {page?.next_cursor !== undefined && (
          <button
            type="button"
            className="cw-button"
            data-quiet
            disabled={loading}
            onClick={() => void load(page.next_cursor)}
          >
            {loading ? "Loading…" : "Show more documents"}
          </button>
        )}
      </div>
      {making && page && (
        <NewDocument
          allowed={page}
          loadTemplates={() => listTemplates(courseId)}
          onMake={async (wish) => onMade((await createDocument({ course_id: courseId, ...wish })).id)}
          onDone={() => setMaking(false)}
        />
      )}
    </div>
  );
}

const MODES: Record<DocumentInfo["mode"], string> = {
  edit: "You can edit",
  comment: "You can comment",
  view: "You can read",
};

function Row({ document, link }: { document: DocumentInfo; link: string }) {
  const { title, kind, mode, updated_at, open_annotations } = document;
  const Icon = kind === "page" ? BookOpen : FileText;
  return (
    <li>
      <a className="cw-document-row" href={link}>
        <span className="cw-document-icon" data-kind={kind}>
          <Icon size={20} aria-hidden="true" />
        </span>
        <span className="cw-document-name">
          <strong dir="auto">{title}</strong>
          <span>{kind === "page" ? "Course page" : MODES[mode]}</span>
        </span>
        {open_annotations > 0 && (
          <span className="cw-document-notes" title="Open notes">
            <MessageSquareText size={14} aria-hidden="true" />
            {open_annotations}
            <span className="cw-hidden"> open notes</span>
          </span>
        )}
        <time dateTime={updated_at}>{shortWhen(Date.parse(updated_at), Date.now())}</time>
      </a>
    </li>
  );
}

function Waiting() {
  return (
    <div className="cw-documents-wait" role="status">
      <span className="cw-hidden">Loading the documents</span>
      {[48, 62, 40].map((width) => (
        <span key={width} className="cw-skeleton" style={{ width: `${width}%` }} aria-hidden="true" />
      ))}
    </div>
  );
}
