/** One document over every connection: kept equal to the server's, and to what this device keeps of it. */

import type {
  DocumentInfo,
  DocumentLimits,
  DocumentMode,
  DocumentOpened,
  DocumentUpdate,
} from "../../../contract";
import { CommandError, words } from "../errors";
import { NamedTimers } from "../timers";
import { reasonOf } from "./copies";
import { Local } from "./local";
import { AGAIN_MS, LET_IN_MS, MOST_FAILURES, ROOM_MS } from "./patience";
import { type DocumentState, type Phase, phaseOf, type SaveState, type UnsentCopy } from "./state";
import type { KeptContent } from "./store";
import type { Surroundings } from "./surroundings";

/** What is too large is then the number of open documents: of this page's channels, or of one person's. */
const TOO_MANY: ReadonlySet<string | undefined> = new Set(["channel", "document_id"]);
const TOO_MANY_OPEN =
  "Too many documents are open, here or in your other tabs. Close one, and this one opens.";

export class DocumentProvider {
  readonly #id: string;
  readonly #layout: number;
  readonly #needs: Surroundings;
  readonly #timers: NamedTimers;
  readonly #here: Local;
  #epoch: string | null = null;
  #mode: DocumentMode | null = null;
  #info: DocumentInfo | null = null;
  #limits: DocumentLimits | null = null;
  #phase: "new" | Phase | "gone" | "ended" = "new";
  /** Identifies the `open` under way. */
  #opening: object | null = null;
  #isOpen = false;
  #sequence = 0;
  #failures = 0;

  constructor(id: string, layout: number, needs: Surroundings) {
    this.#id = id;
    this.#layout = layout;
    this.#needs = needs;
    this.#timers = new NamedTimers(needs.environment);
    this.#here = new Local(id, {
      timers: this.#timers,
      store: needs.store,
      report: needs.environment.report,
      send: (awareness) => needs.showCaret({ document_id: id, awareness }),
      edited: (update, adds) => this.#edited(update, adds),
      save: (update) => this.#save(update),
      saved: () => {
        this.#failures = 0;
        this.#tell();
      },
      kept: this.show,
      found: (kept) => this.#found(kept),
      gap: () => void this.#fillGap(),
      open: () => this.#openAnew(),
      refused: (error) => this.#refused(error),
    });
  }

  get saveState(): SaveState {
    if (this.#here.isSaved) return this.#needs.hasCopies() ? "refused" : "saved";
    if (this.#needs.isConnected()) return "saving";
    if (this.#here.isKept) return "kept";
    return this.#here.keeps ? "keeping" : "offline";
  }

  /** Whether the server has been asked to let us in: its answer will be newer than all that it has said before. */
  get isOpening(): boolean {
    return this.#opening !== null;
  }

  /** Whether the server has said that it is not ours to see. */
  get isShut(): boolean {
    return this.#phase === "gone";
  }

  /** Show what this device has kept, then ask the server. */
  async start(): Promise<void> {
    const kept = await this.#here.load();
    if (this.#phase !== "new") return;
    this.#phase = "loading";
    if (kept && kept.document.layout <= this.#layout) this.#takeKept(kept);
    await this.open();
  }

  /** Go in, after every connect and whenever something was missed: the server answers with what we lack. */
  async open(): Promise<void> {
    if (this.#phase === "new" || this.#phase === "ended" || !this.#needs.isConnected()) return;
    this.#pause();
    this.#timers.cancel("open");
    const opening = {};
    this.#opening = opening;
    try {
      const answer = await this.#needs.request("document.open", {
        document_id: this.#id,
        client_id: this.#here.replica.doc.clientID,
        layout: this.#layout,
        state_vector: this.#here.replica.vector,
        ...(this.#epoch !== null && { epoch: this.#epoch }),
      });
      if (opening === this.#opening) this.#opened(answer);
    } catch (error) {
      // Null: it was answered, and the answer could not be read.
      if (opening === this.#opening || this.#opening === null) this.#notOpened(error);
    }
  }

  /** The server does not know us here; several times in a row something else is wrong. */
  #openAnew(): void {
    this.#failures += 1;
    void (this.#failures > MOST_FAILURES ? this.#again("refused") : this.open());
  }

  /** The connection is gone. */
  lost(): void {
    this.#pause();
    this.#here.replica.carets.lost();
    this.#tell();
  }

  /** Let go of everything; what is unsent stays on the device. */
  async end(): Promise<void> {
    this.#pause();
    this.#phase = "ended";
    await this.#here.end();
    this.#timers.clear();
  }

  readonly show = (): void => this.#tell();

  // What the server says

  /** Without bytes it was taken back. */
  updated({ update }: Partial<DocumentUpdate>): void {
    if (this.#epoch === null || this.#phase !== "ready" || !update) return;
    this.#here.replica.apply(update);
    if (this.#isOpen && this.#here.replica.hasGap) void this.#catchUp();
  }

  caretsMoved(states: Uint8Array): void {
    if (this.#isOpen) this.#here.replica.carets.received(states);
  }

  /** It has another title, or one may do something else; null: nothing any more. */
  changed({ mode, title }: { mode?: DocumentMode | null; title?: string }): void {
    if (mode === null) return this.#gone("You cannot see this document any more.");
    if (this.#phase === "gone") return void this.open(); // Whoever may not see it is told nothing of it.
    if (this.#phase !== "ready") return;
    if (mode) this.#modeIs(mode);
    if (title !== undefined && this.#info) this.#info = { ...this.#info, title };
    this.#keep();
    this.#tell();
  }

  /** The document has begun anew: edits of its new life must not come into the old one. */
  reset(epoch: string): void {
    if (epoch === this.#epoch) return;
    this.#pause();
    this.#phase = "loading";
    this.#tell();
    void this.open();
  }

  // Opening

  #takeKept(kept: KeptContent): void {
    try {
      this.#here.take(kept);
    } catch (error) {
      // The server has all of it but the unsent, which nobody can read any more.
      this.#needs.environment.report(error);
      return this.#startOver(null);
    }
    const { epoch, info, mode } = kept.document;
    this.#epoch = epoch;
    this.#info = info;
    this.#modeIs(mode);
    this.#ready();
  }

  /** The device has kept something of which we knew nothing: it joins what is here, or is a copy where it has no place. */
  #found(kept: KeptContent): void {
    if (this.#phase === "ended" || kept.document.layout > this.#layout) return;
    const { epoch, info } = kept.document;
    const isOver = this.#epoch !== null && this.#epoch !== epoch;
    try {
      if (this.#phase === "gone" || isOver) {
        const text = this.#here.textOf(kept);
        const reason = isOver ? "epoch" : "gone";
        if (text !== null) this.#needs.copied({ documentId: this.#id, title: info.title, reason, text });
        return;
      }
      this.#pause();
      if (this.#epoch === null) this.#takeKept(kept);
      else this.#here.take(kept);
    } catch (error) {
      this.#needs.environment.report(error);
    }
    void this.open();
  }

  #opened(answer: DocumentOpened): void {
    const { document, epoch, mode } = answer;
    if (this.#epoch !== null && this.#epoch !== epoch)
      this.#startOver("epoch", this.#here.replica.doc.clientID);
    this.#info = document;
    this.#limits = answer.limits;
    if (answer.html !== undefined) return this.#tooOld(answer, answer.html);
    this.#here.replica.apply(answer.update);
    this.#epoch = epoch;
    this.#opening = null;
    this.#isOpen = true;
    this.#modeIs(mode);
    this.#keep(answer.layout);
    this.#here.replica.carets.open(answer.awareness, mode !== "view");
    this.#needs.opened(answer);
    this.#ready();
    if (mode !== "edit" && !this.#here.isSaved) return this.#again("mode");
    if (this.#here.isSaved && mode === "edit" && this.#here.replica.isAheadOf(answer.state_vector))
      this.#here.sendBeyond(answer.state_vector); // Of a page that could not write its edits down in time.
    this.#resume();
  }

  /** One that does not know all of the elements would take them out for everybody: it gets no document. */
  #tooOld(answer: DocumentOpened, html: string): void {
    this.#startOver("refused");
    this.#modeIs(answer.mode);
    this.#isOpen = true;
    this.#phase = "ready";
    this.#needs.opened(answer);
    this.#tell({ html, doc: null, awareness: null, error: null });
  }

  #notOpened(error: unknown): void {
    this.#opening = null;
    if (this.#phase === "ended") return;
    const failure = error instanceof CommandError ? error : null;
    if (!failure) this.#needs.environment.report(error);
    if (!failure || failure.retryable) {
      if (this.#needs.isConnected()) this.#timers.set("open", AGAIN_MS, () => void this.open());
    } else if (failure.field === "client_id") {
      this.#again("refused");
    } else if (failure.code === "not_found" || failure.code === "forbidden") {
      this.#gone(words(failure));
    } else if (failure.code === "too_large" && TOO_MANY.has(failure.field)) {
      this.#phase = "failed";
      this.#tell({ error: TOO_MANY_OPEN });
      this.#timers.set("open", ROOM_MS, () => void this.open());
    } else {
      this.#phase = "failed";
      this.#tell({ error: words(failure) });
    }
  }

  /** It is not ours to see any more. */
  #gone(reason: string): void {
    if (this.#phase !== "gone") {
      this.#startOver("gone");
      this.#here.forget();
      this.#needs.store.remove(this.#id).catch(() => undefined);
    }
    this.#phase = "gone";
    this.#tell({ error: reason, html: null });
    this.#timers.set("open", LET_IN_MS, () => void this.open());
  }

  // Editing

  #edited(bytes: Uint8Array, adds: boolean): void {
    if (this.#mode === "edit") {
      this.#here.add(bytes);
      this.#tell();
    } else if (adds) {
      // Yjs itself takes out marks that say nothing, whenever others write: that is no edit. All else is one too many.
      queueMicrotask(() => {
        if (this.#phase !== "ready" || this.#mode === "edit") return;
        this.#here.hold(bytes);
        this.#again("mode");
      });
    }
  }

  async #save(update: Uint8Array): Promise<void> {
    this.#sequence += 1;
    await this.#needs.request("document.update", {
      document_id: this.#id,
      epoch: this.#epoch ?? "",
      sequence: this.#sequence,
      update,
    });
  }

  #refused(error: CommandError): void {
    if (error.code !== "not_found") return this.#again(reasonOf(error));
    this.#gone(words(error));
  }

  /** The document as the server has it, and a copy of what it will not have. */
  #again(reason: UnsentCopy["reason"]): void {
    this.#failures += 1;
    this.#startOver(reason);
    if (this.#failures <= MOST_FAILURES) return void this.open();
    this.#phase = "failed";
    this.#tell({ error: "The server refuses what you write again and again. Reload the page." });
  }

  /** A new `Y.Doc`; edits that wait become a copy. Another client id, unless the document itself is another. */
  #startOver(reason: UnsentCopy["reason"] | null, clientId?: number): void {
    this.#pause();
    const text = this.#here.startOver(clientId);
    this.#epoch = null;
    this.#phase = "loading";
    this.#tell({ doc: null, awareness: null });
    if (reason === null || text === null) return;
    this.#needs.copied({ documentId: this.#id, title: this.#info?.title ?? "", reason, text });
  }

  // Gaps

  /** We lack something that came before what we heard: ask for it. Returns what the server has. */
  async #catchUp(): Promise<Uint8Array | null> {
    const replica = this.#here.replica;
    try {
      const { update, state_vector } = await this.#needs.request("document.sync", {
        document_id: this.#id,
        epoch: this.#epoch ?? "",
        state_vector: replica.vector,
      });
      if (replica !== this.#here.replica || !this.#isOpen) return null;
      replica.apply(update);
      return state_vector;
    } catch {
      if (replica === this.#here.replica && this.#isOpen) void this.open();
      return null;
    }
  }

  /** The server lacks something that came before what we sent: it gets all that we have and it has not. */
  async #fillGap(): Promise<void> {
    this.#failures += 1;
    if (this.#failures > MOST_FAILURES) return this.#again("refused");
    const vector = await this.#catchUp();
    if (!vector) return;
    this.#here.sendBeyond(vector);
    this.#resume();
  }

  // Parts

  #pause(): void {
    this.#opening = null;
    this.#isOpen = false;
    this.#here.pause();
  }

  #resume(): void {
    const { update_bytes: bytes, updates_per_second: perSecond } = this.#limits ?? {};
    this.#here.resume({ bytes, perSecond });
    this.#tell();
  }

  #modeIs(mode: DocumentMode): void {
    this.#mode = mode;
    this.#here.replica.carets.allow(mode !== "view");
  }

  #ready(): void {
    this.#phase = "ready";
    const { doc, carets } = this.#here.replica;
    const isPage = this.#info?.kind === "page";
    const shown = isPage ? { doc: null, awareness: null } : { doc, awareness: carets.awareness };
    this.#tell({ ...shown, html: null, error: null });
  }

  #keep(layout = this.#layout): void {
    const [epoch, mode, info] = [this.#epoch, this.#mode, this.#info];
    if (epoch === null || mode === null || info === null) return;
    const kept = { id: this.#id, epoch, layout, mode, info, at: this.#needs.environment.now() };
    this.#here.keep(info.kind === "page" ? null : kept);
  }

  #tell(patch: Partial<DocumentState> = {}): void {
    if (this.#phase === "ended") return;
    this.#needs.changed({
      phase: phaseOf(this.#phase),
      info: this.#info,
      mode: this.#mode,
      limits: this.#limits,
      saveState: this.saveState,
      keeps: this.#here.keeps,
      ...patch,
    });
  }
}
