/** Keeping order: what people report, and what staff do about it. Nothing of this is shown before the server has done it. */

import type {
  Action,
  AuditEntry,
  Author,
  ChatCommands,
  Message,
  Report,
  ReportReason,
  RoomSummary,
} from "../../../contract";
import { newKey } from "../keys";
import type { StateStore } from "../stateStore";
import type { ChatState } from "./state";
import * as fold from "./state";

type Name = "message.report" | "message.reveal" | "room.moderate";
type Question = "report.list" | "audit.list";

interface Needs {
  store: StateStore<ChatState>;
  now: () => number;
  request: <One extends Name>(
    command: One,
    payload: ChatCommands[One]["payload"],
  ) => Promise<ChatCommands[One]["result"]>;
  read: <One extends Question>(
    question: One,
    payload: ChatCommands[One]["payload"],
  ) => Promise<ChatCommands[One]["result"]>;
}

/** What to do in a room, and to what or whom. */
export interface Measure {
  action: Action;
  messageId?: string;
  userId?: string;
  /** mute: for how long; slow_mode: the wait between two messages, 0 ends it. */
  seconds?: number;
  /** Why; kept in the audit trail. */
  note?: string;
}

export interface PageOf<Item> {
  items: readonly Item[];
  next: string | null;
}

export class Order {
  readonly #needs: Needs;

  constructor(needs: Needs) {
    this.#needs = needs;
  }

  /** @throws {CommandError} */
  async report(message: Message, reason: ReportReason, note: string): Promise<void> {
    await this.#needs.request("message.report", {
      key: newKey(this.#needs.now()),
      message_id: message.id,
      reason,
      ...(note !== "" && { note }),
    });
  }

  /** Who wrote an anonymous message. That we asked is kept in the audit trail. */
  async reveal(message: Message): Promise<Author> {
    const { author } = await this.#needs.request("message.reveal", {
      key: newKey(this.#needs.now()),
      message_id: message.id,
    });
    return author;
  }

  /** @throws {CommandError} */
  async moderate(roomId: string, measure: Measure): Promise<RoomSummary> {
    const { action, messageId, userId, seconds, note } = measure;
    const { room, message } = await this.#needs.request("room.moderate", {
      key: newKey(this.#needs.now()),
      room_id: roomId,
      action,
      ...(messageId !== undefined && { message_id: messageId }),
      ...(userId !== undefined && { user_id: userId }),
      ...(seconds !== undefined && { seconds }),
      ...(note !== undefined && note !== "" && { note }),
    });
    const { store } = this.#needs;
    const state = fold.roomChanged(store.getSnapshot(), room);
    store.set(message ? fold.messageArrived(state, message) : state);
    return room;
  }

  async reports(cursor: string | null, state: "open" | "resolved"): Promise<PageOf<Report>> {
    const page = await this.#needs.read("report.list", { state, ...(cursor !== null && { cursor }) });
    return { items: page.items, next: page.next_cursor ?? null };
  }

  async audit(roomId: string, cursor: string | null): Promise<PageOf<AuditEntry>> {
    const page = await this.#needs.read("audit.list", {
      room_id: roomId,
      ...(cursor !== null && { cursor }),
    });
    return { items: page.items, next: page.next_cursor ?? null };
  }
}
