/** Tells the server how far we have got: what was read at once, what was delivered after a short while. */

import type { Receipt, Unread } from "../../../contract";
import type { StateStore } from "../stateStore";
import type { NamedTimers } from "../timers";
import type { ChatState } from "./state";
import * as fold from "./state";
import type { Told } from "./told";

/** One receipt for a burst of messages. */
const DELIVERED_AFTER_MS = 400;

interface Mark {
  room_id: string;
  read?: string;
  delivered?: string;
}

interface Needs {
  store: StateStore<ChatState>;
  told: Told;
  timers: NamedTimers;
  isConnected: () => boolean;
  mark: (mark: Mark) => Promise<{ receipt: Receipt; unread: Unread }>;
}

export class Receipts {
  readonly #needs: Needs;
  /** Rooms of which it is still to be told: one after the other, for whoever was away may have hundreds. */
  readonly #delivered = new Set<string>();
  #isTelling = false;

  constructor(needs: Needs) {
    this.#needs = needs;
  }

  /** All of a room has been seen, up to its end. Answers in threads are counted with it. */
  read(roomId: string): void {
    const { store, told, isConnected } = this.#needs;
    const { timelines, rooms } = store.getSnapshot();
    const timeline = timelines[roomId];
    const room = rooms[roomId];
    if (!room?.joined || !isConnected() || !timeline || timeline.hasAfter) return;
    const last = timeline.messages.at(-1);
    if (!last) return;
    const known = { readNumber: room.read_number, unread: room.unread };
    if (told.read(roomId, last.number, known))
      void this.#mark({ room_id: roomId, read: last.id, delivered: last.id });
  }

  /** Something has arrived. */
  deliveredSoon(roomId: string): void {
    const { timers } = this.#needs;
    if (timers.has(`delivered:${roomId}`)) return;
    timers.set(`delivered:${roomId}`, DELIVERED_AFTER_MS, () => {
      this.#delivered.add(roomId);
      if (!this.#isTelling) void this.#tellDelivered();
    });
  }

  async #tellDelivered(): Promise<void> {
    const { store, told, isConnected } = this.#needs;
    this.#isTelling = true;
    for (const roomId of this.#delivered) {
      this.#delivered.delete(roomId);
      const last = store.getSnapshot().rooms[roomId]?.last_message;
      if (last && isConnected() && told.delivered(roomId, last.number))
        await this.#mark({ room_id: roomId, delivered: last.id });
    }
    this.#isTelling = false;
  }

  #mark(mark: Mark): Promise<void> {
    const { store, told } = this.#needs;
    return this.#needs.mark(mark).then(
      ({ receipt, unread }) =>
        store.set(fold.unreadChanged(fold.receiptChanged(store.getSnapshot(), receipt), unread)),
      // Not told: the next look at the room tells it.
      () => told.retract(mark.room_id),
    );
  }
}
