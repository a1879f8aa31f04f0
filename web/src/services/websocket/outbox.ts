/** Commands that wait, kept over a page reload: one list per tab, and the lists of tabs that are gone are adopted (CLI2). */

import { newKey } from "./keys";
import type { Queued } from "./protocol";

const PREFIX = "coursewire.outbox";
const TAB = "coursewire.tab";
/** A reloaded page may come up before its old self has let go of its lock. */
const OWN_LOCK_MS = 500;

interface Places {
  /** Milliseconds since 1970. */
  now(): number;
  local: Storage | null;
  session: Storage | null;
  locks: LockManager | null;
}

/**
 * One tab's share of a user's waiting commands in one namespace.
 *
 * Each command is an item of its own, so that a change writes one command and not a thousand. A lock, held while the tab
 * lives, keeps others from sending what this one will send; without Web Locks (an insecure origin) two tabs may both send an
 * orphan, and its key makes the second one harmless (LOG3). When the storage is full or forbidden, commands wait in memory
 * only: `durable` turns false.
 */
export class PersistentOutbox {
  durable = true;
  readonly #places: Places;
  readonly #base: string;
  #tab = "";
  #release: (() => void) | null = null;
  /** Item name by the command's key. */
  readonly #written = new Map<string, string>();
  /** The time of the last item written, and how many had that time. */
  #last = { time: 0, count: 0 };
  #closed = false;

  constructor(places: Places, userId: string, namespace: string) {
    this.#places = places;
    this.#base = `${PREFIX}/${encodeURIComponent(userId)}${namespace}/`;
  }

  /** Take this tab's list and those of tabs that are gone, oldest first. */
  async open(): Promise<Queued[]> {
    const { local, session } = this.#places;
    if (!local) {
      this.durable = false;
      return [];
    }
    const remembered = session?.getItem(TAB) ?? null;
    if (remembered === null || !(await this.#own(remembered, OWN_LOCK_MS))) {
      this.#tab = newKey();
      this.#remember(this.#tab);
      await this.#own(this.#tab, OWN_LOCK_MS);
    }
    await this.#gather(local);
    return this.take();
  }

  /**
   * Move the lists of tabs that went since to this tab's; `take` returns what came so. Without Web Locks nobody knows
   * which have gone.
   */
  async adopt(): Promise<void> {
    const { local, locks } = this.#places;
    if (local && locks && !this.#closed) await this.#gather(local);
  }

  /** What is in this tab's list and was neither taken nor written by it before, oldest first. */
  take(): Queued[] {
    const { local } = this.#places;
    if (!local) return [];
    const found: Queued[] = [];
    for (const item of this.#items(local, `${this.#base}${this.#tab}/`)) {
      const queued = parse(local.getItem(item));
      if (queued && this.#written.get(keyOf(queued)) === item) continue;
      if (!queued || this.#written.has(keyOf(queued))) {
        local.removeItem(item); // Not ours to understand, or the second copy of an adoption cut short.
        continue;
      }
      this.#written.set(keyOf(queued), item);
      const [time = 0, count = 0] = suffix(item).split("-").map(Number);
      const isLater = time === this.#last.time ? count > this.#last.count : time > this.#last.time;
      if (isLater) this.#last = { time, count };
      found.push(queued);
    }
    return found;
  }

  /** Write what changed: `outbox` is the whole list as it stands, in order. */
  save(outbox: readonly Queued[]): void {
    const { local } = this.#places;
    if (!local || this.#closed) return;
    const keep = new Set(outbox.map(keyOf));
    for (const [key, item] of this.#written) {
      if (keep.has(key)) continue;
      local.removeItem(item);
      this.#written.delete(key);
    }
    for (const queued of outbox) {
      const key = keyOf(queued);
      if (this.#written.has(key)) continue;
      const item = `${this.#base}${this.#tab}/${this.#stamp()}`;
      try {
        local.setItem(item, JSON.stringify({ command: queued.command, payload: queued.payload }));
        this.#written.set(key, item);
      } catch {
        this.durable = false; // The quota is used up; it stays in memory, and the next change tries again.
      }
    }
  }

  /** Let go of the list; what is in it waits for the next page. */
  close(): void {
    this.#closed = true;
    this.#release?.();
    this.#release = null;
  }

  /** Names that sort in the order of writing, over reloads and tabs, also when the clock is set back meanwhile. */
  #stamp(): string {
    const time = Math.max(this.#places.now(), this.#last.time);
    this.#last = { time, count: time === this.#last.time ? this.#last.count + 1 : 0 };
    return `${String(time).padStart(15, "0")}-${String(this.#last.count).padStart(6, "0")}`;
  }

  #remember(tab: string): void {
    try {
      this.#places.session?.setItem(TAB, tab);
    } catch {
      // The page has filled its storage: after a reload this list is one of a tab that is gone, and adopted.
    }
  }

  #own(tab: string, patienceMs: number): Promise<boolean> {
    const { locks } = this.#places;
    this.#tab = tab;
    if (!locks) return Promise.resolve(true);
    return new Promise((resolve) => {
      locks
        .request(this.#base + tab, { signal: AbortSignal.timeout(patienceMs) }, () => {
          resolve(true);
          if (this.#closed) return undefined;
          return new Promise<void>((release) => {
            this.#release = release;
          });
        })
        .catch(() => resolve(false));
    });
  }

  async #gather(local: Storage): Promise<void> {
    for (const tab of this.#tabs(local)) {
      if (tab !== this.#tab) await this.#adopt(local, tab);
    }
  }

  async #adopt(local: Storage, tab: string): Promise<void> {
    const move = () => {
      for (const item of this.#items(local, `${this.#base}${tab}/`)) {
        const value = local.getItem(item);
        if (value !== null)
          local.setItem(item.replace(`${this.#base}${tab}/`, `${this.#base}${this.#tab}/`), value);
        local.removeItem(item);
      }
    };
    const { locks } = this.#places;
    try {
      if (!locks) move();
      else
        await locks.request(this.#base + tab, { ifAvailable: true }, (lock) => (lock ? move() : undefined));
    } catch {
      // The quota is used up half-way: what could not be moved stays with its old tab for the next page.
    }
  }

  #tabs(local: Storage): Set<string> {
    return new Set(
      this.#items(local, this.#base).map((item) => item.slice(this.#base.length).split("/")[0] ?? ""),
    );
  }

  /** In the order of writing, whichever tab wrote them. */
  #items(local: Storage, prefix: string): string[] {
    const items: string[] = [];
    for (let index = 0; index < local.length; index += 1) {
      const item = local.key(index);
      if (item?.startsWith(prefix)) items.push(item);
    }
    return items.sort((a, b) => (suffix(a) < suffix(b) ? -1 : 1));
  }
}

const keyOf = (queued: Queued): string => String(queued.payload["key"]);
const suffix = (item: string): string => item.slice(item.lastIndexOf("/") + 1);

function parse(value: string | null): Queued | null {
  try {
    const stored = JSON.parse(value ?? "null") as {
      command?: unknown;
      payload?: Record<string, unknown>;
    } | null;
    if (typeof stored?.command !== "string" || typeof stored.payload?.["key"] !== "string") return null;
    return { ref: newKey(), command: stored.command, payload: stored.payload };
  } catch {
    return null;
  }
}
