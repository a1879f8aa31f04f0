/** The sans-IO core of one namespace: inputs in, outputs out; no socket, no clock, no randomness of its own (CLI1-4). */

import type {
  ChannelGone,
  CoursewireError,
  ErrorCode,
  NamespaceGone,
  Position,
  Ready,
  Reason,
  Subscription,
} from "../../contract";
import { Channel } from "./channels";
import { CommandQueue, isKeyed, type Waiting } from "./commandQueue";
import {
  type Answer,
  backOff,
  type Diagnostics,
  type EventMeta,
  type Input,
  type Output,
  type Queued,
  type State,
  type Transport,
} from "./protocol";

const READY_MS = 15_000;
const PROBE_MS = 2_000;
const REFRESH_MS = 5_000;
/** A session that the server ends sooner than this counts as a failed attempt. */
const STEADY_MS = 5_000;

const HOPELESS = new Set(["auth_missing", "auth_invalid", "forbidden"]);
const TOKEN_HOPELESS = new Set([...HOPELESS, "auth_expired"]);
const LATER = new Set(["rate_limited", "overloaded", "unavailable"]);

export interface MachineOptions {
  namespace: string;
  /** Uniform in [0, 1). */
  random: () => number;
  /** Commands that may wait or be under way. */
  outboxLimit?: number;
  /** Channels in one `auth.resume`. */
  resumeLimit?: number;
}

/**
 * What the machine waits for. `link`: the back-off after the transport was lost. `patience`: the back-off after a refusal,
 * which neither the network nor another namespace shortens. `hopeless`: for a new token, or a new start.
 */
type Session = "off" | "token" | "link" | "patience" | "connecting" | "recovering" | "ready" | "hopeless";

interface Emitted {
  at: number;
  kind: "command" | "subscribe" | "unsubscribe" | "refresh" | "ping";
  channel?: string;
}

const unavailable = (message: string, details?: Record<string, unknown>): Answer => ({
  ok: false,
  error: { code: "unavailable", message, retryable: true, ...(details && { details }) },
});

const byName = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

export class NamespaceMachine {
  readonly #random: () => number;
  readonly #resumeLimit: number;
  readonly #commands: CommandQueue;
  readonly #channels = new Map<string, Channel>();
  /** Channels left in this session, whose late events must not be taken for those of a joined channel. */
  readonly #left = new Set<string>();
  readonly #timers = new Set<string>();
  readonly #emitted = new Map<string, Emitted>();

  #out: Output[] = [];
  #at = 0;
  #state: State = "idle";
  #since = 0;
  #session: Session = "off";
  /** Counts sessions, so that what belongs to one does not leak into the next. */
  #number = 0;
  #everReady = false;
  #transport: Transport | null = null;
  #latency: number | null = null;
  /** Failures in a row: the n of the back-off. */
  #failures = 0;
  #readyAt = 0;
  #refs = 0;
  #resumed = new Set<string>();
  #tokenKnown = false;
  /** The session for which a token is being fetched; 0 when it is for the next CONNECT. */
  #fetching: number | null = null;
  /** A token that comes for an attempt must still wait for the back-off. */
  #waitForToken = false;
  #probing = false;
  #closing: NamespaceGone | null = null;

  constructor(options: MachineOptions) {
    this.#random = options.random;
    this.#commands = new CommandQueue(options.outboxLimit ?? 1_000);
    this.#resumeLimit = options.resumeLimit ?? 100;
  }

  get state(): State {
    return this.#state;
  }

  get diagnostics(): Diagnostics {
    return {
      state: this.#state,
      since: this.#since,
      ...(this.#transport && { transport: this.#transport }),
      ...(this.#latency !== null && { latency_ms: this.#latency }),
      attempts: this.#session === "ready" ? 0 : this.#failures,
      queued: this.#commands.size,
    };
  }

  /** How far a channel has been read, or null. */
  position(channel: string): Position | null {
    return this.#channels.get(channel)?.position ?? null;
  }

  /** Take one input at a time in milliseconds, which never falls. */
  step(at: number, input: Input): Output[] {
    this.#at = at;
    this.#out = [];
    this.#take(input);
    return this.#out;
  }

  #take(input: Input): void {
    switch (input.type) {
      case "start":
        return this.#start(input.token_known);
      case "stop":
        return this.#stop();
      case "opened":
        return this.#opened(input.transport);
      case "connected":
        if (this.#session !== "connecting") return;
        this.#session = "recovering";
        this.#enter("recovering");
        return this.#setTimer("ready", READY_MS);
      case "received":
        return this.#received(input.event, input.data, input.meta);
      case "refused":
        return this.#refused(input.error);
      case "disconnected":
        return this.#disconnected(input.by);
      case "subscribe":
        return this.#subscribe(input.channel, input.since);
      case "unsubscribe":
        return this.#unsubscribe(input.channel);
      case "snapshot_loaded":
        return this.#snapshotLoaded(input.channel, input.position);
      case "command":
        return this.#command(input);
      case "cancel":
        return this.#cancel(input.ref);
      case "answer":
        return this.#answer(input.ref, input.answer);
      case "restore":
        this.#commands.restore(input.outbox);
        return this.#pump();
      case "token":
        return this.#token(input.ok, input.error);
      case "timer":
        return this.#timer(input.name);
      case "online":
        return this.#online();
    }
  }

  // The life of a session

  #start(tokenKnown: boolean): void {
    if (this.#session !== "off" && this.#session !== "hopeless") return;
    this.#tokenKnown = tokenKnown;
    this.#begin();
  }

  #begin(): void {
    this.#failures = 0;
    this.#enterUnderWay();
    this.#attempt();
  }

  #stop(): void {
    if (this.#state === "closed") return;
    this.#cancelTimers();
    if (this.#isOpen()) this.#out.push({ type: "disconnect" });
    for (const command of this.#commands.all) {
      const details = isKeyed(command) ? { kept: true } : undefined;
      this.#out.push({
        type: "settle",
        ref: command.ref,
        answer: unavailable("the client was stopped", details),
      });
    }
    this.#commands.removeUnkeyed();
    this.#commands.disconnected();
    this.#forgetSession();
    this.#session = "off";
    this.#transport = null;
    this.#fetching = null;
    this.#enter("closed");
  }

  #isOpen(): boolean {
    return this.#session === "connecting" || this.#session === "recovering" || this.#session === "ready";
  }

  #attempt(reason: "connect" | "expired" = "connect"): void {
    if (!this.#tokenKnown) {
      this.#session = "token";
      return this.#fetch(0, reason);
    }
    this.#session = "connecting";
    this.#number += 1;
    const resume: Record<string, Position> = {};
    this.#resumed = new Set();
    for (const channel of this.#channels.values()) {
      if (!channel.position || channel.phase === "stale" || this.#resumed.size >= this.#resumeLimit) continue;
      resume[channel.name] = { ...channel.position };
      this.#resumed.add(channel.name);
      channel.phase = "asked";
    }
    this.#out.push({ type: "connect", resume });
    this.#setTimer("ready", READY_MS);
  }

  #wait(session: "link" | "patience", atLeast = 0): void {
    this.#session = session;
    const ms = Math.max(backOff(this.#failures, this.#random()), atLeast);
    this.#failures += 1;
    this.#setTimer("reconnect", ms);
  }

  #opened(transport: Transport): void {
    this.#transport = transport;
    if (this.#session === "link") {
      this.#cancelTimer("reconnect");
      this.#attempt();
    } else if (this.#session === "ready") {
      this.#enterLive();
    }
  }

  #online(): void {
    if (this.#session === "link") {
      this.#cancelTimer("reconnect");
      this.#failures = 0;
      this.#attempt();
    } else if (this.#session === "ready" && !this.#probing) {
      this.#probing = true;
      this.#emitOwn("ping", { sent_at: this.#at }, { kind: "ping" });
      this.#setTimer("probe", PROBE_MS);
    }
  }

  #refused(error: CoursewireError): void {
    if (this.#session !== "connecting") return;
    this.#cancelTimer("ready");
    this.#forgetSession();
    if (error.code === "auth_expired") return this.#tokenExpired();
    if (HOPELESS.has(error.code)) return this.#giveUp("unauthorized", error);
    if (!error.retryable) return this.#giveUp("unavailable", error);
    this.#enter("unavailable");
    this.#wait("patience", error.retry_after_ms);
  }

  /** The first time a fresh token is tried at once; after that the back-off is kept. */
  #tokenExpired(): void {
    this.#tokenKnown = false;
    this.#waitForToken = this.#failures > 0;
    if (!this.#waitForToken) this.#failures = 1;
    this.#enterUnderWay();
    this.#attempt("expired");
  }

  /** No retry by itself: what cannot survive is told so. */
  #giveUp(state: "unauthorized" | "unavailable", error: CoursewireError): void {
    for (const { ref } of this.#commands.removeUnkeyed()) {
      this.#out.push({ type: "settle", ref, answer: { ok: false, error } });
    }
    this.#session = "hopeless";
    this.#enter(state);
  }

  #disconnected(by: "server" | "transport"): void {
    if (by === "transport") this.#transport = null;
    if (!this.#isOpen()) return;
    const closing = this.#closing;
    const steady = by === "transport" || this.#at - this.#readyAt >= STEADY_MS;
    if (this.#session === "ready" && steady) this.#failures = 0;
    this.#cancelTimers();
    for (const { ref } of this.#commands.disconnected()) {
      const answer = unavailable("the connection was lost before the answer");
      this.#out.push({ type: "settle", ref, answer });
    }
    this.#forgetSession();
    if (closing && !closing.retryable) {
      const unauthorized = HOPELESS.has(closing.reason);
      return this.#giveUp(unauthorized ? "unauthorized" : "unavailable", {
        code: unauthorized ? (closing.reason as ErrorCode) : "unavailable",
        message: `the server closed the namespace: ${closing.reason}`,
        retryable: false,
      });
    }
    if (closing?.reason === "auth_expired") return this.#tokenExpired();
    this.#enterUnderWay();
    this.#wait(by === "transport" ? "link" : "patience", closing?.retry_after_ms);
  }

  #forgetSession(): void {
    this.#emitted.clear();
    this.#left.clear();
    this.#resumed.clear();
    this.#closing = null;
    this.#probing = false;
    for (const channel of this.#channels.values()) {
      channel.asking = null;
      channel.failures = 0;
      if (channel.phase !== "stale") channel.phase = "idle";
    }
  }

  #becomeReady(ready: Ready, meta: EventMeta): void {
    this.#cancelTimer("ready");
    this.#out.push({ type: "deliver", event: "session.ready", data: ready, meta });
    this.#session = "ready";
    this.#everReady = true;
    this.#readyAt = this.#at;
    for (const [name, resumed] of Object.entries(ready.resumed)) {
      const known = this.#channels.get(name);
      if (!known && this.#resumed.has(name)) {
        this.#emitUnsubscribe(name);
        continue;
      }
      const channel = known ?? this.#joined(name);
      if (channel.phase !== "stale") this.#apply(channel, resumed);
    }
    for (const channel of [...this.#channels.values()]) {
      if (channel.name in ready.resumed || channel.phase === "stale") continue;
      if (channel.wanted) this.#ask(channel);
      else channel.phase = "live";
    }
    this.#pump();
    this.#enterLive();
  }

  #enterLive(): void {
    this.#enter(this.#transport === "polling" ? "degraded" : "connected");
  }

  #enterUnderWay(): void {
    this.#enter(this.#everReady ? "reconnecting" : "connecting");
  }

  #enter(state: State): void {
    if (state === this.#state) return;
    this.#state = state;
    this.#since = this.#at;
    this.#out.push({ type: "state", state });
  }

  // Tokens (SES2)

  #fetch(session: number, reason: "connect" | "expiring" | "expired"): void {
    const outstanding = this.#fetching !== null;
    this.#fetching = session;
    if (!outstanding) this.#out.push({ type: "fetch_token", reason });
  }

  #token(ok: boolean, error?: CoursewireError): void {
    const fetchedFor = this.#fetching;
    this.#fetching = null;
    this.#tokenKnown = this.#tokenKnown || ok;
    if (this.#session === "token") {
      this.#tokenForAttempt(ok, error);
    } else if (this.#session === "ready" && (fetchedFor === null || fetchedFor === this.#number)) {
      if (ok) this.#emitOwn("auth.refresh", {}, { kind: "refresh" });
      else if (fetchedFor !== null) this.#refreshLater(error);
    } else if (this.#session === "hopeless" && this.#state === "unauthorized" && ok) {
      this.#begin();
    }
  }

  #tokenForAttempt(ok: boolean, error?: CoursewireError): void {
    const wait = this.#waitForToken;
    this.#waitForToken = false;
    if (ok && !wait) this.#attempt();
    else if (!ok && error && TOKEN_HOPELESS.has(error.code)) this.#giveUp("unauthorized", error);
    else this.#wait("patience");
  }

  #refreshLater(error?: CoursewireError): void {
    this.#setTimer("refresh", error?.retry_after_ms ?? REFRESH_MS);
  }

  // Channels

  #joined(name: string): Channel {
    const channel = new Channel(name, false);
    this.#channels.set(name, channel);
    return channel;
  }

  #subscribe(name: string, since?: Position): void {
    const known = this.#channels.get(name);
    if (known?.wanted) return;
    const channel = known ?? new Channel(name, true);
    channel.wanted = true;
    this.#channels.set(name, channel);
    if (since) {
      channel.move(since);
      channel.phase = "idle";
    }
    if (this.#session === "ready" && channel.phase !== "stale") this.#ask(channel);
  }

  #unsubscribe(name: string): void {
    const channel = this.#channels.get(name);
    if (!channel) return;
    this.#channels.delete(name);
    this.#cancelTimer(`subscribe:${name}`);
    if (channel.phase === "idle" || channel.phase === "refused") return;
    this.#left.add(name);
    if (this.#session === "ready") this.#emitUnsubscribe(name);
  }

  #emitUnsubscribe(name: string): void {
    this.#left.add(name);
    this.#emitOwn("unsubscribe", { channel: name }, { kind: "unsubscribe", channel: name });
  }

  #ask(channel: Channel): void {
    const { name } = channel;
    this.#left.delete(name);
    channel.phase = "asked";
    const payload = channel.position ? { channel: name, since: { ...channel.position } } : { channel: name };
    channel.asking = this.#emitOwn("subscribe", payload, { kind: "subscribe", channel: name });
  }

  /** Take the answer of `subscribe`, or a channel of `resumed`; the replayed events went before it. */
  #apply(channel: Channel, answer: Omit<Subscription, "channel">): void {
    const { name } = channel;
    const { epoch, offset } = answer;
    channel.asking = null;
    if (answer.recovered || answer.reason !== "forbidden") {
      for (const { event, data } of answer.latest ?? []) {
        this.#out.push({ type: "deliver", event, data, meta: { channel: name } });
      }
    }
    if (answer.recovered) {
      if (channel.position?.epoch === epoch && channel.position.offset < offset)
        return this.#holeStays(channel);
    } else if (answer.reason === "forbidden") {
      return this.#taken(name, "forbidden");
    } else if (answer.reason) {
      return this.#needSnapshot(channel, answer.reason, { epoch, offset });
    } else if (!channel.reaches({ epoch, offset })) {
      channel.move({ epoch, offset });
    }
    channel.phase = "live";
    channel.failures = 0;
    this.#out.push({ type: "subscribed", channel: name, epoch, offset, recovered: answer.recovered });
  }

  #holeStays(channel: Channel): void {
    if (channel.failures === 0) {
      channel.failures = 1;
      this.#ask(channel);
    } else {
      this.#refuseForNow(channel);
    }
  }

  #refuseForNow(channel: Channel, retryAfter?: number): void {
    channel.phase = "refused";
    const ms = retryAfter ?? backOff(channel.failures, this.#random());
    channel.failures += 1;
    this.#setTimer(`subscribe:${channel.name}`, ms);
  }

  #needSnapshot(channel: Channel, reason: Reason, position: Position): void {
    channel.phase = "stale";
    this.#out.push({ type: "need_snapshot", channel: channel.name, reason, position });
  }

  #taken(name: string, reason: string): void {
    this.#channels.delete(name);
    this.#cancelTimer(`subscribe:${name}`);
    this.#out.push({ type: "unsubscribed", channel: name, reason });
  }

  #snapshotLoaded(name: string, position: Position): void {
    const channel = this.#channels.get(name);
    if (channel?.phase !== "stale") return;
    channel.move(position);
    channel.phase = "idle";
    if (this.#session === "ready") this.#ask(channel);
  }

  // Events

  #received(event: string, data: unknown, meta: EventMeta): void {
    if (event === "session.ready") {
      if (this.#session === "recovering") this.#becomeReady(data as Ready, meta);
      return;
    }
    if (this.#session !== "recovering" && this.#session !== "ready") return;
    const known = this.#channels.get(meta.channel);
    if (!known && this.#left.has(meta.channel)) return;
    if (meta.offset !== undefined && !this.#isNext(meta.channel, meta.epoch ?? "", meta.offset)) return;
    this.#out.push({ type: "deliver", event, data, meta });
    if (event === "auth.expiring") this.#fetch(this.#number, "expiring");
    else if (event === "namespace.closing") this.#closing = data as NamespaceGone;
    else if (event === "channel.closed" && known) this.#taken(known.name, (data as ChannelGone).reason);
  }

  /** Whether an event comes right after the last one of its channel; a hole asks the server again. */
  #isNext(name: string, epoch: string, offset: number): boolean {
    let channel = this.#channels.get(name);
    if (!channel) {
      channel = this.#joined(name);
      channel.phase = "live";
    }
    const verdict = channel.judge(epoch, offset);
    if (verdict === "hole" && this.#session === "ready") this.#ask(channel);
    return verdict === "next";
  }

  // Commands

  #command({ ref, command, payload }: Queued): void {
    const queued = { ref, command, payload };
    const keyed = isKeyed(queued);
    if (this.#state === "closed" || (this.#session === "hopeless" && !keyed)) {
      const message = `the namespace is ${this.#state}`;
      const error: CoursewireError = { code: "unavailable", message, retryable: false };
      this.#out.push({ type: "refused_command", ref, error });
      return;
    }
    if (!this.#commands.add(queued)) {
      const error: CoursewireError = { code: "overloaded", message: "the outbox is full", retryable: true };
      this.#out.push({ type: "refused_command", ref, error });
      return;
    }
    if (keyed) this.#persist();
    this.#pump();
  }

  #cancel(ref: string): void {
    const command = this.#commands.remove(ref);
    if (!command) return;
    this.#emitted.delete(ref);
    this.#cancelTimer(`retry:${ref}`);
    if (isKeyed(command)) this.#persist();
    this.#pump();
  }

  #pump(): void {
    if (this.#session !== "ready") return;
    for (const command of this.#commands.sendable()) {
      command.stage = "sent";
      this.#emit(command, { kind: "command" });
    }
  }

  #answer(ref: string, answer: Answer): void {
    const emitted = this.#emitted.get(ref);
    if (!emitted) return;
    this.#emitted.delete(ref);
    this.#latency = this.#at - emitted.at;
    const command = this.#commands.get(ref);
    if (command) return this.#answered(command, answer);
    if (emitted.kind === "subscribe") return this.#answeredSubscribe(emitted.channel ?? "", ref, answer);
    if (emitted.kind === "unsubscribe") this.#left.delete(emitted.channel ?? "");
    if (emitted.kind === "ping") {
      this.#probing = false;
      this.#cancelTimer("probe");
    }
    if (emitted.kind === "refresh" && !answer.ok) this.#refreshLater(answer.error);
  }

  #answeredSubscribe(name: string, ref: string, answer: Answer): void {
    const channel = this.#channels.get(name);
    if (channel?.asking !== ref) return;
    if (answer.ok) return this.#apply(channel, answer.data as Subscription);
    channel.asking = null;
    if (answer.error.retryable) this.#refuseForNow(channel, answer.error.retry_after_ms);
    else this.#taken(name, answer.error.code);
  }

  #answered(command: Waiting, answer: Answer): void {
    if (!answer.ok && answer.error.retryable && LATER.has(answer.error.code)) {
      command.stage = "retrying";
      const ms = answer.error.retry_after_ms ?? backOff(command.retries, this.#random());
      command.retries += 1;
      this.#setTimer(`retry:${command.ref}`, ms);
      return;
    }
    this.#commands.remove(command.ref);
    if (isKeyed(command)) this.#persist();
    this.#out.push({ type: "settle", ref: command.ref, answer });
    this.#pump();
  }

  #persist(): void {
    this.#out.push({ type: "persist", outbox: this.#commands.keyed() });
  }

  #emitOwn(command: string, payload: Record<string, unknown>, what: Omit<Emitted, "at">): string {
    this.#refs += 1;
    const ref = `#${this.#refs}`;
    this.#emit({ ref, command, payload }, what);
    return ref;
  }

  #emit({ ref, command, payload }: Queued, what: Omit<Emitted, "at">): void {
    this.#emitted.set(ref, { ...what, at: this.#at });
    this.#out.push({ type: "emit", ref, command, payload });
  }

  // Timers

  #setTimer(name: string, ms: number): void {
    this.#timers.add(name);
    this.#out.push({ type: "set_timer", name, ms });
  }

  #cancelTimer(name: string): void {
    if (this.#timers.delete(name)) this.#out.push({ type: "cancel_timer", name });
  }

  #cancelTimers(): void {
    for (const name of [...this.#timers].sort(byName)) this.#cancelTimer(name);
  }

  #timer(name: string): void {
    if (!this.#timers.delete(name)) return;
    if (name === "reconnect") return this.#attempt();
    if (name === "ready") {
      this.#out.push({ type: "disconnect" });
      return this.#disconnected("transport");
    }
    if (name === "probe") {
      this.#out.push({ type: "reset" });
      return;
    }
    if (name === "refresh") return this.#fetch(this.#number, "expiring");
    if (name.startsWith("retry:")) {
      const command = this.#commands.get(name.slice("retry:".length));
      if (command) command.stage = "waiting";
      return this.#pump();
    }
    const channel = this.#channels.get(name.slice("subscribe:".length));
    if (channel) this.#ask(channel);
  }
}
