/** The sans-IO core of one namespace: inputs in, outputs out; no socket, no clock, no randomness of its own (CLI1-4). */

import type { CoursewireError, ErrorCode, NamespaceGone, Position, Ready } from "../../contract";
import { Commands } from "./commands";
import { Effects } from "./effects";
import type { Diagnostics, EventMeta, Input, Output, State, Transport } from "./protocol";
import { Subscriptions } from "./subscriptions";

const READY_MS = 15_000;
const PROBE_MS = 2_000;
const REFRESH_MS = 5_000;
/** A session that the server ends sooner than this counts as a failed attempt. */
const STEADY_MS = 5_000;

const HOPELESS = new Set(["auth_missing", "auth_invalid", "forbidden"]);
const TOKEN_HOPELESS = new Set([...HOPELESS, "auth_expired"]);

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

export class NamespaceMachine {
  readonly #effects: Effects;
  readonly #subscriptions: Subscriptions;
  readonly #commands: Commands;

  #state: State = "idle";
  #since = 0;
  #session: Session = "off";
  /** Counts sessions, so that what belongs to one does not leak into the next. */
  #number = 0;
  #everReady = false;
  #transport: Transport | null = null;
  /** Failures in a row: the n of the back-off. */
  #failures = 0;
  #readyAt = 0;
  #tokenKnown = false;
  /** The session for which a token is being fetched; 0 when it is for the next CONNECT. */
  #fetching: number | null = null;
  /** A token that comes for an attempt must still wait for the back-off. */
  #waitForToken = false;
  #probing = false;
  #closing: NamespaceGone | null = null;

  constructor(options: MachineOptions) {
    this.#effects = new Effects(options.random);
    this.#subscriptions = new Subscriptions(this.#effects, options.resumeLimit ?? 100);
    this.#commands = new Commands(this.#effects, options.outboxLimit ?? 1_000, (positions) =>
      this.#subscriptions.adopt(positions),
    );
  }

  get state(): State {
    return this.#state;
  }

  get diagnostics(): Diagnostics {
    return {
      state: this.#state,
      since: this.#since,
      ...(this.#transport && { transport: this.#transport }),
      ...(this.#effects.latency !== null && { latency_ms: this.#effects.latency }),
      attempts: this.#session === "ready" ? 0 : this.#failures,
      queued: this.#commands.size,
    };
  }

  /** How far a channel has been read, or null. */
  position(channel: string): Position | null {
    return this.#subscriptions.position(channel);
  }

  /** Take one input at a time in milliseconds, which never falls. */
  step(at: number, input: Input): Output[] {
    this.#effects.at = at;
    this.#take(input);
    return this.#effects.taken();
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
        return this.#awaitReady();
      case "received":
        return this.#received(input.event, input.data, input.meta);
      case "refused":
        return this.#refused(input.error);
      case "disconnected":
        return this.#disconnected(input.by);
      case "subscribe":
        return this.#subscriptions.subscribe(input.channel, input.since);
      case "unsubscribe":
        return this.#subscriptions.unsubscribe(input.channel);
      case "snapshot_loaded":
        return this.#subscriptions.snapshotLoaded(input.channel, input.position);
      case "overflowed":
        return this.#subscriptions.catchUp(input.channel);
      case "command":
        return this.#commands.take(input, this.#state, this.#session === "hopeless");
      case "cancel":
        return this.#commands.cancel(input.ref);
      case "answer":
        return this.#effects.answer(input.ref, input.answer);
      case "restore":
        return this.#commands.restore(input.outbox);
      case "token":
        return this.#token(input.ok, input.error);
      case "timer":
        return this.#effects.fire(input.name);
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
    this.#effects.cancelAll();
    if (this.#isOpen()) this.#effects.put({ type: "disconnect" });
    this.#commands.stop();
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
    const resume = this.#subscriptions.resume();
    this.#effects.put({ type: "connect", resume });
    this.#awaitReady();
  }

  #wait(session: "link" | "patience", atLeast = 0): void {
    this.#session = session;
    const ms = Math.max(this.#effects.delay(this.#failures), atLeast);
    this.#failures += 1;
    this.#effects.set("reconnect", ms, () => this.#attempt());
  }

  #opened(transport: Transport): void {
    this.#transport = transport;
    if (this.#session === "link") {
      this.#effects.cancel("reconnect");
      this.#attempt();
    } else if (this.#session === "ready") {
      this.#enterLive();
    }
  }

  #online(): void {
    if (this.#session === "link") {
      this.#effects.cancel("reconnect");
      this.#failures = 0;
      this.#attempt();
    } else if (this.#session === "ready" && !this.#probing) {
      this.#probing = true;
      this.#effects.emit("ping", { sent_at: this.#effects.at }, () => {
        this.#probing = false;
        this.#effects.cancel("probe");
      });
      this.#effects.set("probe", PROBE_MS, () => this.#effects.put({ type: "reset" }));
    }
  }

  #refused(error: CoursewireError): void {
    if (this.#session !== "connecting") return;
    this.#effects.cancel("ready");
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
    this.#commands.giveUp(error);
    this.#session = "hopeless";
    this.#enter(state);
  }

  #disconnected(by: "server" | "transport"): void {
    if (by === "transport") this.#transport = null;
    if (!this.#isOpen()) return;
    const closing = this.#closing;
    const steady = by === "transport" || this.#effects.at - this.#readyAt >= STEADY_MS;
    if (this.#session === "ready" && steady) this.#failures = 0;
    this.#effects.cancelAll();
    this.#commands.lost();
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
    this.#effects.forgetAnswers();
    this.#subscriptions.lost();
    this.#closing = null;
    this.#probing = false;
  }

  #awaitReady(): void {
    this.#effects.set("ready", READY_MS, () => {
      this.#effects.put({ type: "disconnect" });
      this.#disconnected("transport");
    });
  }

  #becomeReady(ready: Ready, meta: EventMeta): void {
    this.#effects.cancel("ready");
    this.#effects.put({ type: "deliver", event: "session.ready", data: ready, meta });
    this.#session = "ready";
    this.#everReady = true;
    this.#readyAt = this.#effects.at;
    const paceMs = 1_000 / (ready.limits?.commands_per_second ?? Number.POSITIVE_INFINITY);
    // Half of what the server takes stays for what somebody waits for.
    this.#subscriptions.ready(ready.resumed, 2 * paceMs);
    this.#commands.ready(paceMs);
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
    this.#since = this.#effects.at;
    this.#effects.put({ type: "state", state });
  }

  // Tokens (SES2)

  #fetch(session: number, reason: "connect" | "expiring" | "expired"): void {
    const outstanding = this.#fetching !== null;
    this.#fetching = session;
    if (!outstanding) this.#effects.put({ type: "fetch_token", reason });
  }

  #token(ok: boolean, error?: CoursewireError): void {
    const fetchedFor = this.#fetching;
    this.#fetching = null;
    this.#tokenKnown = this.#tokenKnown || ok;
    if (this.#session === "token") {
      this.#tokenForAttempt(ok, error);
    } else if (this.#session === "ready" && (fetchedFor === null || fetchedFor === this.#number)) {
      if (ok) this.#refresh();
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

  #refresh(): void {
    this.#effects.emit("auth.refresh", {}, (answer) => {
      if (!answer.ok) this.#refreshLater(answer.error);
    });
  }

  #refreshLater(error?: CoursewireError): void {
    const ms = error?.retry_after_ms ?? REFRESH_MS;
    this.#effects.set("refresh", ms, () => this.#fetch(this.#number, "expiring"));
  }

  // Events

  #received(event: string, data: unknown, meta: EventMeta): void {
    if (event === "session.ready") {
      if (this.#session === "recovering") this.#becomeReady(data as Ready, meta);
      return;
    }
    if (this.#session !== "recovering" && this.#session !== "ready") return;
    if (!this.#subscriptions.admits(meta)) return;
    this.#effects.put({ type: "deliver", event, data, meta });
    if (event === "auth.expiring") this.#fetch(this.#number, "expiring");
    else if (event === "namespace.closing") this.#closing = data as NamespaceGone;
    else if (event === "channel.closed") this.#closed(meta.channel, (data as { reason: string }).reason);
  }

  #closed(channel: string, reason: string): void {
    if (reason === "lagging") this.#subscriptions.catchUp(channel);
    else this.#subscriptions.takeAway(channel, reason);
  }
}
