/** Drives one namespace: its state machine, its socket, its timers, its token and its outbox. Knows no React. */

import type { CoursewireError, NamespaceGone, Position, Ready } from "../../contract";
import { hasBytes, joined } from "./bytes";
import { isLive } from "./connectionStatus";
import { browserEnvironment, type Environment } from "./environment";
import { CommandError, closingError, STOPPED } from "./errors";
import { newKey } from "./keys";
import { Listeners } from "./listeners";
import { NamespaceMachine } from "./machine";
import { PersistentOutbox } from "./outbox";
import { Pings } from "./pings";
import type { Answer, EventMeta, Input, Output, Queued, State } from "./protocol";
import { CLIENT, type ServiceOptions, socketOptions } from "./serviceOptions";
import type { SocketPort } from "./socket";
import { NamedTimers } from "./timers";
import { type AuthToken, TokenSource } from "./token";

export type CommandMap<Map> = { [Name in keyof Map]: { payload: unknown; result: unknown } };
export type EventMap<Map> = { [Name in keyof Map]: { data: unknown } };

export abstract class NamespaceService<
  Commands extends CommandMap<Commands>,
  Events extends EventMap<Events>,
> {
  readonly namespace: string;
  protected readonly environment: Environment;
  /** What the server said at the start of this session. */
  protected session: Ready | null = null;

  readonly #options: ServiceOptions;
  readonly #status: ServiceOptions["status"];
  readonly #listeners = new Listeners();
  readonly #timers: NamedTimers;
  readonly #waiting = new Map<string, (answer: Answer) => void>();
  readonly #inputs: Input[] = [];
  #machine: NamespaceMachine | null = null;
  #socket: SocketPort | null = null;
  #outbox: PersistentOutbox | null = null;
  #opening = false;
  #stepping = false;
  /** Changes with every `connect` and `disconnect`: what was started before is void. */
  #generation = 0;
  #userId: string | null = null;
  #tokens: TokenSource | null = null;
  #pings: Pings | null = null;
  #error: CoursewireError | null = null;
  #stopWaking: (() => void) | null = null;

  protected constructor(namespace: string, options: ServiceOptions = {}) {
    this.namespace = namespace;
    this.#options = options;
    this.#status = options.status;
    this.environment = options.environment ?? browserEnvironment();
    this.#timers = new NamedTimers(this.environment);
  }

  get state(): State {
    return this.#machine?.state ?? "idle";
  }

  get isConnected(): boolean {
    return isLive(this.state);
  }

  get userId(): string | null {
    return this.#userId;
  }

  /** Sign in and stay connected until `disconnect`. Calling it again with the same user only renews the token. */
  connect(userId: string, authToken: AuthToken): void {
    if (this.#machine && this.#userId === userId) {
      if (this.#tokens?.replace(authToken)) this.#feed({ type: "token", ok: true });
      else if (this.state === "unauthorized") this.retry();
      return;
    }
    if (this.#machine) this.disconnect();
    this.#generation += 1;
    const generation = this.#generation;
    this.#userId = userId;
    const tokens = new TokenSource(authToken, this.environment);
    this.#tokens = tokens;
    this.#machine = new NamespaceMachine({ namespace: this.namespace, random: this.environment.random });
    this.#socket = this.environment.openSocket(socketOptions(this.#options, userId), this.namespace, {
      opened: (transport) => this.#feed({ type: "opened", transport }),
      connected: (sid) => this.#feed({ type: "connected", sid }),
      received: (event, data, meta, attachment) => {
        const whole = joined(data, this.attachments[event], attachment);
        this.#feed({ type: "received", event, data: whole, meta });
      },
      refused: (error) => {
        this.#error = error;
        this.#feed({ type: "refused", error });
      },
      disconnected: (by, reason) => this.#feed({ type: "disconnected", by, reason }),
    });
    this.#pings = new Pings(this.environment, this.#socket, () => this.#publish());
    this.#stopWaking = this.environment.onWake(() => this.#wake());
    this.#outbox = new PersistentOutbox(this.environment, userId, this.namespace);
    this.#opening = true;
    this.opened();
    void this.#outbox.open().then((left) => {
      if (generation !== this.#generation) return;
      this.#restore(left);
      this.#opening = false;
      this.#feed({ type: "start", token_known: tokens.token !== null });
    });
    this.#publish();
  }

  /** Leave; what waits in the outbox is kept for the next `connect` of this user. */
  disconnect(): void {
    if (!this.#machine) return;
    this.#generation += 1;
    this.#opening = false;
    // What was asked before the machine could take it is asked by nobody.
    for (const input of this.#inputs.splice(0))
      if (input.type === "command") this.#settle(input.ref, STOPPED);
    // Nobody waits for what an earlier page asked, and nobody is told that it still waits.
    for (const output of this.#machine.step(this.environment.now(), { type: "stop" })) {
      if (output.type === "settle") this.#settle(output.ref, output.answer);
    }
    this.#waiting.clear();
    this.#timers.clear();
    this.#stopWaking?.();
    this.#stopWaking = null;
    this.#socket?.release();
    this.#socket = null;
    this.#outbox?.close();
    this.#outbox = null;
    this.#machine = null;
    this.#userId = null;
    this.#tokens?.close();
    this.#tokens = null;
    this.#pings?.stop();
    this.#pings = null;
    this.#error = null;
    this.session = null;
    this.#status?.remove(this.namespace);
    this.closed();
  }

  /** Try again now, after a refusal that is not retried by itself. */
  retry(): void {
    if (this.#machine) this.#feed({ type: "start", token_known: this.#tokens?.isFixed ?? false });
  }

  /** Call back on an event; returns how to stop. */
  on<Name extends keyof Events & string>(
    event: Name,
    handler: (data: Events[Name]["data"], meta: EventMeta) => void,
  ): () => void {
    return this.#listeners.add(event, handler);
  }

  /** Forget every callback of an event. */
  unsubscribe(event: keyof Events & string): void {
    this.#listeners.clear(event);
  }

  /** How many callbacks are registered, over all events. */
  get listeners(): number {
    return this.#listeners.count;
  }

  /**
   * Run a command; resolves with its `data`. Without a connection it waits; with a `key` it also survives a reload.
   * @throws {CommandError} what the server answered, or `overloaded` when too many wait, or `unavailable` when the
   * connection was lost before the answer and there was no key to ask again with.
   * @throws {TypeError} for a key and bytes together: what waits under a key is written down as JSON.
   */
  request<Name extends keyof Commands & string>(
    command: Name,
    payload: Commands[Name]["payload"],
  ): Promise<Commands[Name]["result"]> {
    if (!this.#machine) {
      const error: CoursewireError = { code: "unavailable", message: "not connected", retryable: true };
      return Promise.reject(new CommandError(error));
    }
    if (hasBytes(payload) && "key" in payload)
      return Promise.reject(new TypeError(`${command}: bytes cannot wait under a key`));
    const ref = newKey(this.environment.now());
    return new Promise((resolve, reject) => {
      this.#waiting.set(ref, (answer) => {
        if (answer.ok) resolve(answer.data as Commands[Name]["result"]);
        else reject(new CommandError(answer.error));
      });
      this.#feed({ type: "command", ref, command, payload: payload as Record<string, unknown> });
    });
  }

  /** Send something that is worth nothing later: dropped without a connection. */
  signal<Name extends keyof Commands & string>(command: Name, payload: Commands[Name]["payload"]): void {
    if (this.isConnected) this.#socket?.emit(command, payload, () => undefined);
  }

  protected join(channel: string): void {
    this.#feed({ type: "subscribe", channel });
  }

  protected leave(channel: string): void {
    this.#feed({ type: "unsubscribe", channel });
  }

  protected snapshotLoaded(channel: string, position: Position): void {
    this.#feed({ type: "snapshot_loaded", channel, position });
  }

  // What a namespace adds

  /** The field of each event's data that travels as bytes beside it. */
  protected get attachments(): Readonly<Record<string, string>> {
    return {};
  }
  /** `connect` was called; the socket is not there yet. */
  protected opened(): void {}
  /** Commands that an earlier page left behind, or a tab that has gone, in order. */
  protected restored(_left: readonly Queued[]): void {}
  /** One of those was answered. */
  protected settled(_queued: Queued, _answer: Answer): void {}
  protected closed(): void {}
  protected stateChanged(_state: State): void {}
  /** Events of a channel cannot be replayed: load it anew, then call `snapshotLoaded`. */
  protected abstract snapshotNeeded(channel: string, position: Position): void;
  /** The field that makes an event unfit for its callbacks, or null. */
  protected misshapen(_event: string, _data: unknown): string | null {
    return null;
  }
  /** An event, before the callbacks of others. */
  protected received(_event: string, _data: unknown, _meta: EventMeta): void {}
  /** A channel is live; `recovered`: nothing was missed since the position it had. */
  protected subscribed(_channel: string, _recovered: boolean): void {}
  /** A channel was taken away. */
  protected unsubscribed(_channel: string, _reason: string): void {}

  // What other pages left

  /** Send what a tab left that has gone since: until the next page it would wait for nothing. */
  async #adopt(): Promise<void> {
    const outbox = this.#outbox;
    await outbox?.adopt();
    if (!outbox || outbox !== this.#outbox) return;
    this.#restore(outbox.take());
    this.#run();
  }

  #restore(left: Queued[]): void {
    if (left.length === 0) return;
    this.#inputs.unshift({ type: "restore", outbox: left });
    for (const queued of left) this.#waiting.set(queued.ref, (answer) => this.settled(queued, answer));
    this.restored(left);
  }

  // The machine's hands

  #feed(input: Input): void {
    this.#inputs.push(input);
    this.#run();
  }

  #run(): void {
    if (this.#stepping || this.#opening) return;
    this.#stepping = true;
    try {
      for (let next = this.#inputs.shift(); next && this.#machine; next = this.#inputs.shift()) {
        for (const output of this.#machine.step(this.environment.now(), next)) this.#tryTo(output);
      }
    } finally {
      this.#stepping = false;
    }
    this.#publish();
  }

  #tryTo(output: Output): void {
    try {
      this.#perform(output);
    } catch (error) {
      this.environment.report(error); // One mistake must not keep the rest of a step from happening.
    }
  }

  #perform(output: Output): void {
    switch (output.type) {
      case "state":
        return this.#stateIs(output.state);
      case "fetch_token":
        return this.#tokens?.fetch(output.reason, (result) => {
          if (!result.ok) this.#error = result.error ?? null;
          this.#feed(result);
        });
      case "connect":
        return this.#connectSocket(output.resume);
      case "emit":
        return this.#emit(output);
      case "deliver":
        return this.#deliver(output.event, output.data, output.meta);
      case "disconnect":
        return this.#socket?.disconnect();
      case "reset":
        return this.#socket?.drop();
      case "subscribed":
        return this.subscribed(output.channel, output.recovered);
      case "unsubscribed":
        return this.unsubscribed(output.channel, output.reason);
      case "need_snapshot":
        return this.snapshotNeeded(output.channel, output.position);
      case "set_timer":
        return this.#timers.set(output.name, output.ms, () =>
          this.#feed({ type: "timer", name: output.name }),
        );
      case "cancel_timer":
        return this.#timers.cancel(output.name);
      case "settle":
        return this.#settle(output.ref, output.answer);
      case "persist":
        return this.#outbox?.save(output.outbox);
      case "refused_command":
        return this.#settle(output.ref, { ok: false, error: output.error });
    }
  }

  #stateIs(state: State): void {
    if (isLive(state)) {
      this.#error = null;
      if (!this.#pings?.isRunning) {
        this.#pings?.start();
        void this.#adopt();
      }
    } else {
      this.#pings?.stop();
    }
    this.stateChanged(state);
  }

  #connectSocket(resume: Record<string, Position>): void {
    if (!this.environment.isOnline()) {
      this.#inputs.push({ type: "disconnected", by: "transport", reason: "offline" });
      return;
    }
    this.#socket?.connect({ token: this.#tokens?.token, resume, client: this.#options.client ?? CLIENT });
  }

  #emit({ ref, command, payload }: Queued): void {
    const generation = this.#generation;
    const body = command === "auth.refresh" ? { token: this.#tokens?.token } : payload;
    this.#socket?.emit(command, body, (answer) => {
      if (generation === this.#generation) this.#feed({ type: "answer", ref, answer });
    });
  }

  #deliver(event: string, data: unknown, meta: EventMeta): void {
    if (event === "session.ready") this.session = data as Ready;
    if (event === "namespace.closing") this.#error = closingError(data as NamespaceGone);
    const wrong = this.misshapen(event, data);
    if (wrong !== null) {
      this.environment.report(new TypeError(`${event} came without a proper ${wrong}`));
      return;
    }
    this.received(event, data, meta);
    this.#listeners.tell(event, data, meta, this.environment.report);
  }

  #settle(ref: string, answer: Answer): void {
    const settle = this.#waiting.get(ref);
    this.#waiting.delete(ref);
    settle?.(answer);
  }

  /** The network came or went, or the page is looked at again: ask at once whether the connection still lives. */
  #wake(): void {
    if (this.isConnected) void this.#adopt();
    if (this.isConnected || this.environment.isOnline()) this.#feed({ type: "online" });
  }

  #publish(): void {
    const machine = this.#machine;
    if (!machine) return;
    const { state, since, transport, attempts, queued } = machine.diagnostics;
    this.#status?.set(this.namespace, {
      state,
      since,
      transport: isLive(state) ? (transport ?? null) : null,
      latencyMs: isLive(state) ? (this.#pings?.roundTripMs ?? null) : null,
      attempts,
      queued,
      error: this.#error,
    });
  }
}
