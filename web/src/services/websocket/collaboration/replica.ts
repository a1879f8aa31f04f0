/** A `Y.Doc` with its carets: ours of a document, bound to an editor, and thrown away as a whole when it is not right. */

import {
  applyUpdate,
  Doc,
  decodeStateVector,
  encodeStateAsUpdate,
  encodeStateVector,
  parseUpdateMeta,
} from "yjs";
import { type CaretNeeds, Carets } from "./awareness";
import { ROOT, textOf } from "./text";

/** Where an update comes from; every other origin is somebody at this page. */
const SERVER = "server";
const DEVICE = "device";

interface Needs extends CaretNeeds {
  /** Somebody at this page has written. `adds`: it is more than taking something out. */
  edited: (update: Uint8Array, adds: boolean) => void;
  /** The server has sent something that was not there before. */
  received: (update: Uint8Array) => void;
}

export class Replica {
  readonly doc = new Doc();
  readonly carets: Carets;
  readonly #needs: Needs;

  constructor(needs: Needs, clientId?: number) {
    this.#needs = needs;
    if (clientId !== undefined) this.doc.clientID = clientId;
    this.doc.on("update", this.#updated);
    this.carets = new Carets(this.doc, needs);
  }

  get vector(): Uint8Array {
    return encodeStateVector(this.doc);
  }

  get text(): string {
    return textOf(this.doc.getXmlFragment(ROOT)).text;
  }

  /** Whether something waits for what should have come before it. */
  get hasGap(): boolean {
    const { pendingStructs, pendingDs } = this.doc.store;
    return pendingStructs !== null || pendingDs !== null;
  }

  /** Take what the server says; the same again changes nothing. */
  apply(update: Uint8Array): void {
    if (update.length > 0) applyUpdate(this.doc, update, SERVER);
  }

  /** Take what this device has kept. */
  applyKept(update: Uint8Array): void {
    applyUpdate(this.doc, update, DEVICE);
  }

  /** Whether there is text here that a state vector lacks. */
  isAheadOf(vector: Uint8Array): boolean {
    const theirs = decodeStateVector(vector);
    return [...decodeStateVector(this.vector)].some(([client, clock]) => clock > (theirs.get(client) ?? 0));
  }

  /** All that a state vector lacks; every deletion is in it, as vectors know nothing of them. */
  beyond(vector: Uint8Array): Uint8Array {
    return encodeStateAsUpdate(this.doc, vector);
  }

  /** Let go of it; an editor that is still bound to it writes to nobody. */
  end(): void {
    this.doc.off("update", this.#updated);
    this.carets.destroy();
  }

  readonly #updated = (update: Uint8Array, origin: unknown): void => {
    if (origin === SERVER) this.#needs.received(update);
    else if (origin !== DEVICE) this.#needs.edited(update, parseUpdateMeta(update).to.size > 0);
  };
}
