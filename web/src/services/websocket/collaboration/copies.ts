/** Edits that could not become part of their document: kept until somebody has copied them out. */

import type { CommandError } from "../errors";
import { newKey } from "../keys";
import type { StateStore } from "../stateStore";
import type { CollaborationState, UnsentCopy } from "./state";
import type { DeviceStore } from "./store";

/** The newest; older ones go, as nobody has looked at them. */
const MOST = 20;

interface Needs {
  store: StateStore<CollaborationState>;
  now: () => number;
  /** Of this document there are more or fewer. */
  changed: (documentId: string) => void;
}

export class Copies {
  readonly #needs: Needs;
  #device: DeviceStore | null = null;
  /** Those that this device could not write down. */
  readonly #unkept = new Set<string>();

  constructor(needs: Needs) {
    this.#needs = needs;
  }

  /** Whether some would be lost with the page. */
  get areUnkept(): boolean {
    return this.#unkept.size > 0;
  }

  has(documentId: string): boolean {
    return this.#all.some((copy) => copy.documentId === documentId);
  }

  /** Somebody is signed in: theirs, from earlier pages. */
  async begin(device: DeviceStore): Promise<void> {
    this.#device = device;
    const kept = await device.copies().catch(() => []);
    if (this.#device !== device) return;
    this.#set([...this.#all, ...kept]);
    for (const { documentId } of kept) this.#needs.changed(documentId);
  }

  end(): void {
    this.#device = null;
    this.#unkept.clear();
    this.#set([]);
  }

  add(copy: Omit<UnsentCopy, "id" | "at">): void {
    const at = this.#needs.now();
    const whole = { ...copy, id: newKey(at), at };
    this.#unkept.add(whole.id);
    this.#device?.addCopy(whole).then(
      () => this.#unkept.delete(whole.id),
      () => undefined,
    );
    this.#set([whole, ...this.#all]);
    this.#needs.changed(whole.documentId);
  }

  discard(id: string): void {
    this.#unkept.delete(id);
    this.#device?.removeCopy(id).catch(() => undefined);
    const gone = this.#all.find((copy) => copy.id === id);
    this.#set(this.#all.filter((copy) => copy !== gone));
    if (gone) this.#needs.changed(gone.documentId);
  }

  get #all(): readonly UnsentCopy[] {
    return this.#needs.store.getSnapshot().copies;
  }

  #set(copies: readonly UnsentCopy[]): void {
    const { store } = this.#needs;
    const newest = [...new Map(copies.map((copy) => [copy.id, copy])).values()].sort((a, b) => b.at - a.at);
    for (const { id } of newest.slice(MOST)) {
      this.#unkept.delete(id);
      this.#device?.removeCopy(id).catch(() => undefined);
    }
    store.set({ ...store.getSnapshot(), copies: newest.slice(0, MOST) });
  }
}

/** Why edits that the server has refused are not in their document. */
export function reasonOf({ code, field }: CommandError): UnsentCopy["reason"] {
  if (code === "too_large") return "too_large";
  return code === "forbidden" && field !== "client_id" ? "mode" : "refused";
}
