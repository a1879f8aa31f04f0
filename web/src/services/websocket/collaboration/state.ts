/** What is known of the documents that are open, and of edits that could not become part of theirs. */

import type { Awareness } from "y-protocols/awareness";
import type { Doc } from "yjs";
import type { DocumentInfo, DocumentLimits, DocumentMode, Participant, Version } from "../../../contract";
import { type AnnotationsState, noAnnotations } from "./annotations";
import type { KeptCopy } from "./store";

/**
 * Of a document that is ready. `saved`: the server has committed everything. `saving`: it is under way. Without a
 * connection: `kept` on this device, `keeping` while that is being written, or `offline`, as the device keeps nothing, and
 * then it is lost with the page. `refused`: the server did not take it, see the copies.
 */
export type SaveState = "saved" | "saving" | "offline" | "keeping" | "kept" | "refused";

/** Whether something may be lost with the page. */
export const isAtRisk = (state: SaveState): boolean =>
  state === "saving" || state === "keeping" || state === "offline";

export type Phase = "loading" | "ready" | "failed";

/** How it is shown that a document was not asked for yet, or may not be seen any more. */
export const phaseOf = (phase: "new" | Phase | "gone"): Phase =>
  phase === "new" ? "loading" : phase === "gone" ? "failed" : phase;

/** Edits that could not become part of their document, to be copied out of it by hand. */
export type UnsentCopy = KeptCopy;

export interface VersionsState {
  items: readonly Version[];
  phase: "idle" | "loading" | "ready" | "failed";
  /** Why there are none to see, in plain words. */
  error: string | null;
  cursor: string | null;
  loadingMore: boolean;
}

export interface DocumentState {
  id: string;
  phase: Phase;
  /** Why it cannot be opened, in plain words. */
  error: string | null;
  info: DocumentInfo | null;
  /** What an editor is bound to. Another one after the document began anew or edits were refused. */
  doc: Doc | null;
  awareness: Awareness | null;
  /** Instead of it, for an editor that is too old for this document: nothing may be bound to it then. */
  html: string | null;
  mode: DocumentMode | null;
  saveState: SaveState;
  /** False: this device keeps nothing, so edits without a connection are lost with the page. */
  keeps: boolean;
  limits: DocumentLimits | null;
  /** That the server has subscribed us to: which audiences we belong to. */
  channels: readonly string[];
  /** Names of groups, by id: of one's own; for staff all of the course. */
  groups: Readonly<Record<string, string>>;
  /** Everybody who is here, by user. */
  participants: Readonly<Record<string, Participant>>;
  annotations: AnnotationsState;
  versions: VersionsState;
}

export interface CollaborationState {
  documents: Readonly<Record<string, DocumentState>>;
  /** The newest first. */
  copies: readonly UnsentCopy[];
}

export const initialState: CollaborationState = { documents: {}, copies: [] };

export const noVersions: VersionsState = {
  items: [],
  phase: "idle",
  error: null,
  cursor: null,
  loadingMore: false,
};

export const closedDocument = (id: string): DocumentState => ({
  id,
  phase: "loading",
  error: null,
  info: null,
  doc: null,
  awareness: null,
  html: null,
  mode: null,
  saveState: "saved",
  keeps: true,
  limits: null,
  channels: [],
  groups: {},
  participants: {},
  annotations: noAnnotations,
  versions: noVersions,
});

/** Somebody came, left, or may do something else; of two values about one person the last holds. */
export function participantChanged(
  participants: Readonly<Record<string, Participant>>,
  one: Participant,
): Readonly<Record<string, Participant>> {
  const { [one.user_id]: _before, ...others } = participants;
  return one.here ? { ...others, [one.user_id]: one } : others;
}

export const participantsOf = (all: readonly Participant[]): Readonly<Record<string, Participant>> =>
  all.reduce(participantChanged, {});
