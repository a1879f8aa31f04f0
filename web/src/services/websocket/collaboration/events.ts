/** What the events of `/collaboration` change in the state of an open document. */

import type { Annotation, CollaborationEvents, Participant } from "../../../contract";
import { annotationArrived, annotationGone } from "./annotations";
import { type DocumentState, participantChanged } from "./state";

type Kind = "string" | "number" | "boolean" | "object";
type Fields<Data> = { [Field in keyof Data]?: Kind };

const ANNOTATION: Fields<Annotation> = { id: "string", document_id: "string", revision: "number" };
const WHOLE: Fields<Annotation> = {
  ...ANNOTATION,
  motivation: "string",
  body: "string",
  tags: "object",
  visibility: "string",
  created_at: "string",
};

const SHAPES: { [Name in keyof CollaborationEvents]?: Fields<CollaborationEvents[Name]["data"]> } = {
  "document.updated": { document_id: "string" },
  "awareness.changed": { document_id: "string", awareness: "object" },
  "session.changed": { user_id: "string", name: "string", mode: "string", here: "boolean", since: "string" },
  "document.mode": { document_id: "string" },
  "document.changed": { document_id: "string", course_id: "string", title: "string" },
  "documents.changed": { course_id: "string" },
  "documents.edited": { course_id: "string" },
  "document.channels": { document_id: "string", channels: "object" },
  "document.reset": { document_id: "string", epoch: "string" },
  "annotation.created": WHOLE,
  "annotation.updated": WHOLE,
  "annotation.deleted": ANNOTATION,
};

/** The name of the first field that is missing or of another kind; null when all is well, or the event is not ours. */
export function misshapen(event: string, data: unknown): string | null {
  const fields: Record<string, Kind> | undefined = SHAPES[event as keyof CollaborationEvents];
  if (!fields) return null;
  if (typeof data !== "object" || data === null) return "data";
  for (const [field, kind] of Object.entries(fields)) {
    const value = (data as Record<string, unknown>)[field];
    if (typeof value !== kind || value === null) return field;
  }
  return null;
}

/** The document that an event is about: it says so itself, or its channel does (`document:<id>`, `document:<id>:staff`). */
export function documentOf(channel: string, data: unknown): string | null {
  const { document_id } = (data ?? {}) as { document_id?: unknown };
  if (typeof document_id === "string") return document_id;
  const [kind, id] = channel.split(":");
  return kind === "document" && id !== undefined ? id : null;
}

/** The audience whose channel this is; null: everybody's, or none of a document. */
export function audienceOf(channel: string): string | null {
  const [kind, , ...audience] = channel.split(":");
  return kind === "document" && audience.length > 0 ? audience.join(":") : null;
}

export function folded(state: DocumentState, event: string, data: unknown): DocumentState {
  switch (event as keyof CollaborationEvents) {
    case "session.changed":
      return { ...state, participants: participantChanged(state.participants, data as Participant) };
    case "annotation.created":
    case "annotation.updated":
      return { ...state, annotations: annotationArrived(state.annotations, data as Annotation) };
    case "annotation.deleted":
      return { ...state, annotations: annotationGone(state.annotations, data as Annotation) };
    default:
      return state;
  }
}
