/** One document's updates on their way to the device: what is unsent at once, what the server has when there is time. */

import { type Doc, encodeStateAsUpdate, mergeUpdates } from "yjs";
import type { NamedTimers } from "../timers";
import type { KeptContent, KeptDocument, KeptUpdate } from "./store";

/** Updates of others are there again after a reload in any case: they wait for each other. */
const LAZY_MS = 2_000;
/** Rows of a document above which they become one. */
const MOST_ROWS = 500;
/** Bound of what waits to be written: above it they are merged into one. */
const MOST_WAITING = 200;
/** A device that does not answer in so many turns of so long is not waited for. Turns, as a page that was busy all the
 * while has not heard its answer yet. */
const PATIENT_TURNS = 30;
const TURN_MS = 100;

/** An edit of ours that the server has not committed. */
export interface Unsent {
  bytes: Uint8Array;
  /** Of its row on the device; null while it is not written. */
  key: number | null;
}

/** The part of the store that a document writes to. */
export interface Rows {
  load(id: string): Promise<KeptContent | null>;
  begin(document: KeptDocument): Promise<void>;
  change(id: string, change: { add: readonly KeptUpdate[]; remove: readonly number[] }): Promise<number[]>;
}

interface Needs {
  rows: Rows;
  timers: NamedTimers;
  /** Something was written, or could not be. */
  changed: () => void;
  /** What the device has kept, told when `load` had given it up. */
  late: (kept: KeptContent) => void;
}

/** Writes one after the other; what comes meanwhile goes together. Whatever fails is tried again with the next edit. */
export class Keeping {
  /** Whether the last write worked. */
  works = true;
  readonly #needs: Needs;
  readonly #id: string;
  #about: KeptDocument | null = null;
  #isBegun = false;
  readonly #unsent = new Set<Unsent>();
  #received: Uint8Array[] = [];
  /** Keys of rows that the server has by now, or that nobody wants any more. */
  readonly #over = new Set<number>();
  /** Rows with nothing unsent in them. */
  readonly #rows = new Set<number>();
  #doc: Doc | null = null;
  #writing: Promise<void> | null = null;

  constructor(id: string, needs: Needs) {
    this.#id = id;
    this.#needs = needs;
  }

  /** What this device has kept; null: nothing, or it does not say yet. Before anything else is written it does. */
  async load(): Promise<KeptContent | null> {
    const { rows, timers } = this.#needs;
    const answer = rows.load(this.#id);
    try {
      const late = new Promise<never>((_resolve, reject) => {
        const wait = (turns: number): void => {
          if (turns === 0) reject(new Error("this device does not answer"));
          else timers.set("load", TURN_MS, () => wait(turns - 1));
        };
        wait(PATIENT_TURNS);
      });
      return await Promise.race([answer, late]);
    } catch {
      this.works = false;
      answer.then(
        (kept) => kept && this.#needs.late(kept),
        () => undefined,
      );
      return null;
    } finally {
      timers.cancel("load");
    }
  }

  /** What was read at the start: rows that the server has, and edits that it may not have. */
  loaded(rows: Iterable<number>, unsent: Iterable<Unsent>): void {
    for (const key of rows) this.#rows.add(key);
    for (const one of unsent) this.#unsent.add(one);
  }

  /** Whether everything that is unsent would survive this page. */
  get isWhole(): boolean {
    return this.#about !== null && this.#isBegun && [...this.#unsent].every(({ key }) => key !== null);
  }

  /** Keep this document from now on; null: nothing of it is kept. `isWritten`: the device says so already. */
  begin(about: KeptDocument | null, doc: Doc | null, isWritten = false): void {
    if (about?.epoch !== this.#about?.epoch) this.#rows.clear();
    this.#about = about;
    this.#doc = doc;
    this.#isBegun = isWritten;
    this.#soon();
  }

  /** The document starts over from the server's state: nothing that was kept of it holds. */
  discard(): void {
    for (const key of this.#rows) this.#over.add(key);
    this.#rows.clear();
    for (const { key } of this.#unsent) if (key !== null) this.#over.add(key);
    this.#unsent.clear();
    this.#received = [];
    this.#doc = null;
    this.#soon();
  }

  /** Ours, and not sent: written at once. */
  add(unsent: Unsent): void {
    this.#unsent.add(unsent);
    void this.flush();
  }

  /** The server has committed these. */
  sent(these: readonly Unsent[], bytes: Uint8Array): void {
    for (const one of these) this.drop(one);
    this.received(bytes);
  }

  /** Nobody wants this one any more. */
  drop(unsent: Unsent): void {
    this.#unsent.delete(unsent);
    if (unsent.key !== null) this.#over.add(unsent.key);
    this.#soon();
  }

  /** Something that the server has. */
  received(bytes: Uint8Array): void {
    this.#received.push(bytes);
    if (this.#received.length > MOST_WAITING) this.#received = [mergeUpdates(this.#received)];
    this.#soon();
  }

  /** Write all that waits. */
  async flush(): Promise<void> {
    while (this.#writing) await this.#writing;
    if (!this.#hasWork()) return;
    this.#writing = this.#write()
      .then(
        () => {
          this.works = true;
        },
        () => {
          this.works = false; // A private window, a full disk: `changed` shows it, and the next edit tries again.
        },
      )
      .finally(() => {
        this.#writing = null;
        this.#needs.changed();
      });
    await this.#writing;
  }

  #soon(): void {
    if (this.#needs.timers.has("keep")) return;
    this.#needs.timers.set("keep", LAZY_MS, () => void this.flush());
  }

  #hasWork(): boolean {
    if (!this.#about) {
      this.#received = [];
      return this.#over.size > 0;
    }
    const waiting = [...this.#unsent].some(({ key }) => key === null);
    return waiting || !this.#isBegun || this.#received.length > 0 || this.#over.size > 0;
  }

  async #write(): Promise<void> {
    this.#needs.timers.cancel("keep");
    const { rows } = this.#needs;
    if (this.#about && !this.#isBegun) {
      const about = this.#about;
      await rows.begin(about);
      if (about === this.#about) this.#isBegun = true;
    }
    const unsent = [...this.#unsent].filter(({ key }) => key === null);
    const received = this.#received;
    this.#received = [];
    const over = [...this.#over];
    const { add, replaced } = this.#together(received);
    try {
      const keys = await rows.change(this.#id, {
        add: [
          ...add.map((bytes) => ({ bytes, unsent: false })),
          ...unsent.map(({ bytes }) => ({ bytes, unsent: true })),
        ],
        remove: [...over, ...replaced],
      });
      for (const key of over) this.#over.delete(key);
      for (const key of replaced) this.#rows.delete(key);
      for (const key of keys.slice(0, add.length)) this.#rows.add(key);
      for (const [index, one] of unsent.entries()) this.#written(one, keys[add.length + index]);
    } catch (error) {
      this.#received = [...received, ...this.#received];
      throw error;
    }
  }

  #written(unsent: Unsent, key: number | undefined): void {
    unsent.key = key ?? null;
    // The server's answer may have been faster than the disk.
    if (key !== undefined && !this.#unsent.has(unsent)) this.#over.add(key);
  }

  /** Many rows become one: the document as it is now. What is unsent in it keeps its own row. */
  #together(received: readonly Uint8Array[]): { add: Uint8Array[]; replaced: number[] } {
    if (this.#doc && this.#rows.size >= MOST_ROWS)
      return { add: [encodeStateAsUpdate(this.#doc)], replaced: [...this.#rows] };
    const add = received.length > 1 ? [mergeUpdates([...received])] : [...received];
    return { add, replaced: [] };
  }
}
