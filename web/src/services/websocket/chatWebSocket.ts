/** The `/chat` namespace: its commands as methods, and everything it has said, folded into one state. */

import type {
  ChatCommands,
  ChatEvents,
  Member,
  Message,
  Position,
  Presence,
  PresenceStatus,
  Ready,
  Receipt,
  Room,
  RoomKind,
  RoomSummary,
  Typing,
  Unread,
} from "../../contract";
import { GONE, roomChannel, roomOf } from "./chat/channels";
import { folded } from "./chat/events";
import { Receipts } from "./chat/receipts";
import { Sender } from "./chat/sender";
import { misshapen } from "./chat/shape";
import * as fold from "./chat/state";
import { type ChatState, initialState } from "./chat/state";
import { emptyTimeline, newestLoaded, olderLoaded } from "./chat/timeline";
import { Told } from "./chat/told";
import { CommandError, words } from "./errors";
import { newKey } from "./keys";
import { NamespaceService, type ServiceOptions } from "./namespaceService";
import { allPages } from "./pages";
import type { Answer, EventMeta, Queued, State } from "./protocol";
import { StateStore } from "./stateStore";
import { NamedTimers } from "./timers";

const PAGE = 50;
/** Subscriptions kept free for rooms that are opened later. */
const RESERVED = 10;
/** The server's "nobody types" is ephemeral and may be lost. */
const TYPING_GONE_MS = 8_000;
/** A snapshot that could not be loaded is tried again after this. */
const SNAPSHOT_AGAIN_MS = 3_000;

/** More names than this are of no use in a list. */
const MOST_MEMBERS = 2_000;

export class ChatWebSocketService extends NamespaceService<ChatCommands, ChatEvents> {
  /** What is known, for `useSyncExternalStore`. */
  readonly store: StateStore<ChatState>;

  readonly #timers: NamedTimers;
  readonly #sender: Sender;
  readonly #receipts: Receipts;
  readonly #told = new Told();
  /** Rooms whose channel we have asked for. */
  readonly #joined = new Set<string>();
  #loadingRooms = false;

  constructor(options: ServiceOptions = {}) {
    super("/chat", options);
    this.store = new StateStore(initialState, this.environment);
    this.#timers = new NamedTimers(this.environment);
    this.#receipts = new Receipts({
      store: this.store,
      told: this.#told,
      timers: this.#timers,
      isConnected: () => this.isConnected,
      mark: (mark) => this.request("receipt.mark", mark),
    });
    this.#sender = new Sender(this.store, this.environment.now, (payload) =>
      this.request("message.send", payload),
    );
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
  async loadRooms(): Promise<void> {
    if (this.#loadingRooms) return;
    this.#loadingRooms = true;
    if (this.chat.phase === "failed") this.#set({ ...this.chat, phase: "loading", error: null });
    try {
      const items = await allPages((cursor) => this.request("room.list", cursor));
      this.#set(fold.roomsLoaded(this.chat, items));
      // A person in more rooms than the server allows subscriptions hears of the others when opening them.
      const bound = (this.session?.limits.subscriptions ?? 100) - RESERVED;
      for (const room of items.filter(({ joined }) => joined).slice(0, bound)) this.#listen(room.id);
      for (const room of items) if (room.joined && room.unread > 0) this.#receipts.deliveredSoon(room.id);
    } catch (error) {
      if (this.chat.phase === "loading") this.#set({ ...this.chat, phase: "failed", error: words(error) });
    } finally {
      this.#loadingRooms = false;
    }
  }

  /** Start or find a room; a direct room of the same two people is the same room. */
  async createRoom(room: {
    kind: RoomKind;
    title?: string;
    courseId?: string;
    memberIds: string[];
  }): Promise<RoomSummary> {
    const { room: made } = await this.request("room.open", {
      key: newKey(this.environment.now()),
      kind: room.kind,
      member_ids: room.memberIds,
      ...(room.title !== undefined && { title: room.title }),
      ...(room.courseId !== undefined && { course_id: room.courseId }),
    });
    this.#set(fold.roomLoaded(this.chat, made));
    this.#listen(made.id);
    return made;
  }

  openDirect(userId: string): Promise<RoomSummary> {
    return this.createRoom({ kind: "direct", memberIds: [userId] });
  }

  async joinRoom(roomId: string): Promise<void> {
    const { room } = await this.request("room.join", {
      key: newKey(this.environment.now()),
      room_id: roomId,
    });
    this.#set(fold.roomLoaded(this.chat, room));
    this.#listen(roomId);
  }

  async leaveRoom(roomId: string): Promise<void> {
    const { room } = await this.request("room.leave", {
      key: newKey(this.environment.now()),
      room_id: roomId,
    });
    if (this.#joined.delete(roomId)) this.leave(roomChannel(roomId));
    // An open room can be joined again; a group is gone for whoever leaves it.
    const gone = room.kind === "group" || room.kind === "direct";
    this.#set(gone ? fold.roomGone(this.chat, roomId) : fold.roomLoaded(this.chat, room));
  }

  /** Load who is in a room, all pages. */
  async loadMembers(roomId: string): Promise<readonly Member[]> {
    const items = await allPages(
      (cursor) => this.request("room.members", { room_id: roomId, limit: 200, ...cursor }),
      MOST_MEMBERS,
    );
    this.#set(fold.membersLoaded(this.chat, roomId, items));
    return items;
  }

  /** Everybody we share a room with, by name: whom one can write to. */
  async people(): Promise<Member[]> {
    const rooms = Object.values(this.chat.rooms).filter((room) => room.joined && room.kind !== "direct");
    const pages = await Promise.all(rooms.map((room) => this.loadMembers(room.id).catch(() => [])));
    const found = new Map(pages.flat().map((member) => [member.user_id, member]));
    if (this.userId !== null) found.delete(this.userId);
    return [...found.values()].sort((a, b) => a.name.localeCompare(b.name));
  }

  // Messages

  /** Load the newest page of a room, once; from then on its messages come by themselves. */
  async openRoom(roomId: string): Promise<void> {
    const timeline = this.chat.timelines[roomId];
    if (timeline && timeline.phase !== "failed") return;
    this.#set(fold.withTimeline(this.chat, roomId, emptyTimeline));
    // The subscription leaves first: a message sent in between is in the page, in the events, or in both.
    this.#listen(roomId);
    try {
      const page = await this.request("history.read", { room_id: roomId, limit: PAGE });
      const loading = this.chat.timelines[roomId] ?? emptyTimeline;
      this.#set(fold.withTimeline(this.chat, roomId, newestLoaded(loading, page)));
    } catch (error) {
      this.#set(fold.patchTimeline(this.chat, roomId, { phase: "failed", error: words(error) }));
    }
  }

  async loadOlder(roomId: string): Promise<void> {
    const timeline = this.chat.timelines[roomId];
    const first = timeline?.messages[0];
    if (!timeline || !first || !timeline.hasBefore || timeline.loadingBefore) return;
    this.#set(fold.patchTimeline(this.chat, roomId, { loadingBefore: true }));
    try {
      const page = await this.request("history.read", { room_id: roomId, before: first.id, limit: PAGE });
      const now = this.chat.timelines[roomId];
      if (now) this.#set(fold.withTimeline(this.chat, roomId, olderLoaded(now, page)));
    } catch {
      this.#set(fold.patchTimeline(this.chat, roomId, { loadingBefore: false }));
    }
  }

  /** Say something. It shows at once, waits for a connection if there is none, and returns its key. */
  sendMessage(roomId: string, text: string): string {
    this.#told.sent(roomId);
    return this.#sender.send(roomId, text);
  }

  /** Send a failed message again, with its old key. */
  retryMessage(key: string): void {
    this.#sender.retry(key);
  }

  /** Give up a failed message. */
  discardMessage(key: string): void {
    this.#sender.discard(key);
  }

  /** @throws {CommandError} `conflict` when somebody changed it meanwhile; the current message is shown then. */
  async editMessage(message: Message, text: string): Promise<void> {
    const { id, version } = message;
    await this.#change("message.edit", {
      key: newKey(this.environment.now()),
      message_id: id,
      text,
      version,
    });
  }

  /** @throws {CommandError} */
  async deleteMessage(message: Message): Promise<void> {
    await this.#change("message.delete", { key: newKey(this.environment.now()), message_id: message.id });
  }

  // Who has got how far, who is here

  /** All that is loaded of a room has been seen. */
  markRead(roomId: string): void {
    this.#receipts.read(roomId);
  }

  /** Tell the others that we type, or no longer. Call it at every key stroke. */
  setTyping(roomId: string, active: boolean): void {
    if (!this.#told.typing(roomId, active, this.environment.now())) return;
    this.signal("typing.set", { room_id: roomId, active });
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
    this.#loadingRooms = false;
    this.#set(initialState);
  }

  protected override restored(left: readonly Queued[]): void {
    this.#sender.restore(left);
  }

  protected override settled(queued: Queued, answer: Answer): void {
    this.#sender.settled(queued, answer);
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
      void this.loadRooms();
      return;
    }
    void this.#reload(channel, roomId);
  }

  protected override unsubscribed(channel: string, reason: string): void {
    const roomId = roomOf(channel);
    if (roomId === null) return;
    this.#joined.delete(roomId);
    if (!GONE.has(reason)) return;
    this.#set(fold.roomGone(this.chat, roomId));
    // It may still be an open room that one could join again.
    void this.loadRooms();
  }

  protected override misshapen(event: string, data: unknown): string | null {
    return misshapen(event, data);
  }

  protected override received(event: string, data: unknown, meta: EventMeta): void {
    this.#set(folded(this.chat, event, data));
    switch (event as keyof ChatEvents) {
      case "session.ready":
        return this.#ready(data as Ready);
      case "message.sent":
        if ((data as Message).author?.user_id !== this.userId)
          this.#receipts.deliveredSoon((data as Message).room_id);
        return;
      case "room.updated":
        // On our own channel it tells of a room that is new to us.
        if (!this.chat.rooms[(data as Room).id]?.joined && !meta.channel.startsWith("room:"))
          void this.loadRooms();
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
      const page = await this.request("history.read", { room_id: roomId, limit: PAGE });
      const timeline = this.chat.timelines[roomId];
      if (timeline) this.#set(fold.withTimeline(this.chat, roomId, newestLoaded(timeline, page)));
      const last = page.items.at(-1);
      if (last) this.#set(fold.messageArrived(this.chat, last));
      this.snapshotLoaded(channel, page.position);
    } catch {
      this.#timers.set(`snapshot:${roomId}`, SNAPSHOT_AGAIN_MS, () => void this.#reload(channel, roomId));
    }
  }

  async #change<Name extends "message.edit" | "message.delete">(
    command: Name,
    payload: ChatCommands[Name]["payload"],
  ): Promise<void> {
    try {
      const { message } = await this.request(command, payload);
      this.#set(fold.messageArrived(this.chat, message));
    } catch (error) {
      const current = error instanceof CommandError ? error.details?.["message"] : undefined;
      if (current) this.#set(fold.messageArrived(this.chat, current as Message));
      throw error;
    }
  }

  #typing(typing: Typing): void {
    this.#timers.set(`typing:${typing.room_id}`, TYPING_GONE_MS, () =>
      this.#set(fold.typingChanged(this.chat, { room_id: typing.room_id, users: [] })),
    );
  }
}
