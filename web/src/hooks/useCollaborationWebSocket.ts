/** `/collaboration` for a component: one document that is open, who is in it, what is written beside it, its versions. */

import { useCallback, useEffect, useMemo, useRef, useState, useSyncExternalStore } from "react";
import type { Awareness } from "y-protocols/awareness";
import type { Doc } from "yjs";
import type {
  Annotation,
  DocumentInfo,
  DocumentLimits,
  DocumentMode,
  Participant,
  Version,
} from "../contract";
import type { NewAnnotation } from "../services/websocket/collaboration/annotating";
import { noAnnotations } from "../services/websocket/collaboration/annotations";
import {
  noVersions,
  type Phase,
  type SaveState,
  type UnsentCopy,
  type VersionsState,
} from "../services/websocket/collaboration/state";
import {
  audiencesOf,
  type ShownAnnotation,
  shownAnnotations,
  sortedParticipants,
  type Thread,
  threadsOf,
} from "../services/websocket/collaboration/view";
import type {
  CollaborationWebSocketService,
  OpenOptions,
} from "../services/websocket/collaborationWebSocket";
import { isLive, type NamespaceStatus } from "../services/websocket/connectionStatus";
import { CommandError } from "../services/websocket/errors";
import type { State } from "../services/websocket/protocol";
import { useCoursewire } from "./CoursewireProvider";

const ACTIONS = [
  "listDocuments",
  "listTemplates",
  "createDocument",
  "discardCopy",
  "reply",
  "editAnnotation",
  "resolve",
  "reanchor",
  "remove",
  "readVersion",
  "compareVersions",
  "subscribeToAnnotations",
  "subscribeToCourse",
  "subscribeToDocuments",
  "subscribeToParticipants",
  "unsubscribe",
] as const;

/** The methods of the service, bound: the same functions at every render. */
export type CollaborationActions = Pick<CollaborationWebSocketService, (typeof ACTIONS)[number]>;

export interface Versions extends Omit<VersionsState, "cursor"> {
  hasMore: boolean;
}

export interface CollaborationResult extends CollaborationActions {
  /** Which document is open; null: none. */
  documentId: string | null;
  phase: Phase | "closed";
  /** Why it cannot be opened, in plain words. */
  error: string | null;
  info: DocumentInfo | null;
  /** What an editor is bound to. Another one after the document began anew or edits were refused: key it by the `guid`. */
  document: Doc | null;
  /** Carets, of this `document`; its `user` is what the server says. */
  awareness: Awareness | null;
  /** Instead of a document, for an editor that is too old for it: nothing may be bound then. */
  html: string | null;
  /** Who is here, the first who came first. */
  participants: readonly Participant[];
  mode: DocumentMode | null;
  saveState: SaveState;
  /** False: this device keeps nothing, so edits without a connection are lost with the page. */
  keeps: boolean;
  limits: DocumentLimits | null;
  /** Edits of this document that could not become part of it. */
  copies: readonly UnsentCopy[];
  /** For whom one can write: `course`, one's groups, `staff`, `private`. */
  audiences: readonly string[];
  /** Names of groups, by id: of one's own; for staff all of the course. */
  groups: Readonly<Record<string, string>>;
  /** The oldest first, replies among them. */
  annotations: readonly ShownAnnotation[];
  threads: readonly Thread[];
  versions: Versions;
  isConnected: boolean;
  connectionState: State;
  /** How the namespace is doing; null while nobody uses it. */
  status: NamespaceStatus | null;

  /** Open a document until the returned function is called, or another one is opened, or the component is gone. */
  openDocument: (id: string, options?: OpenOptions) => () => void;
  closeDocument: () => void;
  /** @throws {CommandError} and it is gone again */
  annotate: (note: NewAnnotation) => Promise<Annotation>;
  loadVersions: () => Promise<void>;
  loadMoreVersions: () => Promise<void>;
  /** @throws {CommandError} */
  saveVersion: (title: string) => Promise<Version>;
  /** @throws {CommandError} */
  restoreVersion: (id: string) => Promise<Version>;
}

interface Wish {
  id: string;
  layout: number;
}

const NO_COPIES: readonly UnsentCopy[] = [];
const NO_GROUPS: Readonly<Record<string, string>> = {};

/** Connected while the component is mounted. With an id that document is open; `openDocument` opens another one. */
export function useCollaborationWebSocket(
  documentId: string | null = null,
  { layout = 1 }: OpenOptions = {},
): CollaborationResult {
  const coursewire = useCoursewire();
  const service = coursewire.collaboration;
  const { chosen, openDocument, closeDocument } = useChosen();
  const id = chosen === undefined ? documentId : (chosen?.id ?? null);
  const generation = chosen?.layout ?? layout;
  const { store } = service;
  // Only what is shown: who shows a list, or another document, is not drawn again for every change of this one.
  const documentNow = () => (id === null ? null : (store.getSnapshot().documents[id] ?? null));
  const state = useSyncExternalStore(store.subscribe, documentNow, documentNow);
  const copiesNow = () => store.getSnapshot().copies;
  const allCopies = useSyncExternalStore(store.subscribe, copiesNow, copiesNow);
  const connection = useSyncExternalStore(
    coursewire.status.subscribe,
    () => coursewire.status.getSnapshot()["/collaboration"] ?? null,
    () => null,
  );
  useEffect(() => coursewire.use(service), [coursewire, service]);
  useEffect(
    () => (id === null ? undefined : service.openDocument(id, { layout: generation })),
    [service, id, generation],
  );
  const actions = useMemo(
    () =>
      Object.fromEntries(
        ACTIONS.map((name) => [name, (service[name] as () => unknown).bind(service)]),
      ) as unknown as CollaborationActions,
    [service],
  );
  const ofDocument = useMemo(() => actionsOf(service, id), [service, id]);
  const { channels, annotations: written, versions: loaded } = state ?? NOTHING;
  const annotations = useMemo(() => shownAnnotations(written), [written]);
  const threads = useMemo(() => threadsOf(annotations), [annotations]);
  const people = state?.participants;
  const participants = useMemo(() => sortedParticipants(people ?? {}), [people]);
  const audiences = useMemo(() => audiencesOf(id ?? "", channels), [id, channels]);
  const copies = useMemo(
    () => (id === null ? NO_COPIES : allCopies.filter((copy) => copy.documentId === id)),
    [id, allCopies],
  );
  const versions = useMemo(() => {
    const { cursor, ...rest } = loaded;
    return { ...rest, hasMore: cursor !== null };
  }, [loaded]);
  return useMemo(
    () => ({
      ...actions,
      ...ofDocument,
      openDocument,
      closeDocument,
      documentId: id,
      phase: id === null ? "closed" : (state?.phase ?? "loading"),
      error: state?.error ?? null,
      info: state?.info ?? null,
      document: state?.doc ?? null,
      awareness: state?.awareness ?? null,
      html: state?.html ?? null,
      mode: state?.mode ?? null,
      saveState: state?.saveState ?? "saved",
      keeps: state?.keeps ?? true,
      limits: state?.limits ?? null,
      groups: state?.groups ?? NO_GROUPS,
      participants,
      copies,
      audiences,
      annotations,
      threads,
      versions,
      isConnected: isLive(connection?.state ?? "idle"),
      connectionState: connection?.state ?? "idle",
      status: connection,
    }),
    [
      actions,
      ofDocument,
      openDocument,
      closeDocument,
      id,
      state,
      participants,
      copies,
      audiences,
      annotations,
      threads,
      versions,
      connection,
    ],
  );
}

const NOTHING = { channels: [] as readonly string[], annotations: noAnnotations, versions: noVersions };

/** What is done with the document that is open. */
function actionsOf(service: CollaborationWebSocketService, id: string | null) {
  const nothing = async (): Promise<never> => {
    throw new CommandError({ code: "not_found", message: "no document is open", retryable: false });
  };
  if (id === null)
    return {
      annotate: nothing,
      loadVersions: async () => undefined,
      loadMoreVersions: async () => undefined,
      saveVersion: nothing,
      restoreVersion: nothing,
    };
  return {
    annotate: (note: NewAnnotation) => service.annotate(id, note),
    loadVersions: () => service.loadVersions(id),
    loadMoreVersions: () => service.loadMoreVersions(id),
    saveVersion: (title: string) => service.saveVersion(id, title),
    restoreVersion: (version: string) => service.restoreVersion(id, version),
  };
}

/** The document that the component has opened itself; undefined: it has not, null: it has closed it again. */
function useChosen() {
  const [chosen, choose] = useState<Wish | null | undefined>(undefined);
  const last = useRef<object | null>(null);
  const openDocument = useCallback((id: string, { layout = 1 }: OpenOptions = {}) => {
    const mine = {};
    last.current = mine;
    choose({ id, layout });
    return () => {
      if (last.current === mine) choose(null);
    };
  }, []);
  const closeDocument = useCallback(() => {
    last.current = null;
    choose(null);
  }, []);
  return { chosen, openDocument, closeDocument };
}
