/** The rooms: which there are, who is in them, coming, going and what they are called. */

import type { ChatCommands, Member, RoomKind, RoomSummary, UpdateRoom } from "../../../contract";
import { words } from "../errors";
import { newKey } from "../keys";
import { allPages } from "../pages";
import type { StateStore } from "../stateStore";
import type { ChatState } from "./state";
import * as fold from "./state";

/** Subscriptions kept free for rooms that are opened later. */
const RESERVED = 10;
/** More names than this are of no use in a list. */
const MOST_MEMBERS = 2_000;

type Name = "room.open" | "room.join" | "room.leave" | "room.update";
type Question = "room.list" | "room.members" | "room.pins";

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
  /** How many channels the server lets us have. */
  subscriptions: () => number;
  listen: (roomId: string) => void;
  forget: (roomId: string) => void;
  /** This room has messages that we have not had. */
  delivered: (roomId: string) => void;
}

export interface NewRoom {
  kind: RoomKind;
  title?: string;
  courseId?: string;
  memberIds: string[];
}

export class Rooms {
  readonly #needs: Needs;
  #loading = false;

  constructor(needs: Needs) {
    this.#needs = needs;
  }

  /** Load the list and listen to the rooms that we are in. */
  async load(): Promise<void> {
    if (this.#loading) return;
    this.#loading = true;
    const { read, listen, delivered, subscriptions } = this.#needs;
    if (this.#state.phase === "failed") this.#set({ ...this.#state, phase: "loading", error: null });
    try {
      const items = await allPages((cursor) => read("room.list", cursor));
      this.#set(fold.roomsLoaded(this.#state, items));
      // A person in more rooms than the server allows subscriptions hears of the others when opening them.
      const bound = subscriptions() - RESERVED;
      for (const room of items.filter(({ joined }) => joined).slice(0, bound)) listen(room.id);
      for (const room of items) if (room.joined && room.unread > 0) delivered(room.id);
    } catch (error) {
      if (this.#state.phase === "loading")
        this.#set({ ...this.#state, phase: "failed", error: words(error) });
    } finally {
      this.#loading = false;
    }
  }

  async create({ kind, title, courseId, memberIds }: NewRoom): Promise<RoomSummary> {
    const { room } = await this.#needs.request("room.open", {
      key: this.#key(),
      kind,
      member_ids: memberIds,
      ...(title !== undefined && { title }),
      ...(courseId !== undefined && { course_id: courseId }),
    });
    this.#set(fold.roomLoaded(this.#state, room));
    this.#needs.listen(room.id);
    return room;
  }

  async join(roomId: string): Promise<void> {
    const { room } = await this.#needs.request("room.join", { key: this.#key(), room_id: roomId });
    this.#set(fold.roomLoaded(this.#state, room));
    this.#needs.listen(roomId);
  }

  async leave(roomId: string): Promise<void> {
    const { room } = await this.#needs.request("room.leave", { key: this.#key(), room_id: roomId });
    this.#needs.forget(roomId);
    // An open room can be joined again; a group is gone for whoever leaves it.
    const gone = room.kind === "group" || room.kind === "direct";
    this.#set(gone ? fold.roomGone(this.#state, roomId) : fold.roomLoaded(this.#state, room));
  }

  async update(roomId: string, change: Omit<UpdateRoom, "key" | "room_id">): Promise<void> {
    const { room } = await this.#needs.request("room.update", {
      key: this.#key(),
      room_id: roomId,
      ...change,
    });
    this.#set(fold.roomLoaded(this.#state, room));
  }

  /** Load who is in a room, all pages. */
  async members(roomId: string): Promise<readonly Member[]> {
    const items = await allPages(
      (cursor) => this.#needs.read("room.members", { room_id: roomId, limit: 200, ...cursor }),
      MOST_MEMBERS,
    );
    this.#set(fold.membersLoaded(this.#state, roomId, items));
    return items;
  }

  /** Everybody we share a room with, by name: whom one can write to. */
  async people(): Promise<Member[]> {
    const rooms = Object.values(this.#state.rooms).filter((room) => room.joined && room.kind !== "direct");
    const pages = await Promise.all(rooms.map((room) => this.members(room.id).catch(() => [])));
    const found = new Map(pages.flat().map((member) => [member.user_id, member]));
    const { me } = this.#state;
    if (me) found.delete(me.user_id);
    return [...found.values()].sort((a, b) => a.name.localeCompare(b.name));
  }

  async pins(roomId: string): Promise<void> {
    const { items, own } = await this.#needs.read("room.pins", { room_id: roomId });
    this.#set(fold.ownFound(fold.pinsLoaded(this.#state, roomId, items), own));
  }

  get #state(): ChatState {
    return this.#needs.store.getSnapshot();
  }

  #set(state: ChatState): void {
    this.#needs.store.set(state);
  }

  #key(): string {
    return newKey(this.#needs.now());
  }
}
