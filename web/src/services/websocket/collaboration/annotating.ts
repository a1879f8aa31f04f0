/** What one can do with annotations: shown at once, asked under one key, taken back when refused. */

import type {
  Annotation,
  AnnotationTargetInput,
  CollaborationCommands,
  CreateAnnotation,
  Motivation,
  UpdateAnnotation,
} from "../../../contract";
import { CommandError } from "../errors";
import { newKey } from "../keys";
import type { Answer, Queued } from "../protocol";
import {
  AnnotationConflict,
  type AnnotationsState,
  annotationArrived,
  annotationGone,
  changeOf,
  type PendingAnnotation,
  pendingBegun,
  pendingSettled,
  placeHolder,
} from "./annotations";

type Writes =
  | "annotation.create"
  | "annotation.update"
  | "annotation.delete"
  | "annotation.resolve"
  | "annotation.reanchor";

export interface NewAnnotation {
  target: AnnotationTargetInput;
  /** Empty only of a highlight. */
  body?: string;
  motivation?: Motivation;
  /** `course`, `staff`, `private` or `group:<id>`. */
  visibility?: string;
  tags?: string[];
}

export type AnnotationEdit = Pick<UpdateAnnotation, "body" | "motivation" | "visibility" | "tags">;

interface Needs {
  now: () => number;
  /** Who we are. */
  author: () => { id: string; name: string };
  /** The state of an open document; null: it is not open. */
  state: (documentId: string) => AnnotationsState | null;
  set: (documentId: string, state: AnnotationsState) => void;
  /** Of all that are open, the document that has this annotation. */
  find: (annotationId: string) => Annotation | null;
  request: <Name extends Writes>(
    command: Name,
    payload: CollaborationCommands[Name]["payload"],
  ) => Promise<CollaborationCommands[Name]["result"]>;
}

export class Annotating {
  readonly #needs: Needs;

  constructor(needs: Needs) {
    this.#needs = needs;
  }

  /** @throws {CommandError} and it is gone again */
  annotate(documentId: string, note: NewAnnotation): Promise<Annotation> {
    return this.#create({ key: this.#key(), document_id: documentId, ...note });
  }

  /** Its audience is that of the thread. @throws {CommandError} and it is gone again */
  reply(parentId: string, body: string): Promise<Annotation> {
    const parent = this.#known(parentId);
    const thread = parent.parent_id === undefined ? parent : this.#known(parent.parent_id);
    return this.#create({
      key: this.#key(),
      document_id: thread.document_id,
      parent_id: thread.id,
      body,
      visibility: thread.visibility,
    });
  }

  /**
   * Change what is given; changes of other fields that others make at the same time stay.
   *
   * @throws {AnnotationConflict} when somebody changed the same
   * @throws {CommandError}
   */
  async edit(id: string, edit: AnnotationEdit): Promise<Annotation> {
    const { document_id, revision } = this.#known(id);
    const key = this.#key();
    const fields = changeOf(edit);
    try {
      return await this.#show(document_id, { kind: "change", key, id, fields }, () =>
        this.#needs.request("annotation.update", {
          key,
          annotation_id: id,
          base_revision: revision,
          ...edit,
        }),
      );
    } catch (error) {
      throw this.#conflict(id, error);
    }
  }

  /** @throws {CommandError} */
  resolve(id: string, on = true): Promise<Annotation> {
    const { document_id, revision } = this.#known(id);
    const key = this.#key();
    const at = new Date(this.#needs.now()).toISOString();
    const fields = on ? { resolved_by: this.#needs.author().id, resolved_at: at } : { resolved: false };
    return this.#show(document_id, { kind: "change", key, id, fields }, () =>
      this.#needs.request("annotation.resolve", { key, annotation_id: id, base_revision: revision, on }),
    );
  }

  /** Say where it stands now; null: nobody finds it. @throws {CommandError} */
  reanchor(id: string, target: AnnotationTargetInput | null): Promise<Annotation> {
    const { document_id, revision } = this.#known(id);
    const key = this.#key();
    const quote = target && { prefix: "", suffix: "", ...target.quote };
    const fields = target && quote ? { target: { ...target, quote }, orphaned: false } : { orphaned: true };
    return this.#show(document_id, { kind: "change", key, id, fields }, () =>
      this.#needs.request("annotation.reanchor", {
        key,
        annotation_id: id,
        base_revision: revision,
        ...(target && { target }),
      }),
    );
  }

  /** It wins over every change made at the same time. @throws {CommandError} and it is there again */
  async remove(id: string): Promise<void> {
    const { document_id } = this.#known(id);
    const key = this.#key();
    await this.#show(document_id, { kind: "remove", key, id }, () =>
      this.#needs.request("annotation.delete", { key, annotation_id: id }),
    );
  }

  /** Show again, in a document that was opened, what waits since an earlier page or since it was closed. */
  restore(left: readonly Queued[]): void {
    for (const { command, payload } of left) {
      if (command !== "annotation.create") continue;
      const create = payload as unknown as CreateAnnotation;
      this.#begin(create.document_id, this.#holder(create));
    }
  }

  /** One of those was answered. */
  settled({ command, payload }: Queued, answer: Answer): void {
    if (!command.startsWith("annotation.")) return;
    const { annotation } = (answer.ok ? answer.data : {}) as { annotation?: Annotation };
    const documentId = annotation?.document_id ?? String(payload["document_id"]);
    this.#settle(documentId, String(payload["key"]), annotation);
  }

  #create(payload: CreateAnnotation): Promise<Annotation> {
    return this.#show(payload.document_id, this.#holder(payload), () =>
      this.#needs.request("annotation.create", payload),
    );
  }

  async #show(
    documentId: string,
    pending: PendingAnnotation,
    ask: () => Promise<{ annotation: Annotation }>,
  ): Promise<Annotation> {
    this.#begin(documentId, pending);
    try {
      const { annotation } = await ask();
      this.#settle(documentId, pending.key, annotation);
      return annotation;
    } catch (error) {
      this.#settle(documentId, pending.key);
      throw error;
    }
  }

  #begin(documentId: string, pending: PendingAnnotation): void {
    const state = this.#needs.state(documentId);
    if (state) this.#needs.set(documentId, pendingBegun(state, pending));
  }

  #settle(documentId: string, key: string, annotation?: Annotation): void {
    const state = this.#needs.state(documentId);
    if (!state) return;
    const after = annotation
      ? (annotation.state === "deleted" ? annotationGone : annotationArrived)(state, annotation)
      : state;
    this.#needs.set(documentId, pendingSettled(after, key));
  }

  #holder(payload: CreateAnnotation): PendingAnnotation {
    const at = new Date(this.#needs.now()).toISOString();
    const annotation = placeHolder(payload, this.#needs.author(), at);
    return { kind: "create", key: payload.key, annotation };
  }

  #conflict(id: string, error: unknown): unknown {
    const details = error instanceof CommandError && error.code === "conflict" ? error.details : undefined;
    const annotation = this.#needs.find(id);
    if (!details || !annotation || !("yours" in details) || !("theirs" in details)) return error;
    return new AnnotationConflict(details as Pick<AnnotationConflict, "yours" | "theirs">, annotation);
  }

  #known(id: string): Annotation {
    const annotation = this.#needs.find(id);
    if (annotation) return annotation;
    throw new CommandError({ code: "not_found", message: "this annotation is not here", retryable: false });
  }

  #key(): string {
    return newKey(this.#needs.now());
  }
}
