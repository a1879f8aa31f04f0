/** Loads what was said: the newest, what came before and after, the place of one message, and the answers of a thread. */

import type { Message, History as Page, Position, ReadHistory } from "../../../contract";
import { words } from "../errors";
import type { StateStore } from "../stateStore";
import type { ChatState } from "./state";
import * as fold from "./state";
import * as timelines from "./timeline";
import { emptyTimeline, type Timeline } from "./timeline";

/** What fills a screen at first; further on there is more to come, and the way is long. */
const FIRST_PAGE = 50;
const FURTHER_PAGE = 100;

interface Needs {
  store: StateStore<ChatState>;
  read: (payload: ReadHistory) => Promise<Page>;
  /** Subscribe to a room's channel, if that is not done. */
  listen: (roomId: string) => void;
}

/** Where a timeline lies in the state: a room, or one of its threads. */
interface Place {
  roomId: string;
  threadId?: string | undefined;
}

export class History {
  readonly #needs: Needs;

  constructor(needs: Needs) {
    this.#needs = needs;
  }

  /** Load the newest page of a room or a thread, once; from then on its messages come by themselves. */
  async open(place: Place): Promise<void> {
    const timeline = this.#get(place);
    if (timeline && timeline.phase !== "failed") return;
    this.#put(place, emptyTimeline);
    // The subscription leaves first: a message sent in between is in the page, in the events, or in both.
    this.#needs.listen(place.roomId);
    try {
      const page = await this.#read(place, {});
      const now = this.#get(place) ?? emptyTimeline;
      // Somebody has gone to a message in the past meanwhile: there they stay.
      if (now.hasAfter)
        this.#put(place, { ...now, newest: Math.max(now.newest, page.items.at(-1)?.number ?? 0) });
      else this.#put(place, timelines.newestLoaded(now, page));
    } catch (error) {
      this.#put(place, { ...emptyTimeline, phase: "failed", error: words(error) });
    }
  }

  async older(place: Place): Promise<void> {
    const timeline = this.#get(place);
    const first = timeline?.messages[0];
    if (!timeline || !first || !timeline.hasBefore || timeline.loadingBefore) return;
    this.#put(place, { ...timeline, loadingBefore: true });
    try {
      const page = await this.#read(place, { before: first.id });
      this.#change(place, (now) => timelines.olderLoaded(now, page));
    } catch {
      this.#change(place, (now) => ({ ...now, loadingBefore: false }));
    }
  }

  async newer(place: Place): Promise<void> {
    const timeline = this.#get(place);
    const last = timeline?.messages.at(-1);
    if (!timeline || !last || !timeline.hasAfter || timeline.loadingAfter) return;
    this.#put(place, { ...timeline, loadingAfter: true });
    try {
      const page = await this.#read(place, { after: last.id });
      this.#change(place, (now) => timelines.newerLoaded(now, page));
    } catch {
      this.#change(place, (now) => ({ ...now, loadingAfter: false }));
    }
  }

  /**
   * Load what is around a message, unless it is here; returns it.
   *
   * @throws {CommandError} `not_found` when it is gone, or not for us
   */
  async around(place: Place, messageId: string): Promise<Message | undefined> {
    const here = this.#get(place)?.messages.find(({ id }) => id === messageId);
    if (here) return here;
    this.#needs.listen(place.roomId);
    const page = await this.#read(place, { around: messageId });
    this.#put(place, timelines.aroundLoaded(this.#get(place) ?? emptyTimeline, page));
    return page.items.find(({ id }) => id === messageId);
  }

  /** Leave the past: load the newest page anew. Returns the position that was read before it. */
  async newest(place: Place): Promise<Position> {
    const page = await this.#read(place, {});
    const last = page.items.at(-1);
    this.#change(place, (now) => timelines.newestLoaded(now, page));
    if (last) this.#set(fold.messageArrived(this.#state, last));
    return page.position;
  }

  /**
   * A room's messages come by themselves from now on, and no earlier. What was loaded before that, because the subscription
   * was refused for a while, lacks what was said in between.
   */
  heardFromNow(roomId: string): void {
    const timeline = this.#get({ roomId });
    if (timeline?.phase !== "ready" || timeline.hasAfter) return;
    // When that fails the connection is gone, and its place is not known: the next one comes here again.
    void Promise.all([this.newest({ roomId }), this.threadsAgain(roomId)]).catch(() => undefined);
  }

  /** The threads of a room that are loaded, anew. */
  async threadsAgain(roomId: string): Promise<void> {
    const loaded = Object.entries(this.#state.threads).filter(
      ([, { messages }]) => messages[0]?.room_id === roomId,
    );
    await Promise.all(loaded.map(([threadId]) => this.newest({ roomId, threadId })));
  }

  get #state(): ChatState {
    return this.#needs.store.getSnapshot();
  }

  #set(state: ChatState): void {
    this.#needs.store.set(state);
  }

  async #read(
    { roomId, threadId }: Place,
    where: Pick<ReadHistory, "before" | "after" | "around">,
  ): Promise<Page> {
    const thread = threadId === undefined ? {} : { thread_id: threadId };
    const limit = (where.before ?? where.after) ? FURTHER_PAGE : FIRST_PAGE;
    const page = await this.#needs.read({ room_id: roomId, limit, ...thread, ...where });
    this.#set(fold.ownFound(this.#state, page.own));
    return page;
  }

  #get({ roomId, threadId }: Place): Timeline | undefined {
    return threadId === undefined ? this.#state.timelines[roomId] : this.#state.threads[threadId];
  }

  #put({ roomId, threadId }: Place, timeline: Timeline): void {
    if (threadId === undefined) this.#set(fold.withTimeline(this.#state, roomId, timeline));
    else this.#set(fold.withThread(this.#state, threadId, timeline));
  }

  #change(place: Place, change: (timeline: Timeline) => Timeline): void {
    const now = this.#get(place);
    if (now) this.#put(place, change(now));
  }
}
