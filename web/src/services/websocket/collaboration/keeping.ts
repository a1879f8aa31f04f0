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
  begin(
    document: KeptDocument,
    whole: () => Uint8Array,
    goes: (before: KeptContent) => void,
  ): Promise<number | null>;
  change(life: Life, change: { add: readonly KeptUpdate[]; remove: readonly number[] }): Promise<number[]>;
}

interface Needs {
  rows: Rows;
  timers: NamedTimers;
  /** Something was written, or could not be. */
  changed: () => void;
  /** What the device has kept, of which we knew nothing: it was slow, or another tab has written it. */
  found: (kept: KeptContent) => void;
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
  /** Rows that were found late. */
  readonly #told = new Set<number>();
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
        (kept) => kept && this.#found(kept),
        () => undefined,
      );
      return null;
    } finally {
      timers.cancel("load");
    }
  }

  #found(kept: KeptContent): void {
    for (const key of kept.updates.keys()) this.#told.add(key);
    this.#needs.found(kept);
  }

  /** Rows that nobody can read. */
  unreadable(rows: Iterable<number>): void {
    for (const key of rows) this.#over.add(key);
  }

  /** What was read at the start: rows that the server has, and edits that it may not have. */
  loaded(rows: Iterable<number>, unsent: Iterable<Unsent>): void {
    for (const key of rows) this.#rows.add(key);
    for (const one of unsent) this.#unsent.add(one);
  }

  /** Whether everything that is unsent would survive this page, with all that it was written on top of. */
  get isWhole(): boolean {
    const isAllGiven = this.#waiting.size === 0 && this.#received.length === 0;
    return this.#isBegun && isAllGiven && this.#given.size === 0 && this.#writing === null;
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

  /** The document starts over from the server's state: what is unsent goes, and what the server has stays. */
  discard(): void {
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
    this.#give();
    while (this.#writing) await this.#writing;
    if (this.#hasWork()) {
      this.#writing = this.#answered(this.#write(), () => {
        this.#writing = null;
      });
      await this.#writing;
    }
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
    const isNew = this.#about !== null && this.#doc !== null && !this.#isWritten;
    return isNew || this.#over.size > 0 || this.#received.length > 0;
  }

  /** Give the device what is ours, and is not there. */
  #give(): void {
    const about = this.#about;
    if (!about || !this.#isBegun || this.#waiting.size === 0 || this.#given.size >= MOST_GIVEN) return;
    const edits = [...this.#waiting];
    this.#waiting.clear();
    // With what others wrote until now: nobody could read them without.
    const received = this.#received;
    this.#received = [];
    const written = this.#answered(this.#writeEdits(about, edits, received), () => {
      for (const edit of edits) this.#given.delete(edit);
      if (this.works) this.#give();
    });
    for (const edit of edits) this.#given.set(edit, written);
  }

  async #writeEdits(
    { id, epoch }: KeptDocument,
    edits: readonly Unsent[],
    received: readonly Uint8Array[],
  ): Promise<void> {
    const before = merged(received).map((bytes) => ({ bytes, unsent: false }));
    const add = [...before, ...edits.map(({ bytes }) => ({ bytes, unsent: true }))];
    try {
      const keys = await this.#needs.rows.change([id, epoch], { add, remove: [] });
      this.#kept(epoch, keys.slice(0, before.length));
      for (const [index, edit] of edits.entries()) {
        edit.key = keys[before.length + index] ?? null;
        // The server's answer may have been faster than the disk.
        if (edit.key !== null && !this.#unsent.has(edit)) this.#over.add(edit.key);
      }
    } catch (error) {
      for (const edit of edits) if (this.#unsent.has(edit)) this.#waiting.add(edit);
      this.#notKept(epoch, received);
      throw error;
    }
  }

  /** Rows of an epoch are written, with nothing unsent in them. */
  #kept(epoch: string | undefined, keys: readonly number[]): void {
    if (epoch === this.#about?.epoch) for (const key of keys) this.#rows.add(key);
  }

  #notKept(epoch: string | undefined, received: readonly Uint8Array[]): void {
    if (epoch === this.#about?.epoch) this.#received = [...received, ...this.#received];
  }

  async #write(): Promise<void> {
    this.#needs.timers.cancel("keep");
    const { rows } = this.#needs;
    const about = this.#about;
    if (about && !this.#isWritten) await this.#introduce(about);
    // Rows that are over go with what is in their place, never before.
    while (this.#given.size > 0) await Promise.all(this.#given.values());
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
      this.#kept(epoch, keys);
    } catch (error) {
      this.#notKept(epoch, received);
      throw error;
    }
  }

  /** Let the device know the document, with all that is in it by now, unless it knows this life of it already. */
  async #introduce(about: KeptDocument): Promise<void> {
    const doc = this.#doc;
    if (!doc) return;
    const received = this.#received;
    this.#received = [];
    try {
      const key = await this.#needs.rows.begin(
        about,
        () => encodeStateAsUpdate(doc),
        (before) => {
          // Ours is a copy already. A tab that has no connection may have written more into the life that is over.
          const isOurs = (row: number) => this.#over.has(row) || this.#told.has(row);
          if ([...before.updates].some(([row, { unsent }]) => unsent && !isOurs(row))) this.#found(before);
        },
      );
      if (key === null) this.#notKept(about.epoch, received);
      else this.#kept(about.epoch, [key]);
    } catch (error) {
      this.#notKept(about.epoch, received);
      throw error;
    }
    this.#begun = about.epoch;
    this.#isWritten ||= about === this.#about;
    this.#give();
  }

  /** Many rows become one: the document as it is now. What is unsent in it keeps its own row. */
  #together(received: readonly Uint8Array[]): { add: Uint8Array[]; replaced: number[] } {
    if (this.#doc && this.#rows.size >= MOST_ROWS)
      return { add: [encodeStateAsUpdate(this.#doc)], replaced: [...this.#rows] };
    return { add: merged(received), replaced: [] };
  }
}

const merged = (updates: readonly Uint8Array[]): Uint8Array[] =>
  updates.length > 1 ? [mergeUpdates([...updates])] : [...updates];
