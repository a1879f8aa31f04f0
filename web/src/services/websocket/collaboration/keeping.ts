/** One document's updates on their way to the device: what is unsent at once, what the server has when there is time. */

import { type Doc, encodeStateAsUpdate, mergeUpdates } from "yjs";
import type { NamedTimers } from "../timers";
import type { KeptContent, KeptDocument, KeptUpdate, Life } from "./store";

/** Updates of others are there again after a reload in any case: they wait for each other. */
const LAZY_MS = 2_000;
/** Rows of a document above which they become one. */
const MOST_ROWS = 500;
/** Bound of what waits to be written: above it they are merged into one. */
const MOST_WAITING = 200;
/** Bound of the edits that the device is given before it has answered; more of them go together when it has. */
const MOST_GIVEN = 100;
/** A device that does not answer in so many turns of so long is not waited for. Turns, as a page that was busy all the
 * while has not heard its answer yet. */
const PATIENT_TURNS = 30;
const TURN_MS = 100;

/** An edit of ours that the server has not committed. */
export interface Unsent {
  bytes: Uint8Array;
  /** Of its row on the device; null while that is not written. */
  key: number | null;
}

/** The part of the store that a document writes to. */
export interface Rows {
  load(id: string): Promise<KeptContent | null>;
  begin(document: KeptDocument): Promise<void>;
  change(life: Life, change: { add: readonly KeptUpdate[]; remove: readonly number[] }): Promise<number[]>;
}

interface Needs {
  rows: Rows;
  timers: NamedTimers;
  /** Something was written, or could not be. */
  changed: () => void;
  /** What the device has kept, told when `load` had given it up. */
  late: (kept: KeptContent) => void;
}

/**
 * Edits of ours are given to the device in the turn in which they are made: they are written though the page should go in
 * the next one. All else is written when there is time, one write after the other. Whatever fails is tried again with the
 * next edit.
 */
export class Keeping {
  /** Whether the last write worked. */
  works = true;
  readonly #needs: Needs;
  readonly #id: string;
  #about: KeptDocument | null = null;
  /** Whether the device knows `#about`. */
  #isWritten = false;
  /** The epoch that the device knows: edits of it can be written. */
  #begun: string | null = null;
  readonly #unsent = new Set<Unsent>();
  /** What of it the device has not, and what of that it has been given. */
  readonly #waiting = new Set<Unsent>();
  readonly #given = new Map<Unsent, Promise<void>>();
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
    return this.#isBegun && this.#waiting.size === 0 && this.#given.size === 0;
  }

  /** Keep this document from now on; null: nothing of it is kept. `isWritten`: the device says so already. */
  begin(about: KeptDocument | null, doc: Doc | null, isWritten = false): void {
    if (about?.epoch !== this.#about?.epoch) this.#rows.clear();
    if (!about) this.#begun = null;
    this.#about = about;
    this.#doc = doc;
    this.#isWritten = isWritten;
    if (about && isWritten) this.#begun = about.epoch;
    if (about && !this.#isBegun) void this.flush();
    else this.#soon();
  }

  /** The document starts over from the server's state: nothing that was kept of it holds. */
  discard(): void {
    for (const key of this.#rows) this.#over.add(key);
    this.#rows.clear();
    for (const { key } of this.#unsent) if (key !== null) this.#over.add(key);
    this.#unsent.clear();
    this.#waiting.clear();
    this.#received = [];
    this.#doc = null;
    this.#soon();
  }

  /** Ours, and not sent. */
  add(unsent: Unsent): void {
    this.#unsent.add(unsent);
    this.#waiting.add(unsent);
    if (this.#isBegun) this.#give();
    else void this.flush();
  }

  /** The server has committed these. */
  sent(these: readonly Unsent[], bytes: Uint8Array): void {
    for (const one of these) this.drop(one);
    this.received(bytes);
  }

  /** Nobody wants this one any more. */
  drop(unsent: Unsent): void {
    this.#unsent.delete(unsent);
    this.#waiting.delete(unsent);
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
    if (this.#hasWork()) {
      this.#writing = this.#answered(this.#write(), () => {
        this.#writing = null;
      });
      await this.#writing;
    }
    this.#give();
    while (this.#given.size > 0) await Promise.all(this.#given.values());
  }

  get #isBegun(): boolean {
    return this.#about !== null && this.#begun === this.#about.epoch;
  }

  async #answered(write: Promise<void>, over: () => void): Promise<void> {
    try {
      await write;
      this.works = true;
    } catch {
      this.works = false; // A private window, a full disk: `changed` shows it, and the next edit tries again.
    }
    over();
    this.#needs.changed();
  }

  #soon(): void {
    if (this.#needs.timers.has("keep")) return;
    this.#needs.timers.set("keep", LAZY_MS, () => void this.flush());
  }

  #hasWork(): boolean {
    if (!this.#about) this.#received = [];
    return this.#over.size > 0 || this.#received.length > 0 || (this.#about !== null && !this.#isWritten);
  }

  /** Give the device what is ours, and is not there. */
  #give(): void {
    const about = this.#about;
    if (!about || !this.#isBegun || this.#waiting.size === 0 || this.#given.size >= MOST_GIVEN) return;
    const edits = [...this.#waiting];
    this.#waiting.clear();
    const written = this.#answered(this.#writeEdits(about, edits), () => {
      for (const edit of edits) this.#given.delete(edit);
      if (this.works) this.#give();
    });
    for (const edit of edits) this.#given.set(edit, written);
  }

  async #writeEdits({ id, epoch }: KeptDocument, edits: readonly Unsent[]): Promise<void> {
    const add = edits.map(({ bytes }) => ({ bytes, unsent: true }));
    try {
      const keys = await this.#needs.rows.change([id, epoch], { add, remove: [] });
      for (const [index, edit] of edits.entries()) {
        edit.key = keys[index] ?? null;
        // The server's answer may have been faster than the disk.
        if (edit.key !== null && !this.#unsent.has(edit)) this.#over.add(edit.key);
      }
    } catch (error) {
      for (const edit of edits) if (this.#unsent.has(edit)) this.#waiting.add(edit);
      throw error;
    }
  }

  async #write(): Promise<void> {
    this.#needs.timers.cancel("keep");
    const { rows } = this.#needs;
    const about = this.#about;
    if (about && !this.#isWritten) {
      await rows.begin(about);
      this.#begun = about.epoch;
      this.#isWritten ||= about === this.#about;
      this.#give();
    }
    const epoch = this.#about?.epoch;
    if (epoch !== about?.epoch) return; // It has begun anew meanwhile: its next write is waiting already.
    const received = this.#received;
    this.#received = [];
    const over = [...this.#over];
    const { add, replaced } = this.#together(received);
    if (add.length + over.length + replaced.length === 0) return;
    try {
      const keys = await rows.change([this.#id, epoch ?? ""], {
        add: add.map((bytes) => ({ bytes, unsent: false })),
        remove: [...over, ...replaced],
      });
      for (const key of over) this.#over.delete(key);
      for (const key of replaced) this.#rows.delete(key);
      if (epoch === this.#about?.epoch) for (const key of keys) this.#rows.add(key);
    } catch (error) {
      if (epoch === this.#about?.epoch) this.#received = [...received, ...this.#received];
      throw error;
    }
  }

  /** Many rows become one: the document as it is now. What is unsent in it keeps its own row. */
  #together(received: readonly Uint8Array[]): { add: Uint8Array[]; replaced: number[] } {
    if (this.#doc && this.#rows.size >= MOST_ROWS)
      return { add: [encodeStateAsUpdate(this.#doc)], replaced: [...this.#rows] };
    const add = received.length > 1 ? [mergeUpdates([...received])] : [...received];
    return { add, replaced: [] };
  }
}
