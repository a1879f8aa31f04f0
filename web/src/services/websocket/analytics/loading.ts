/** Loads what a course, or one's own part, shows: its lists page by page, and its figures. */

import type { AnalyticsCommands, Metrics, OwnMetrics, Window } from "../../../contract";
import { words } from "../errors";
import type { StateStore } from "../stateStore";
import type { ListName } from "./filters";
import { OWN } from "./filters";
import type { AnalyticsState, Scope } from "./state";
import * as fold from "./state";

type Reads = "job.list" | "milestone.list" | "alert.list" | "risk.list" | "metrics.read";
export type Read = <Name extends Reads>(
  command: Name,
  payload: AnalyticsCommands[Name]["payload"],
) => Promise<AnalyticsCommands[Name]["result"]>;

const PAGE = 50;
/** The server gives no more at once: a list that is read again keeps as many. */
const MOST_AT_ONCE = 100;
/** A page that stays open for days would hold ever more: a list above this is loaded anew, from its first page. */
export const LONGEST = 500;

/** What one may see of it: alerts and learners at risk are for the staff of a course. */
export const mayHave = (as: Scope["as"], name: ListName): boolean =>
  as === "course" || (as !== null && (name === "jobs" || name === "milestones"));

interface Surroundings {
  store: StateStore<AnalyticsState>;
  read: Read;
  isConnected: () => boolean;
}

export class Loading {
  readonly #around: Surroundings;
  /** Pages under way, by list. */
  readonly #running = new Map<string, Promise<void>>();

  constructor(around: Surroundings) {
    this.#around = around;
  }

  /** Load the first page of a list, unless it is here or under way. Does not fail: the list says so itself. */
  async first(id: string, name: ListName): Promise<void> {
    const phase = this.#scope(id)?.lists[name].phase;
    if (phase === undefined || phase === "ready" || this.#running.has(`${id}/${name}`)) return;
    await this.again(id, name).catch(() => undefined);
  }

  /** Load a list anew, after whatever is under way. @throws {CommandError} */
  async again(id: string, name: ListName): Promise<void> {
    await this.#running.get(`${id}/${name}`)?.catch(() => undefined);
    const scope = this.#scope(id);
    if (!scope || !mayHave(scope.as, name)) return;
    this.#set(fold.listAsked(this.#state, id, name));
    const limit = Math.min(Math.max(PAGE, scope.lists[name].items.length), MOST_AT_ONCE);
    try {
      await this.#run(id, name, null, limit);
    } catch (error) {
      const isHere = this.#scope(id)?.lists[name].phase === "ready";
      // Without a connection it is loaded with the next one.
      const failed = !isHere && this.#around.isConnected();
      this.#set(
        fold.patchList(this.#state, id, name, {
          fresh: null,
          ...(failed && { phase: "failed", error: words(error) }),
        }),
      );
      throw error;
    }
  }

  /** Load the next page of a list, if there is one. Does not fail: what is here stays, and it can be asked again. */
  async more(id: string, name: ListName): Promise<void> {
    const list = this.#scope(id)?.lists[name];
    if (!list || list.cursor === null || this.#running.has(`${id}/${name}`)) return;
    this.#set(fold.patchList(this.#state, id, name, { loadingMore: true }));
    try {
      await this.#run(id, name, list.cursor, PAGE);
    } catch {
      this.#set(fold.patchList(this.#state, id, name, { loadingMore: false }));
    }
  }

  /** Read the figures of a course. @throws {CommandError} */
  async figures(id: string, window: Window): Promise<void> {
    if (id === OWN) return;
    this.#set(fold.figuresAre(this.#state, id, window, "loading"));
    try {
      const { metrics, own } = await this.#around.read("metrics.read", { course_id: id, window });
      this.#figuresRead(metrics, own);
      this.#set(fold.figuresAre(this.#state, id, window, "ready"));
    } catch (error) {
      // Live ones will come; without a connection they are read with the next one.
      if (this.#around.isConnected()) this.#set(fold.figuresAre(this.#state, id, window, "failed"));
      throw error;
    }
  }

  get #state(): AnalyticsState {
    return this.#around.store.getSnapshot();
  }

  #scope(id: string): Scope | undefined {
    return this.#state.scopes[id];
  }

  #set(state: AnalyticsState): void {
    this.#around.store.set(state);
  }

  #figuresRead(metrics: Metrics | undefined, own: OwnMetrics | undefined): void {
    if (metrics) this.#set(fold.metricsArrived(this.#state, metrics));
    if (own) this.#set(fold.ownMetricsArrived(this.#state, own));
  }

  async #run(id: string, name: ListName, cursor: string | null, limit: number): Promise<void> {
    const key = `${id}/${name}`;
    const page = this.#page(id, name, cursor, limit);
    this.#running.set(key, page);
    try {
      await page;
    } finally {
      if (this.#running.get(key) === page) this.#running.delete(key);
    }
  }

  async #page(id: string, name: ListName, cursor: string | null, limit: number): Promise<void> {
    const { read } = this.#around;
    const asked = this.#scope(id)?.as;
    const from = { limit, ...(cursor !== null && { cursor }) };
    const isFirst = cursor === null;
    /** Jobs of a course are for its staff; others have their own. */
    const course = id === OWN || (name === "jobs" && asked !== "course") ? {} : { course_id: id };
    const put = (next: (state: AnalyticsState) => AnalyticsState) => {
      // What was asked as staff is not shown to somebody who is that no longer.
      if (this.#scope(id)?.as === asked) this.#set(next(this.#state));
    };
    switch (name) {
      case "jobs": {
        const page = await read("job.list", { ...course, ...from });
        return put((state) => fold.jobPageLoaded(state, id, page, isFirst));
      }
      case "milestones": {
        const page = await read("milestone.list", { ...course, ...from });
        return put((state) => fold.pageLoaded(state, id, name, page, isFirst));
      }
      case "alerts": {
        const page = await read("alert.list", { course_id: id, ...from });
        return put((state) => fold.pageLoaded(state, id, name, page, isFirst));
      }
      case "atRisk": {
        const page = await read("risk.list", { course_id: id, ...from });
        return put((state) => fold.pageLoaded(state, id, name, page, isFirst));
      }
    }
  }
}
