/** How every namespace is doing, in plain words, with the figures behind it one click away. */

import { Popover } from "radix-ui";
import { useEffect, useState } from "react";
import { useConnectionStatus } from "../hooks/useConnectionStatus";
import type { NamespaceStatus } from "../services/websocket/connectionStatus";
import { explain } from "../services/websocket/errors";
import type { State } from "../services/websocket/protocol";
import { duration } from "./times";
import "./styles";

const WORDS: Record<State, string> = {
  idle: "Not connected",
  connecting: "Connecting…",
  connected: "Connected",
  recovering: "Catching up…",
  reconnecting: "Reconnecting…",
  degraded: "Connected, slower",
  unavailable: "Not available",
  unauthorized: "Sign-in needed",
  closed: "Signed out",
};

const NAMES: Record<string, string> = {
  "/chat": "Chat",
  "/analytics": "Analytics",
  "/notifications": "Notifications",
  "/collaboration": "Documents",
};

export const stateWords = (state: State): string => WORDS[state];

export interface ConnectionStatusProps {
  /** Only the dot, where there is no room for words. */
  compact?: boolean;
  side?: "top" | "bottom" | "right";
}

export function ConnectionStatus({ compact = false, side = "bottom" }: ConnectionStatusProps) {
  const { namespaces, overall, retry } = useConnectionStatus();
  const entries = Object.entries(namespaces);
  return (
    <Popover.Root>
      <Popover.Trigger
        className="cw-connection"
        data-compact={compact || undefined}
        aria-label={`Connection: ${WORDS[overall]}`}
        title={WORDS[overall]}
      >
        <span className="cw-dot" data-state={overall} aria-hidden="true" />
        {!compact && <span aria-hidden="true">{WORDS[overall]}</span>}
      </Popover.Trigger>
      <span className="cw-hidden" role="status">
        {WORDS[overall]}
      </span>
      <Popover.Portal>
        <Popover.Content
          className="cw-popover cw-connection-details"
          side={side}
          align="end"
          sideOffset={8}
          collisionPadding={8}
          aria-label="Connection details"
        >
          <h3 className="cw-popover-title">Connection</h3>
          {entries.length === 0 && <p className="cw-muted">Nothing is connected here.</p>}
          {entries.map(([namespace, status]) => (
            <Details key={namespace} namespace={namespace} status={status} retry={retry} />
          ))}
        </Popover.Content>
      </Popover.Portal>
    </Popover.Root>
  );
}

interface DetailsProps {
  namespace: string;
  status: NamespaceStatus;
  retry: (namespace: string) => void;
}

function Details({ namespace, status, retry }: DetailsProps) {
  const now = useNow();
  const { state, since, transport, latencyMs, attempts, queued, error } = status;
  const stopped = state === "unauthorized" || state === "unavailable";
  const facts: [string, string][] = [
    ["Transport", transport === null ? "None" : transport === "websocket" ? "WebSocket" : "HTTP polling"],
    ["Round trip", latencyMs === null ? "Not measured" : `${latencyMs} ms`],
    ["Failed attempts", String(attempts)],
    ["Waiting to be sent", String(queued)],
  ];
  return (
    <section className="cw-namespace" aria-label={NAMES[namespace] ?? namespace}>
      <div className="cw-namespace-head">
        <span className="cw-dot" data-state={state} aria-hidden="true" />
        <strong>{NAMES[namespace] ?? namespace}</strong>
        <span className="cw-muted">
          {WORDS[state]} for {duration(Math.max(0, now - since))}
        </span>
      </div>
      {error && stopped && <p className="cw-error">{explain(error)}</p>}
      <dl className="cw-facts">
        {facts.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
      {stopped && (
        <button type="button" className="cw-button" onClick={() => retry(namespace)}>
          Try again
        </button>
      )}
    </section>
  );
}

function useNow(): number {
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 10_000);
    return () => clearInterval(timer);
  }, []);
  return now;
}
