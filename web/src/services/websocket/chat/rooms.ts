/** The rooms: which there are, who is in them, coming, going and what they are called. */

import type { ChatCommands, Member, RoomKind, RoomSummary, UpdateRoom } from "../../../contract";
import { words } from "../errors";
import { newKey } from "../keys";
import { allPages } from "../pages";
import type { StateStore } from "../stateStore";
import { folded } from "./events";
import type { ChatState } from "./state";
import * as fold from "./state";
import { othersByName, sharedRooms } from "./view";

/** Subscriptions kept free for rooms that are opened later. */
const RESERVED = 10;
/** More names than this are of no use in a list. */
const MOST_MEMBERS = 2_000;
/** Rooms that are asked at a time for who is in them: with hundreds, whatever is said meanwhile would wait behind them. */
const ASKED_AT_ONCE = 4;
/** Events kept while the list is under way; above this it is asked for once more instead. */
const MOST_HEARD = 1_000;

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

/** A list under way. */
interface Loading {
  done: Promise<void>;
  /** What was said since it was asked for: its pages may be older. */
  heard: { event: string; data: unknown }[];
  /** It is too old before it is here. */
  isOld: boolean;
}

export class Rooms {
  readonly #needs: Needs;
  #loading: Loading | null = null;

  constructor(needs: Needs) {
    this.#needs = needs;
  }

  /** Load the list, if it is not under way, and listen to the rooms that we are in. */
  load(): Promise<void> {
    if (this.#loading) return this.#loading.done;
    const loading: Loading = { done: Promise.resolve(), heard: [], isOld: false };
    this.#loading = loading;
    loading.done = this.#load(loading);
    return loading.done;
  }

  /** The list has changed: one that is under way may be of before that, and is loaded once more. */
  changed(): void {
    if (this.#loading) this.#loading.isOld = true;
    else void this.load();
  }

  /** Something was said. */
  hear(event: string, data: unknown): void {
    if (!this.#loading) return;
    const { heard } = this.#loading;
    heard.push({ event, data });
    if (heard.length <= MOST_HEARD) return;
    heard.length = 0;
    this.#loading.isOld = true;
  }

  /** We have left: what is under way is nobody's. */
  end(): void {
    this.#loading = null;
  }

  async #load(loading: Loading): Promise<void> {
    if (this.#state.phase === "failed") this.#set({ ...this.#state, phase: "loading", error: null });
    try {
      do {
        loading.isOld = false;
        loading.heard.length = 0;
        const items = await this.#list();
        if (this.#loading !== loading) return;
        this.#loaded(items, loading);
      } while (loading.isOld);
    } catch (error) {
      if (this.#loading === loading && this.#state.phase === "loading")
        this.#set({ ...this.#state, phase: "failed", error: words(error) });
    } finally {
      if (this.#loading === loading) this.#loading = null;
    }
  }

  async #list(): Promise<RoomSummary[]> {
    let pages = 0;
    const read = (cursor: { cursor?: string }) => {
      pages += 1;
      return this.#needs.read("room.list", cursor);
    };
    const items = await allPages(read);
    if (pages === 1) return items;
    // The one that moved last comes first: what moved from a page that was to come is on none that was read.
    const { items: moved } = await read({});
    const ids = new Set(moved.map(({ id }) => id));
    return [...moved, ...items.filter(({ id }) => !ids.has(id))];
  }

  #loaded(items: readonly RoomSummary[], { heard }: Loading): void {
    const { listen, delivered, subscriptions } = this.#needs;
    const loaded = fold.roomsLoaded(this.#state, items);
    // Only the rooms: all else has heard it when it was said.
    const { rooms } = heard.reduce((state, { event, data }) => folded(state, event, data), loaded);
    this.#set({ ...loaded, rooms });
    // A person in more rooms than the server allows subscriptions hears of the others when opening them.
    const bound = subscriptions() - RESERVED;
    for (const room of items.filter(({ joined }) => joined).slice(0, bound)) listen(room.id);
    for (const room of items) if (room.joined && room.unread > 0) delivered(room.id);
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
    const rooms = sharedRooms(this.#state).values();
    const found: Member[] = [];
    const askInTurn = async (): Promise<void> => {
      for (const { id } of rooms) found.push(...(await this.members(id).catch(() => [])));
    };
    await Promise.all(Array.from({ length: ASKED_AT_ONCE }, askInTurn));
    return othersByName(found, this.#state.me);
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
