/** A document as it is at this page: what an editor is bound to, what the device keeps of it, what is on its way. */

import type { NamedTimers } from "../timers";
import type { CaretNeeds } from "./awareness";
import { Keeping, type Unsent } from "./keeping";
import { Replica } from "./replica";
import { Saving, type SavingLimits, type SavingNeeds } from "./saving";
import type { DeviceStore, KeptContent, KeptDocument } from "./store";

interface Needs extends Pick<CaretNeeds, "send" | "report">, Pick<SavingNeeds, "gap" | "open" | "refused"> {
  timers: NamedTimers;
  store: DeviceStore;
  /** Somebody at this page has written. `adds`: it is more than taking something out. */
  edited: (update: Uint8Array, adds: boolean) => void;
  /** Send one update; resolves once the server has committed it. */
  save: (update: Uint8Array) => Promise<void>;
  saved: () => void;
  /** The device has written something, or could not. */
  kept: () => void;
  /** The device has kept something of which we knew nothing. */
  found: (kept: KeptContent) => void;
}

export class Local {
  readonly #needs: Needs;
  readonly #keeping: Keeping;
  readonly #saving: Saving;
  #replica: Replica;

  constructor(id: string, needs: Needs) {
    this.#needs = needs;
    this.#keeping = new Keeping(id, {
      rows: needs.store,
      timers: needs.timers,
      changed: needs.kept,
      found: needs.found,
    });
    this.#saving = new Saving({
      timers: needs.timers,
      send: needs.save,
      sent: (edits, update) => {
        this.#keeping.sent(edits, update);
        needs.saved();
      },
      merged: (edits, one) => {
        for (const edit of edits) this.#keeping.drop(edit);
        this.#keeping.add(one);
      },
      gap: needs.gap,
      open: needs.open,
      refused: needs.refused,
    });
    this.#replica = this.#make();
  }

  /** Another one after every `startOver`. */
  get replica(): Replica {
    return this.#replica;
  }

  /** Whether the server has all that was written here. */
  get isSaved(): boolean {
    return this.#saving.isEmpty;
  }

  /** Whether what it has not would survive this page. */
  get isKept(): boolean {
    return this.#keeping.isWhole;
  }

  /** Whether the device keeps anything. */
  get keeps(): boolean {
    return this.#keeping.works;
  }

  // What the device keeps

  load(): Promise<KeptContent | null> {
    return this.#keeping.load();
  }

  /**
   * Show what was kept, and send what is unsent of it before all that waits. Only while it is paused.
   * @throws what Yjs throws when it cannot be read
   */
  take({ document, updates }: KeptContent): void {
    const rows = [...updates];
    try {
      for (const [, { bytes }] of rows) this.#replica.applyKept(bytes);
    } catch (error) {
      this.#keeping.unreadable(updates.keys());
      throw error;
    }
    const unsent = rows.filter(([, row]) => row.unsent).map(([key, { bytes }]) => ({ key, bytes }));
    this.#keeping.loaded(
      rows.filter(([, row]) => !row.unsent).map(([key]) => key),
      unsent,
    );
    this.#saving.replace([...unsent, ...this.#saving.waiting]);
    this.#keeping.begin(document, this.#replica.doc, true);
  }

  /** What was kept, as text, if something of it is unsent. @throws what Yjs throws when it cannot be read */
  textOf({ updates }: KeptContent): string | null {
    const rows = [...updates.values()];
    if (!rows.some(({ unsent }) => unsent)) return null;
    const replica = this.#make();
    try {
      for (const { bytes } of rows) replica.applyKept(bytes);
      return replica.text;
    } finally {
      replica.end();
    }
  }

  /** Keep it from now on; null: nothing of it. */
  keep(about: KeptDocument | null): void {
    this.#keeping.begin(about, this.#replica.doc);
  }

  /** Keep nothing of it, and forget what was kept. */
  forget(): void {
    this.#keeping.begin(null, null);
  }

  // What is written here

  add(bytes: Uint8Array): void {
    const edit: Unsent = { bytes, key: null };
    this.#keeping.add(edit);
    this.#saving.add(edit);
  }

  /** What cannot be sent, and waits only to become part of a copy. */
  hold(bytes: Uint8Array): void {
    this.#saving.replace([...this.#saving.waiting, { bytes, key: null }]);
  }

  /** Send all that a state vector lacks, in the place of all that waits. Only while it is paused. */
  sendBeyond(vector: Uint8Array): void {
    for (const one of this.#saving.waiting) this.#keeping.drop(one);
    const rest: Unsent = { bytes: this.#replica.beyond(vector), key: null };
    this.#saving.replace([rest]);
    this.#keeping.add(rest);
  }

  pause(): void {
    this.#saving.pause();
  }

  resume(limits: SavingLimits): void {
    this.#saving.resume(limits);
  }

  /** A new `Y.Doc` with nothing in it. Returns what the old one said, if something of it was not saved. */
  startOver(clientId?: number): string | null {
    const text = this.isSaved ? null : this.#replica.text;
    this.#saving.replace([]);
    this.#keeping.discard();
    this.#replica.end();
    this.#replica = this.#make(clientId);
    return text;
  }

  /** Let go of it; what is unsent stays on the device. */
  async end(): Promise<void> {
    this.#replica.end();
    await this.#keeping.flush();
  }

  #make(clientId?: number): Replica {
    const { timers, send, report, edited } = this.#needs;
    const received = (update: Uint8Array) => this.#keeping.received(update);
    return new Replica({ timers, send, report, edited, received }, clientId);
  }
}
