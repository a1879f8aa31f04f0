/** What goes into and comes out of one namespace's state machine. The exact meaning: `tests/traces/README.md`. */

import type { CoursewireError, Meta, Position, Reason } from "../../contract";

/** The states of a namespace (CLI4). */
export type State =
  | "idle"
  | "connecting"
  | "connected"
  | "recovering"
  | "reconnecting"
  | "degraded"
  | "unavailable"
  | "unauthorized"
  | "closed";

export type Transport = "websocket" | "polling";

export type Answer = { ok: true; data: unknown } | { ok: false; error: CoursewireError };

/** A command that waits for its answer. `ref` is ours and never travels. */
export interface Queued {
  ref: string;
  command: string;
  payload: Record<string, unknown>;
}

/** Events that carry no identity of their own (values that came with a subscription) name only their channel. */
export type EventMeta = Pick<Meta, "channel"> & Partial<Meta>;

export type Input =
  | { type: "start"; token_known: boolean }
  | { type: "stop" }
  | { type: "opened"; transport: Transport }
  | { type: "connected"; sid: string }
  | { type: "received"; event: string; data: unknown; meta: EventMeta }
  | { type: "refused"; error: CoursewireError }
  | { type: "disconnected"; by: "server" | "transport"; reason: string }
  | { type: "subscribe"; channel: string; since?: Position }
  | { type: "unsubscribe"; channel: string }
  | { type: "snapshot_loaded"; channel: string; position: Position }
  | { type: "overflowed"; channel: string }
  | ({ type: "command" } & Queued)
  | { type: "cancel"; ref: string }
  | { type: "answer"; ref: string; answer: Answer }
  | { type: "restore"; outbox: Queued[] }
  | { type: "token"; ok: boolean; error?: CoursewireError }
  | { type: "timer"; name: string }
  | { type: "online" };

export type Output =
  | { type: "state"; state: State }
  | { type: "fetch_token"; reason: "connect" | "expiring" | "expired" }
  | { type: "connect"; resume: Record<string, Position> }
  | { type: "disconnect" }
  | { type: "reset" }
  | ({ type: "emit" } & Queued)
  | { type: "deliver"; event: string; data: unknown; meta: EventMeta }
  | { type: "subscribed"; channel: string; epoch: string; offset: number; recovered: boolean }
  | { type: "unsubscribed"; channel: string; reason: string }
  | { type: "need_snapshot"; channel: string; reason: Reason; position: Position }
  | { type: "set_timer"; name: string; ms: number }
  | { type: "cancel_timer"; name: string }
  | { type: "settle"; ref: string; answer: Answer }
  | { type: "persist"; outbox: Queued[] }
  | { type: "refused_command"; ref: string; error: CoursewireError };

export interface Diagnostics {
  state: State;
  /** Milliseconds: when the state began. */
  since: number;
  transport?: Transport;
  /** The last round trip of a command that was answered. */
  latency_ms?: number;
  /** Failed attempts in a row. */
  attempts: number;
  /** Commands without a final answer. */
  queued: number;
}

/** The back-off of attempt `n`, counted from 0; `random` is uniform in [0, 1). Milliseconds. */
export function backOff(n: number, random: number): number {
  return Math.floor(Math.min(5_000, 500 * 2 ** n) * (0.5 + random * 0.5));
}
