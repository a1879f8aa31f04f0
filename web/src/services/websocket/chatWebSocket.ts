/** The `/chat` namespace: its commands as methods, and everything it has said, folded into one state. */

import type {
  AuditEntry,
  Author,
  ChatCommands,
  ChatEvents,
  FoundMessage,
  Member,
  Message,
  Position,
  Presence,
  PresenceStatus,
  Readers,
  Ready,
  Receipt,
  Report,
  ReportReason,
  Room,
  RoomSummary,
  Typing,
  Unread,
  UpdateRoom,
} from "../../contract";
import { GONE, roomChannel, roomOf } from "./chat/channels";
import { folded } from "./chat/events";
import type { Measure, PageOf } from "./chat/order";
import { makeParts } from "./chat/parts";
import type { NewRoom } from "./chat/rooms";
import type { SendOptions } from "./chat/sender";
import { misshapen } from "./chat/shape";
import * as fold from "./chat/state";
import { type ChatState, initialState } from "./chat/state";
import { Told } from "./chat/told";
import { NamespaceService } from "./namespaceService";
import type { Answer, EventMeta, Queued, State } from "./protocol";
import type { ServiceOptions } from "./serviceOptions";
import { StateStore } from "./stateStore";
import { NamedTimers } from "./timers";

/** Commands of an earlier page whose answers carry the message as it is then. */
const CHANGES = new Set<string>(["message.edit", "message.react", "message.pin", "message.delete"]);
/** The server's "nobody types" is ephemeral and may be lost. */
const TYPING_GONE_MS = 8_000;
/** A snapshot that could not be loaded is tried again after this. */
const SNAPSHOT_AGAIN_MS = 3_000;

export class ChatWebSocketService extends NamespaceService<ChatCommands, ChatEvents> {
  /** What is known, for `useSyncExternalStore`. */
  readonly store: StateStore<ChatState>;

  readonly #timers: NamedTimers;
  readonly #parts: ReturnType<typeof makeParts>;
  readonly #told = new Told();
  /** Rooms whose channel we have asked for. */
  readonly #joined = new Set<string>();

  constructor(options: ServiceOptions = {}) {
    super("/chat", options);
    this.store = new StateStore(initialState, this.environment);
    this.#timers = new NamedTimers(this.environment);
    this.#parts = makeParts({
      store: this.store,
      environment: this.environment,
      told: this.#told,
      timers: this.#timers,
      request: (command, payload) => this.request(command, payload),
      isConnected: () => this.isConnected,
      userId: () => this.userId,
      subscriptions: () => this.session?.limits.subscriptions ?? 100,
      listen: (roomId) => this.#listen(roomId),
      forget: (roomId) => {
        if (this.#joined.delete(roomId)) this.leave(roomChannel(roomId));
      },
    });
  }

  get chat(): ChatState {
    return this.store.getSnapshot();
  }

  // Callbacks, for those who keep their own state

  subscribeToMessages(callback: (message: Message) => void, roomId?: string): () => void {
    const mine = (message: Message) => {
      if (roomId === undefined || message.room_id === roomId) callback(message);
    };
    const events = ["message.sent", "message.edited", "message.deleted"] as const;
    const stops = events.map((event) => this.on(event, mine));
    return () => {
      for (const stop of stops) stop();
    };
  }

  subscribeToTyping(callback: (typing: Typing) => void): () => void {
    return this.on("typing.changed", callback);
  }

  subscribeToPresence(callback: (presence: Presence) => void): () => void {
    return this.on("presence.changed", callback);
  }

  subscribeToReceipts(callback: (receipt: Receipt) => void): () => void {
    return this.on("receipt.changed", callback);
  }

  subscribeToUnread(callback: (unread: Unread) => void): () => void {
    return this.on("unread.changed", callback);
  }

  // Rooms

  /** Load the list of rooms and listen to those we are in. */
  loadRooms(): Promise<void> {
    return this.#parts.rooms.load();
  }

  /** Start or find a room; a direct room of the same two people is the same room. */
  createRoom(room: NewRoom): Promise<RoomSummary> {
    return this.#parts.rooms.create(room);
  }

  openDirect(userId: string): Promise<RoomSummary> {
    return this.#parts.rooms.create({ kind: "direct", memberIds: [userId] });
  }

  joinRoom(roomId: string): Promise<void> {
    return this.#parts.rooms.join(roomId);
  }

  leaveRoom(roomId: string): Promise<void> {
    return this.#parts.rooms.leave(roomId);
  }

  /** Change a room's title, whether reading is told, or who is in it. */
  updateRoom(roomId: string, change: Omit<UpdateRoom, "key" | "room_id">): Promise<void> {
    return this.#parts.rooms.update(roomId, change);
  }

  /** Load who is in a room, all pages. */
  loadMembers(roomId: string): Promise<readonly Member[]> {
    return this.#parts.rooms.members(roomId);
  }

  /** Everybody we share a room with, by name: whom one can write to. */
  people(): Promise<Member[]> {
    return this.#parts.rooms.people();
  }

  loadPins(roomId: string): Promise<void> {
    return this.#parts.rooms.pins(roomId);
  }

  // Messages

  /** Load the newest page of a room, once; from then on its messages come by themselves. */
  openRoom(roomId: string): Promise<void> {
    return this.#parts.history.open({ roomId });
  }

  /** Load the answers of a thread, by its first message; from then on they come by themselves. */
  openThread(roomId: string, threadId: string): Promise<void> {
    return this.#parts.history.open({ roomId, threadId });
  }

  loadOlder(roomId: string, threadId?: string): Promise<void> {
    return this.#parts.history.older({ roomId, threadId });
  }

  /** Towards the present again, after `loadAround`. */
  loadNewer(roomId: string, threadId?: string): Promise<void> {
    return this.#parts.history.newer({ roomId, threadId });
  }

  /**
   * Load the stretch of history in which a message stands, unless it is here.
   *
   * @throws {CommandError} `not_found` when it is gone, or not for us
   */
  loadAround(roomId: string, messageId: string, threadId?: string): Promise<Message | undefined> {
    return this.#parts.history.around({ roomId, threadId }, messageId);
  }

  /** Back from the past to the newest page. */
  async loadNewest(roomId: string): Promise<void> {
    await this.#parts.history.newest({ roomId });
  }

  /** Say something. It shows at once, waits for a connection if there is none, and returns its key. */
  sendMessage(roomId: string, text: string, options?: SendOptions): string {
    this.#told.sent(roomId);
    return this.#parts.sender.send(roomId, text, options);
  }

  /** Send a failed message again, with its old key. */
  retryMessage(key: string): void {
    this.#parts.sender.retry(key);
  }

  /** Give up a failed message. */
  discardMessage(key: string): void {
    this.#parts.sender.discard(key);
  }

  /** @throws {EditConflict} when somebody changed it meanwhile; the current message is shown then. */
  editMessage(message: Message, text: string): Promise<void> {
    return this.#parts.changes.edit(message, text);
  }

  deleteMessage(message: Message): Promise<void> {
    return this.#parts.changes.remove(message);
  }

  /** React with an emoji, or take that back. It shows at once. */
  reactToMessage(message: Message, emoji: string, on: boolean): Promise<void> {
    return this.#parts.changes.react(message, emoji, on);
  }

  /** Pin a message, or take the pin off. It shows at once. */
  pinMessage(message: Message, on: boolean): Promise<void> {
    return this.#parts.changes.pin(message, on);
  }

  /** Find messages by their words, in one room or in all; `cursor` of the page before. */
  async searchMessages(query: string, roomId?: string, cursor?: string): Promise<PageOf<FoundMessage>> {
    const where = {
      ...(roomId !== undefined && { room_id: roomId }),
      ...(cursor !== undefined && { cursor }),
    };
    const page = await this.#parts.read("message.search", { query, ...where });
    return { items: page.items, next: page.next_cursor ?? null };
  }

  // Keeping order

  reportMessage(message: Message, reason: ReportReason, note: string): Promise<void> {
    return this.#parts.order.report(message, reason, note);
  }

  /** Who wrote an anonymous message: staff only, and kept in the audit trail. */
  revealAuthor(message: Message): Promise<Author> {
    return this.#parts.order.reveal(message);
  }

  moderateRoom(roomId: string, measure: Measure): Promise<RoomSummary> {
    return this.#parts.order.moderate(roomId, measure);
  }

  listReports(cursor: string | null, state: "open" | "resolved"): Promise<PageOf<Report>> {
    return this.#parts.order.reports(cursor, state);
  }

  listAudit(roomId: string, cursor: string | null): Promise<PageOf<AuditEntry>> {
    return this.#parts.order.audit(roomId, cursor);
  }

  // Who has got how far, who is here

  /** All that is loaded of a room has been seen. */
  markRead(roomId: string): void {
    this.#parts.receipts.read(roomId);
  }

  /** Tell the others that we type, or no longer. Call it at every key stroke. */
  setTyping(roomId: string, active: boolean): void {
    if (!this.#told.typing(roomId, active, this.environment.now())) return;
    this.signal("typing.set", { room_id: roomId, active });
  }

  /** How far one message has got, as its room tells it: names, counts or nothing. */
  readReceipts(messageId: string): Promise<Readers> {
    return this.#parts.read("receipt.read", { message_id: messageId });
  }

  /** @throws {CommandError} */
  async setPresence(status: PresenceStatus): Promise<void> {
    const { presence } = await this.request("presence.set", { status });
    this.#set(fold.presenceChanged(this.chat, presence));
  }

  // What the base class tells

  protected override opened(): void {
    this.#set(initialState);
  }

  protected override closed(): void {
    this.#timers.clear();
    this.#told.forget();
    this.#joined.clear();
    this.#parts.rooms.end();
    this.#set(initialState);
  }

  protected override restored(left: readonly Queued[]): void {
    this.#parts.sender.restore(left);
  }

  protected override settled(queued: Queued, answer: Answer): void {
    this.#parts.sender.settled(queued, answer);
    if (answer.ok && CHANGES.has(queued.command))
      this.#set(fold.messageArrived(this.chat, (answer.data as { message: Message }).message));
  }

  protected override stateChanged(state: State): void {
    if (state !== "reconnecting") return;
    this.#set({ ...this.chat, typing: {} });
    this.#told.forget();
  }

  protected override snapshotNeeded(channel: string, position: Position): void {
    const roomId = roomOf(channel);
    if (roomId === null) {
      // Our own channel tells of rooms and counts: the list has both. Its position was read before the list will be.
      this.snapshotLoaded(channel, position);
      this.#parts.rooms.changed();
    } else void this.#reload(channel, roomId);
  }

  protected override subscribed(channel: string, recovered: boolean): void {
    const roomId = roomOf(channel);
    if (roomId !== null && !recovered) this.#parts.history.heardFromNow(roomId);
  }

  protected override unsubscribed(channel: string, reason: string): void {
    const roomId = roomOf(channel);
    if (roomId === null) return;
    this.#joined.delete(roomId);
    if (!GONE.has(reason)) return;
    this.#set(fold.roomGone(this.chat, roomId));
    // It may still be an open room that one could join again.
    this.#parts.rooms.changed();
  }

  protected override misshapen(event: string, data: unknown): string | null {
    return misshapen(event, data);
  }

  protected override received(event: string, data: unknown, meta: EventMeta): void {
    this.#parts.rooms.hear(event, data);
    this.#set(folded(this.chat, event, data));
    switch (event as keyof ChatEvents) {
      case "session.ready":
        return this.#ready(data as Ready);
      case "message.sent":
        if ((data as Message).author?.user_id !== this.userId)
          this.#parts.receipts.deliveredSoon((data as Message).room_id);
        return;
      case "room.updated":
        // On our own channel it tells of a room that is new to us.
        if (!this.chat.rooms[(data as Room).id]?.joined && !meta.channel.startsWith("room:"))
          this.#parts.rooms.changed();
        return;
      case "typing.changed":
        return this.#typing(data as Typing);
    }
  }

  // Parts

  #set(state: ChatState): void {
    this.store.set(state);
  }

  #ready({ user }: Ready): void {
    const { id, name, avatar_url } = user;
    this.#set({
      ...this.chat,
      me: { user_id: id, name, ...(avatar_url !== undefined && { avatar_url }) },
    });
    if (this.chat.phase !== "ready") void this.loadRooms();
  }

  #listen(roomId: string): void {
    if (this.#joined.has(roomId)) return;
    this.#joined.add(roomId);
    this.join(roomChannel(roomId));
  }

  async #reload(channel: string, roomId: string): Promise<void> {
    try {
      const position = await this.#parts.history.newest({ roomId });
      await this.#parts.history.threadsAgain(roomId);
      if (roomId in this.chat.pins) await this.loadPins(roomId);
      this.snapshotLoaded(channel, position);
    } catch {
      this.#timers.set(`snapshot:${roomId}`, SNAPSHOT_AGAIN_MS, () => void this.#reload(channel, roomId));
    }
  }

  #typing(typing: Typing): void {
    this.#timers.set(`typing:${typing.room_id}`, TYPING_GONE_MS, () =>
      this.#set(fold.typingChanged(this.chat, { room_id: typing.room_id, users: [] })),
    );
  }
}
