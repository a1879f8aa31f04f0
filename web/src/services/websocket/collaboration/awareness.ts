/** Carets: ours told to the server, those of others as the server tells them, with its names and colours. */

import {
  Awareness,
  applyAwarenessUpdate,
  encodeAwarenessUpdate,
  removeAwarenessStates,
} from "y-protocols/awareness";
import type { Doc } from "yjs";
import type { NamedTimers } from "../timers";

/** A caret moves on screens of others five times a second at most. */
const PAUSE_MS = 200;
/** Who has said something: ourselves are "local". */
const SERVER = "server";

interface Changed {
  added: number[];
  updated: number[];
  removed: number[];
}

export interface CaretNeeds {
  timers: NamedTimers;
  send: (awareness: Uint8Array) => void;
  report: (error: unknown) => void;
}

export class Carets {
  readonly awareness: Awareness;
  readonly #needs: CaretNeeds;
  #isOpen = false;
  #mayShow = false;
  #moved = false;

  constructor(doc: Doc, needs: CaretNeeds) {
    this.#needs = needs;
    this.awareness = new Awareness(doc);
    // "update", as "change" keeps quiet about a state that is only said again.
    this.awareness.on("update", this.#changed);
  }

  /** In the document, again or for the first time: who is here, and whether we may show a caret. */
  open(states: Uint8Array, mayShow: boolean): void {
    this.lost();
    this.#isOpen = true;
    this.#mayShow = mayShow;
    this.received(states);
    // A new clock: with the one that others have seen leave, nobody would see us come back.
    this.awareness.setLocalState(this.awareness.getLocalState() ?? {});
  }

  /** A mode without carets takes ours away from the others. */
  allow(mayShow: boolean): void {
    if (mayShow === this.#mayShow) return;
    this.#mayShow = mayShow;
    if (mayShow) return this.#soon();
    this.#needs.timers.cancel("caret");
    if (this.#isOpen) this.#send(null);
  }

  received(states: Uint8Array): void {
    try {
      if (states.length > 0) applyAwarenessUpdate(this.awareness, states, SERVER);
    } catch (error) {
      this.#needs.report(error);
    }
  }

  /** Without a connection nobody knows where the others are. Their clocks go too, or the same caret could not come back. */
  lost(): void {
    this.#isOpen = false;
    this.#needs.timers.cancel("caret");
    const { awareness } = this;
    const others = [...awareness.meta.keys()].filter((client) => client !== awareness.clientID);
    removeAwarenessStates(awareness, others, SERVER);
    for (const client of others) awareness.meta.delete(client);
  }

  destroy(): void {
    this.lost();
    this.awareness.off("update", this.#changed);
    this.awareness.destroy();
  }

  readonly #changed = ({ added, updated, removed }: Changed): void => {
    const own = this.awareness.clientID;
    // Also when somebody else says that we are gone: then it is said again, with a newer clock.
    if ([added, updated, removed].some((clients) => clients.includes(own))) this.#soon();
  };

  #soon(): void {
    if (!this.#isOpen || !this.#mayShow) return;
    const { timers } = this.#needs;
    this.#moved = true;
    if (timers.has("caret")) return;
    this.#show();
  }

  #show(): void {
    if (!this.#moved) return;
    this.#moved = false;
    this.#needs.timers.set("caret", PAUSE_MS, () => this.#show());
    this.#send({ cursor: this.awareness.getLocalState()?.["cursor"] ?? null });
  }

  #send(state: { cursor: unknown } | null): void {
    const own = this.awareness.clientID;
    const states = new Map(state ? [[own, state]] : []);
    this.#needs.send(encodeAwarenessUpdate(this.awareness, [own], states));
  }
}
