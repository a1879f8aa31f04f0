/** The world of a test: a clock that stands still, storage in memory, and a server's end of every socket. */

import type { CoursewireError, Ready } from "../contract";
import type { Environment } from "../services/websocket/environment";
import type { Answer, EventMeta } from "../services/websocket/protocol";
import type { SocketEvents, SocketOptions } from "../services/websocket/socket";

export class MemoryStorage implements Storage {
  readonly #items = new Map<string, string>();
  /** Characters that fit; more throws as a browser does. */
  quota = Number.POSITIVE_INFINITY;

  get length(): number {
    return this.#items.size;
  }
  clear(): void {
    this.#items.clear();
  }
  getItem(key: string): string | null {
    return this.#items.get(key) ?? null;
  }
  key(index: number): string | null {
    return [...this.#items.keys()][index] ?? null;
  }
  removeItem(key: string): void {
    this.#items.delete(key);
  }
  setItem(key: string, value: string): void {
    const used = [...this.#items].reduce((sum, [name, text]) => sum + name.length + text.length, 0);
    if (used + key.length + value.length > this.quota) throw new DOMException("full", "QuotaExceededError");
    this.#items.set(key, value);
  }
}

type Grant = (lock: Lock | null) => unknown;

/** Exclusive locks with `ifAvailable`; one that must wait fails at once, as if its time had run out. */
export class MemoryLocks {
  readonly held = new Set<string>();

  async request(name: string, options: LockOptions, granted: Grant): Promise<unknown> {
    if (this.held.has(name)) {
      if (options.ifAvailable) return granted(null);
      throw new DOMException("timed out", "TimeoutError");
    }
    this.held.add(name);
    try {
      return await granted({ name, mode: "exclusive" });
    } finally {
      this.held.delete(name);
    }
  }
}

interface Emitted {
  command: string;
  payload: Record<string, unknown>;
  answer: (answer: Answer) => void;
}

/** The server's end of one namespace's socket. */
export class Peer {
  auth: Record<string, unknown> | null = null;
  /** CONNECTs so far. */
  connects = 0;
  dropped = 0;
  released = false;
  disconnects = 0;
  /** Emits that nobody has answered. */
  readonly pending: Emitted[] = [];
  /** All emits so far. */
  readonly emitted: { command: string; payload: Record<string, unknown> }[] = [];
  readonly #replies = new Map<string, (payload: Record<string, unknown>) => Answer>();

  constructor(
    readonly namespace: string,
    readonly options: SocketOptions,
    readonly events: SocketEvents,
  ) {}

  /** Answer every such command from now on. */
  reply(command: string, data: (payload: Record<string, unknown>) => unknown): void {
    this.#replies.set(command, (payload) => ({ ok: true, data: data(payload) }));
  }

  /** How such a command is answered now. */
  replyTo(command: string): (payload: Record<string, unknown>) => Answer {
    const reply = this.#replies.get(command);
    if (!reply) throw new Error(`${command} is not answered`);
    return reply;
  }

  /** The same, with a say in whether it is an error. */
  respond(command: string, answer: (payload: Record<string, unknown>) => Answer): void {
    this.#replies.set(command, answer);
  }

  /** Leave such commands unanswered from now on. */
  silence(command: string): void {
    this.#replies.delete(command);
  }

  take(command: string, payload: Record<string, unknown>, answer: (answer: Answer) => void): void {
    this.emitted.push({ command, payload });
    const reply = this.#replies.get(command);
    if (reply) queueMicrotask(() => answer(reply(payload)));
    else this.pending.push({ command, payload, answer });
  }

  /** Answer the oldest unanswered emit of this name. */
  answer(command: string, answer: Answer): void {
    const index = this.pending.findIndex((one) => one.command === command);
    if (index < 0) throw new Error(`${command} was not asked`);
    this.pending.splice(index, 1)[0]?.answer(answer);
  }

  refuse(error: CoursewireError): void {
    this.events.refused(error);
  }

  /** CONNECT is accepted and the session stands. */
  accept(ready: Partial<Ready> = {}, transport: "websocket" | "polling" = "websocket"): void {
    this.events.opened(transport);
    this.events.connected("sid");
    this.say("session.ready", { ...READY, namespace: this.namespace, ...ready }, { channel: "" });
  }

  say(event: string, data: unknown, meta: EventMeta): void {
    this.events.received(event, data, meta);
  }

  cut(): void {
    this.events.disconnected("transport", "transport close");
  }

  payloads(command: string): Record<string, unknown>[] {
    return this.emitted.filter((one) => one.command === command).map(({ payload }) => payload);
  }
}

export const READY: Ready = {
  user: { id: "ada", name: "Ada Lovelace" },
  roles: ["learner"],
  namespace: "/chat",
  expires_at: "2026-11-22T20:00:00.000Z",
  server_time: "2026-11-22T18:00:00.000Z",
  flags: {},
  limits: {
    payload_bytes: 1_000_000,
    commands_per_second: 20,
    commands_burst: 40,
    subscriptions: 100,
    replay_events: 1_000,
    outbox_bytes: 1_048_576,
  },
  resumed: {},
};

interface Timer {
  at: number;
  callback: () => void;
}

export class World implements Environment {
  readonly local = new MemoryStorage();
  session = new MemoryStorage();
  readonly memoryLocks = new MemoryLocks();
  readonly peers: Peer[] = [];
  readonly reported: unknown[] = [];
  readonly timers = new Set<Timer>();
  readonly wakers = new Set<() => void>();
  /** Who asks before the page is left. */
  readonly leavers = new Set<() => boolean>();
  /** Nothing is kept on the device, unless a test gives it a place. */
  databases: IDBFactory | null = null;
  online = true;
  #now = Date.parse("2026-11-22T18:00:00.000Z");

  get locks(): LockManager {
    return this.memoryLocks as unknown as LockManager;
  }

  /** The socket opened last. */
  get peer(): Peer {
    const peer = this.peers.at(-1);
    if (!peer) throw new Error("no socket was opened");
    return peer;
  }

  /** The socket of a namespace that was opened last. */
  of(namespace: string): Peer {
    const peer = this.peers.findLast((one) => one.namespace === namespace);
    if (!peer) throw new Error(`no socket was opened for ${namespace}`);
    return peer;
  }

  readonly now = (): number => this.#now;
  readonly random = (): number => 0.5;
  readonly isOnline = (): boolean => this.online;
  readonly report = (error: unknown): void => void this.reported.push(error);
  readonly clearTimer = (timer: unknown): void => void this.timers.delete(timer as Timer);

  readonly setTimer = (callback: () => void, ms: number): unknown => {
    const timer = { at: this.#now + ms, callback };
    this.timers.add(timer);
    return timer;
  };

  readonly onWake = (callback: () => void): (() => void) => {
    this.wakers.add(callback);
    return () => this.wakers.delete(callback);
  };

  readonly onLeaving = (isUnsaved: () => boolean): (() => void) => {
    this.leavers.add(isUnsaved);
    return () => this.leavers.delete(isUnsaved);
  };

  readonly openSocket = (options: SocketOptions, namespace: string, events: SocketEvents) => {
    const peer = new Peer(namespace, options, events);
    this.peers.push(peer);
    return {
      connect: (auth: Record<string, unknown>) => {
        peer.auth = auth;
        peer.connects += 1;
      },
      emit: (command: string, payload: unknown, answered?: (answer: Answer) => void) =>
        peer.take(command, payload as Record<string, unknown>, answered ?? (() => undefined)),
      disconnect: () => {
        peer.disconnects += 1;
      },
      drop: () => {
        peer.dropped += 1;
        peer.cut();
      },
      release: () => {
        peer.released = true;
      },
    };
  };

  /** Let time pass, running the timers that are due in their order. */
  advance(ms: number): void {
    const until = this.#now + ms;
    for (;;) {
      const due = [...this.timers].filter(({ at }) => at <= until).sort((a, b) => a.at - b.at)[0];
      if (!due) break;
      this.timers.delete(due);
      this.#now = Math.max(this.#now, due.at);
      due.callback();
    }
    this.#now = until;
  }

  /** Let time pass in which the page is busy: whatever became due runs once, behind it. */
  stall(ms: number): void {
    this.#now += ms;
    const due = [...this.timers].filter(({ at }) => at <= this.#now).sort((a, b) => a.at - b.at);
    for (const timer of due) if (this.timers.delete(timer)) timer.callback();
  }

  wake(): void {
    for (const callback of [...this.wakers]) callback();
  }
}

/** Let everything run that waits for a promise and for nothing else. */
export function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
