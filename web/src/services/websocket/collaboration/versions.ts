/** The versions of a document, loaded when somebody looks at them. */

import type { CollaborationCommands, Version } from "../../../contract";
import { words } from "../errors";
import { newKey } from "../keys";
import { noVersions, type VersionsState } from "./state";

const PAGE = 50;

type List = CollaborationCommands["version.list"];
type Writes = "version.save" | "version.restore";

interface Needs {
  now: () => number;
  /** Null: the document is not open. */
  state: (documentId: string) => VersionsState | null;
  set: (documentId: string, state: VersionsState) => void;
  list: (payload: List["payload"]) => Promise<List["result"]>;
  request: <Name extends Writes>(
    command: Name,
    payload: CollaborationCommands[Name]["payload"],
  ) => Promise<CollaborationCommands[Name]["result"]>;
}

export class Versions {
  readonly #needs: Needs;

  constructor(needs: Needs) {
    this.#needs = needs;
  }

  /** Load the first page, or load it anew. Does not fail: it shows why there is nothing to see. */
  async load(documentId: string): Promise<void> {
    const before = this.#needs.state(documentId);
    if (!before || before.phase === "loading") return;
    if (before.phase !== "ready") this.#patch(documentId, { phase: "loading", error: null });
    try {
      const { items, next_cursor } = await this.#needs.list({
        document_id: documentId,
        limit: PAGE,
      });
      this.#patch(documentId, { items, cursor: next_cursor ?? null, phase: "ready", error: null });
    } catch (error) {
      if (before.phase !== "ready") this.#patch(documentId, { phase: "failed", error: words(error) });
    }
  }

  /** Load the next page. Does not fail: what is here stays. */
  async loadMore(documentId: string): Promise<void> {
    const before = this.#needs.state(documentId);
    if (!before || before.cursor === null || before.loadingMore) return;
    const { cursor } = before;
    this.#patch(documentId, { loadingMore: true });
    try {
      const page = await this.#needs.list({
        document_id: documentId,
        limit: PAGE,
        cursor,
      });
      const { items, cursor: now } = this.#needs.state(documentId) ?? noVersions;
      if (now !== cursor) return; // Loaded anew meanwhile.
      const known = new Set(items.map(({ id }) => id));
      const more = page.items.filter(({ id }) => !known.has(id));
      this.#patch(documentId, { items: [...items, ...more], cursor: page.next_cursor ?? null });
    } catch {
      return;
    } finally {
      this.#patch(documentId, { loadingMore: false });
    }
  }

  /** Give what is there now a name. @throws {CommandError} */
  async save(documentId: string, title: string): Promise<Version> {
    const key = newKey(this.#needs.now());
    const payload = { key, document_id: documentId, title };
    const { version } = await this.#needs.request("version.save", payload);
    this.#arrived(documentId, version);
    return version;
  }

  /** Bring one back, as an edit that everybody gets; what was there is a version, too. @throws {CommandError} */
  async restore(documentId: string, versionId: string): Promise<Version> {
    const key = newKey(this.#needs.now());
    const { before } = await this.#needs.request("version.restore", { key, version_id: versionId });
    this.#arrived(documentId, before);
    return before;
  }

  #arrived(documentId: string, version: Version): void {
    const { items } = this.#needs.state(documentId) ?? noVersions;
    if (items.some(({ id }) => id === version.id)) return;
    this.#patch(documentId, { items: [version, ...items].sort((a, b) => b.number - a.number) });
  }

  #patch(documentId: string, patch: Partial<VersionsState>): void {
    const state = this.#needs.state(documentId);
    if (state) this.#needs.set(documentId, { ...state, ...patch });
  }
}
