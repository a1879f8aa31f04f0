/** The `/collaboration` namespace: documents that are open, kept equal to the server's, and what is written beside them. */

import {
  type Annotation,
  type AnnotationTargetInput,
  type ChangedDocument,
  type CollaborationCommands,
  type CollaborationEvents,
  type Comparison,
  type CourseOfDocuments,
  type CreateDocument,
  collaborationEvents,
  type DocumentInfo,
  type DocumentKind,
  type DocumentPage,
  type Participant,
  type Position,
  type Template,
  type Version,
  type VersionContent,
} from "../../contract";
import { Annotating, type AnnotationEdit, type NewAnnotation } from "./collaboration/annotating";
import { Copies } from "./collaboration/copies";
import { Courses } from "./collaboration/courses";
import { Documents } from "./collaboration/documents";
import { documentOf, misshapen } from "./collaboration/events";
import { type CollaborationState, type DocumentState, initialState } from "./collaboration/state";
import { DeviceStore } from "./collaboration/store";
import { Versions } from "./collaboration/versions";
import { newKey } from "./keys";
import { NamespaceService } from "./namespaceService";
import type { Answer, EventMeta, Queued } from "./protocol";
import { untilHeard } from "./reading";
import type { ServiceOptions } from "./serviceOptions";
import { StateStore } from "./stateStore";

/** The field of each event that travels beside its data. */
const ATTACHMENTS = Object.fromEntries(
  Object.entries(collaborationEvents).flatMap(([name, event]) =>
    "attachment" in event ? [[name, event.attachment]] : [],
  ),
);
/** How long signing out waits for edits that are under way. */
const LAST_EDITS_MS = 2_000;

export interface OpenOptions {
  /** Which generation of elements the editor knows; with an older one than the document's it gets HTML to show. */
  layout?: number;
}

export class CollaborationWebSocketService extends NamespaceService<
  CollaborationCommands,
  CollaborationEvents
> {
  /** What is known, for `useSyncExternalStore`. */
  readonly store: StateStore<CollaborationState>;

  readonly #documents: Documents;
  readonly #annotating: Annotating;
  readonly #versions: Versions;
  readonly #copies: Copies;
  readonly #courses: Courses;
  #device: DeviceStore | null = null;
  /** Commands of an earlier page that are not answered yet. */
  #left: readonly Queued[] = [];
  #stopAsking: (() => void) | null = null;

  constructor(options: ServiceOptions = {}) {
    super("/collaboration", options);
    const { environment } = this;
    this.store = new StateStore(initialState, environment);
    this.#copies = new Copies({
      store: this.store,
      now: environment.now,
      changed: (id) => this.#documents.refresh(id),
    });
    this.#courses = new Courses(environment);
    this.#documents = new Documents({
      store: this.store,
      environment,
      copies: this.#copies,
      isConnected: () => this.isConnected,
      request: (command, payload) => this.request(command, payload),
      listAnnotations: (payload) => this.request("annotation.list", payload),
      signal: (command, payload) => this.signal(command, payload),
      join: (channel) => this.join(channel),
      leave: (channel) => this.leave(channel),
      shown: () => this.#annotating.restore(this.#left),
    });
    this.#annotating = new Annotating({
      now: environment.now,
      author: () => ({ id: this.userId ?? "", name: this.session?.user.name ?? "" }),
      state: (id) => this.document(id)?.annotations ?? null,
      set: (id, annotations) => this.#documents.patch(id, { annotations }),
      find: (id) => this.#annotation(id),
      request: (command, payload) => this.request(command, payload),
    });
    this.#versions = new Versions({
      now: environment.now,
      state: (id) => this.document(id)?.versions ?? null,
      set: (id, versions) => this.#documents.patch(id, { versions }),
      list: (payload) => this.#ask("version.list", payload),
      request: (command, payload) => this.request(command, payload),
    });
  }

  /** A document that is open, or null. */
  document(id: string): DocumentState | null {
    return this.#documents.get(id);
  }

  /** Whether something is not on the server: the browser then asks before the page is left. */
  get isUnsaved(): boolean {
    return !this.#isAllSent || this.#copies.areUnkept;
  }

  // Callbacks, for those who keep their own state

  /** Whatever is written beside a document that is open, changed or taken back (`state` is then `deleted`). */
  subscribeToAnnotations(callback: (annotation: Annotation) => void): () => void {
    const events = ["annotation.created", "annotation.updated", "annotation.deleted"] as const;
    const stops = events.map((event) => this.on(event, callback));
    return () => {
      for (const stop of stops) stop();
    };
  }

  /** A document that one may open has another title, whether it is open or not. */
  subscribeToDocuments(callback: (changed: ChangedDocument) => void): () => void {
    return this.on("document.changed", callback);
  }

  /**
   * There may be other documents in a course, one may do something else in one, or one was edited or has another number of
   * open threads: `listDocuments` says. Also after the connection was lost. Within a second, once for all that has changed
   * meanwhile.
   */
  subscribeToCourse(courseId: string, callback: () => void): () => void {
    return this.#courses.follow(courseId, callback);
  }

  /** Who comes and goes. */
  subscribeToParticipants(callback: (participant: Participant, documentId: string) => void): () => void {
    return this.on("session.changed", (participant, { channel }) =>
      callback(participant, documentOf(channel, participant) ?? ""),
    );
  }

  // Documents

  /**
   * Open a document and keep it open until the returned function is called by everyone who uses it. It is closed once
   * nothing of it is unsaved, or this device keeps what is.
   */
  openDocument(id: string, { layout = 1 }: OpenOptions = {}): () => void {
    return this.#documents.use(id, layout);
  }

  /** The documents of a course that one may open. @throws {CommandError} */
  async listDocuments(
    courseId: string,
    { kind, cursor }: { kind?: DocumentKind; cursor?: string } = {},
  ): Promise<DocumentPage> {
    const filter = { ...(kind && { kind }), ...(cursor !== undefined && { cursor }) };
    return this.#ask("document.list", { course_id: courseId, ...filter });
  }

  /** What a new document of a course can begin with. @throws {CommandError} */
  async listTemplates(courseId: string): Promise<Template[]> {
    return (await this.#ask("document.templates", { course_id: courseId })).items;
  }

  /** Make a document; its template is written into it by the server. @throws {CommandError} */
  async createDocument(wish: Omit<CreateDocument, "key">): Promise<DocumentInfo> {
    const key = newKey(this.environment.now());
    return (await this.request("document.create", { key, ...wish })).document;
  }

  /** Forget edits that could not become part of their document. */
  discardCopy(id: string): void {
    this.#copies.discard(id);
  }

  /**
   * Delete what this device keeps of somebody's documents, when they sign out: others may use this browser next. Waits
   * 2 s at the most for edits that are under way, and does not fail; what is unsaved after that is lost.
   */
  async forgetDevice(userId: string): Promise<void> {
    const isHere = this.userId === userId;
    if (isHere && this.isConnected && !this.#isAllSent) await this.#whenSent(LAST_EDITS_MS);
    const device = isHere ? this.#device : null;
    await (device ?? new DeviceStore(this.environment.databases, userId)).forget().catch(() => undefined);
  }

  // Annotations. All of it shows at once, waits for a connection, and is taken back when refused.

  /** @throws {CommandError} and it is gone again */
  annotate(documentId: string, note: NewAnnotation): Promise<Annotation> {
    return this.#annotating.annotate(documentId, note);
  }

  /** @throws {CommandError} and it is gone again */
  async reply(parentId: string, body: string): Promise<Annotation> {
    return this.#annotating.reply(parentId, body);
  }

  /** @throws {AnnotationConflict} when somebody changed the same meanwhile @throws {CommandError} */
  async editAnnotation(id: string, edit: AnnotationEdit): Promise<Annotation> {
    return this.#annotating.edit(id, edit);
  }

  /** Say that a thread is done with, or that it is not. @throws {CommandError} */
  async resolve(id: string, on = true): Promise<Annotation> {
    return this.#annotating.resolve(id, on);
  }

  /** Say where it stands now; null: nobody finds it. @throws {CommandError} */
  async reanchor(id: string, target: AnnotationTargetInput | null): Promise<Annotation> {
    return this.#annotating.reanchor(id, target);
  }

  /** @throws {CommandError} and it is there again */
  async remove(id: string): Promise<void> {
    return this.#annotating.remove(id);
  }

  // Versions

  /** Load the first page, or load it anew. Does not fail: the state says why there is nothing. */
  loadVersions(documentId: string): Promise<void> {
    return this.#versions.load(documentId);
  }

  loadMoreVersions(documentId: string): Promise<void> {
    return this.#versions.loadMore(documentId);
  }

  /** @throws {CommandError} */
  readVersion(id: string): Promise<VersionContent> {
    return this.#ask("version.read", { version_id: id });
  }

  /** What has changed between two versions, or since one, and who did it. @throws {CommandError} */
  compareVersions(id: string, withId?: string): Promise<Comparison> {
    return this.#ask("version.compare", { version_id: id, ...(withId !== undefined && { with_id: withId }) });
  }

  /** @throws {CommandError} */
  saveVersion(documentId: string, title: string): Promise<Version> {
    return this.#versions.save(documentId, title);
  }

  /** Returns the version that keeps what was there before. @throws {CommandError} */
  restoreVersion(documentId: string, versionId: string): Promise<Version> {
    return this.#versions.restore(documentId, versionId);
  }

  // What the base class tells

  protected override get attachments(): Readonly<Record<string, string>> {
    return ATTACHMENTS;
  }

  protected override opened(): void {
    const device = new DeviceStore(this.environment.databases, this.userId ?? "");
    this.#device = device;
    this.#stopAsking = this.environment.onLeaving(() => this.isUnsaved);
    void this.#copies.begin(device);
    this.#documents.begin(device);
  }

  protected override closed(): void {
    this.#stopAsking?.();
    this.#left = [];
    const device = this.#device;
    this.#device = null;
    this.#copies.end();
    this.#courses.end();
    void this.#documents.end().then(() => device?.close());
  }

  protected override restored(left: readonly Queued[]): void {
    this.#left = [...this.#left, ...left];
    this.#annotating.restore(left);
  }

  protected override settled(queued: Queued, answer: Answer): void {
    this.#left = this.#left.filter(({ ref }) => ref !== queued.ref);
    this.#annotating.settled(queued, answer);
  }

  protected override stateChanged(): void {
    if (this.isConnected) return;
    this.#documents.lost();
    if (this.session) this.#courses.lost();
  }

  protected override snapshotNeeded(channel: string, position: Position): void {
    this.#documents.missed(channel);
    // The answer of `document.open` brings the positions of a document's own channels.
    if (documentOf(channel, null) === null) this.snapshotLoaded(channel, position);
  }

  protected override subscribed(channel: string): void {
    this.#documents.subscribed(channel);
  }

  protected override unsubscribed(channel: string): void {
    this.#documents.unsubscribed(channel);
  }

  protected override misshapen(event: string, data: unknown): string | null {
    return misshapen(event, data);
  }

  protected override received(event: string, data: unknown, meta: EventMeta): void {
    if (event === "documents.changed") {
      const { course_id } = data as CourseOfDocuments;
      this.#courses.changed(course_id);
      return this.#documents.courseChanged(course_id);
    }
    if (event === "documents.edited") return this.#courses.changed((data as CourseOfDocuments).course_id);
    if (event !== "session.ready") return this.#documents.received(event, data, meta);
    this.#documents.connected();
    this.#courses.connected();
  }

  // Parts

  get #isAllSent(): boolean {
    return this.#documents.all.every(({ saveState }) => saveState === "saved" || saveState === "refused");
  }

  #whenSent(ms: number): Promise<void> {
    return new Promise((done) => {
      const end = () => {
        this.environment.clearTimer(timer);
        stop();
        done();
      };
      const timer = this.environment.setTimer(end, ms);
      const stop = this.store.subscribe(() => {
        if (this.#isAllSent) end();
      });
    });
  }

  #annotation(id: string): Annotation | null {
    for (const { annotations } of this.#documents.all) {
      const found = annotations.items[id];
      if (found) return found;
    }
    return null;
  }

  /** What changes nothing is asked again when the connection was lost. */
  #ask<Name extends keyof CollaborationCommands & string>(
    command: Name,
    payload: CollaborationCommands[Name]["payload"],
  ): Promise<CollaborationCommands[Name]["result"]> {
    return untilHeard(
      () => this.userId,
      () => this.request(command, payload),
    );
  }
}
