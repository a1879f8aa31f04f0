/** The one place that knows how every namespace is doing. */

import type { CoursewireError } from "../../contract";
import { Watchers } from "./listeners";
import type { State, Transport } from "./protocol";

export interface NamespaceStatus {
  state: State;
  /** Milliseconds since 1970: when it entered this state. */
  since: number;
  transport: Transport | null;
  /** The last measured round trip; null before the first. */
  latencyMs: number | null;
  /** Failed attempts since the last session. */
  attempts: number;
  /** Commands that wait or are under way. */
  queued: number;
  /** Why it is not connected, where the server said so. */
  error: CoursewireError | null;
}

export type ConnectionStatuses = Readonly<Record<string, NamespaceStatus>>;

/** A namespace whose events arrive and whose commands are sent. */
export const isLive = (state: State): boolean => state === "connected" || state === "degraded";

const GRAVITY: State[] = [
  "idle",
  "closed",
  "connected",
  "degraded",
  "connecting",
  "recovering",
  "reconnecting",
  "unavailable",
  "unauthorized",
];

export class ConnectionStatusStore {
  #statuses: ConnectionStatuses = {};
  readonly #watchers: Watchers;

  /** `report`: where an exception of somebody who is told goes. */
  constructor(report: (error: unknown) => void = (error) => globalThis.reportError(error)) {
    this.#watchers = new Watchers(report);
  }

  readonly subscribe = (listener: () => void): (() => void) => this.#watchers.add(listener);

  readonly getSnapshot = (): ConnectionStatuses => this.#statuses;

  get listeners(): number {
    return this.#watchers.count;
  }

  set(namespace: string, status: NamespaceStatus): void {
    const before = this.#statuses[namespace];
    if (before && same(before, status)) return;
    this.#statuses = { ...this.#statuses, [namespace]: status };
    this.#watchers.tell();
  }

  remove(namespace: string): void {
    if (!(namespace in this.#statuses)) return;
    const { [namespace]: _gone, ...rest } = this.#statuses;
    this.#statuses = rest;
    this.#watchers.tell();
  }
}

/** The state to show for all namespaces together: the worst of them. */
export function overall(statuses: ConnectionStatuses): State {
  let worst: State = "idle";
  for (const { state } of Object.values(statuses)) {
    if (GRAVITY.indexOf(state) > GRAVITY.indexOf(worst)) worst = state;
  }
  return worst;
}

function same(a: NamespaceStatus, b: NamespaceStatus): boolean {
  return (Object.keys(b) as (keyof NamespaceStatus)[]).every((key) => a[key] === b[key]);
}
