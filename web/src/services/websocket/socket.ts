/** One namespace over the official `socket.io-client`; a person's namespaces of one server share one connection. */

import { Manager, type Socket } from "socket.io-client";
import type { CoursewireError } from "../../contract";
import { parted, withPlainBytes } from "./bytes";
import type { Answer, EventMeta, Transport } from "./protocol";

export interface SocketEvents {
  opened(transport: Transport): void;
  connected(sid: string): void;
  /** `attachment`: the bytes that came beside the data. */
  received(event: string, data: unknown, meta: EventMeta, attachment?: Uint8Array): void;
  /** The server said no to CONNECT. */
  refused(error: CoursewireError): void;
  /** Once per attempt or session. */
  disconnected(by: "server" | "transport", reason: string): void;
}

export interface SocketPort {
  connect(auth: Record<string, unknown>): void;
  /** A field of bytes travels as an argument of its own; bytes of the answer are in it. */
  emit(command: string, payload: unknown, answered?: (answer: Answer) => void): void;
  /** End this namespace; silent. */
  disconnect(): void;
  /** The connection is dead though nobody said so: end it under all namespaces. */
  drop(): void;
  /** Give the shared connection back. */
  release(): void;
}

export interface SocketOptions {
  /** The server's origin; empty for the page's own. */
  url: string;
  /** Whose it is: two people on one page do not share a connection. */
  userId: string;
  path?: string;
  /** In order of preference. Both is the default: polling is the fallback. */
  transports?: Transport[];
}

export type OpenSocket = (options: SocketOptions, namespace: string, events: SocketEvents) => SocketPort;

/** How long one attempt may take before the next transport or the back-off has its turn. */
const OPEN_TIMEOUT_MS = 4_000;

interface Shared {
  /** What the connections that are alike have in common. */
  name: string;
  manager: Manager;
  /** Its namespaces: a manager has one socket for each, however often it is asked for one. */
  taken: Set<string>;
}

const connections = new Set<Shared>();

/**
 * `tryAllTransports` helps where WebSocket is refused; but the client strikes out what has failed, and would not upgrade to
 * it when that was but a moment's fault. So the first stands at the end once more.
 */
function withWayBack(order: Transport[]): Transport[] {
  const [first, ...others] = order;
  return first && others.length > 0 ? [...order, first] : order;
}

function available(transports: Transport[]): Transport[] {
  // Where it is missing the client would wait for nothing. Node's client brings its own.
  const missing = typeof window !== "undefined" && typeof WebSocket === "undefined";
  return missing ? transports.filter((one) => one !== "websocket") : transports;
}

/** Find a connection on which nobody has this namespace yet: a page may mount two providers for one person. */
function acquire(
  { url, userId, path = "/socket.io/", transports = ["websocket", "polling"] }: SocketOptions,
  namespace: string,
): Shared {
  const name = JSON.stringify([url, path, transports, userId]);
  let shared = [...connections].find((one) => one.name === name && !one.taken.has(namespace));
  if (!shared) {
    let order = available(transports);
    const manager = new Manager(url, {
      path,
      transports: withWayBack(order),
      tryAllTransports: true,
      autoConnect: false,
      reconnection: false, // Each namespace has its own back-off.
      timeout: OPEN_TIMEOUT_MS,
    });
    manager.on("error", ({ message }) => {
      if (message !== "timeout") return;
      // A proxy swallowed it without a word: the next attempt begins with the other, and upgrades if that works.
      order = [...order].reverse();
      manager.opts.transports = withWayBack(order);
    });
    shared = { name, manager, taken: new Set() };
    connections.add(shared);
  }
  shared.taken.add(namespace);
  return shared;
}

export const openSocket: OpenSocket = (options, namespace, events) => {
  const shared = acquire(options, namespace);
  const { manager } = shared;
  let auth: Record<string, unknown> = {};
  /** From `connect` until its end was told. */
  let busy = false;
  const socket: Socket = manager.socket(namespace);
  socket.auth = (send) => send(auth);

  const end = (tell: () => void): void => {
    if (!busy) return;
    busy = false;
    // Otherwise the shared connection would CONNECT this namespace again as soon as another one opens it.
    socket.disconnect();
    tell();
  };
  const tellTransport = (): void => {
    events.opened(manager.engine.transport.name === "polling" ? "polling" : "websocket");
  };
  const opened = (): void => {
    manager.engine.on("upgrade", tellTransport);
    tellTransport();
  };

  manager.on("open", opened);
  socket.on("connect", () => {
    if (busy) events.connected(socket.id ?? "");
  });
  socket.on("connect_error", (error: Error & { data?: unknown }) => {
    // After a refusal the socket is inactive; after a failure of the transport it waits for the manager.
    if (socket.active) end(() => events.disconnected("transport", error.message));
    else end(() => events.refused(asError(error)));
  });
  socket.on("disconnect", (reason) => {
    end(() => events.disconnected(reason === "io server disconnect" ? "server" : "transport", reason));
  });
  socket.onAny((event: string, data: unknown, ...others: unknown[]) => {
    if (!busy) return;
    const [meta, attachment] = [others.at(-1), others.length > 1 ? others[0] : undefined];
    const envelope = isEnvelope(meta) ? meta : { channel: "" };
    if (attachment === undefined) events.received(event, data, envelope);
    else events.received(event, data, envelope, withPlainBytes(attachment) as Uint8Array);
  });

  return {
    connect(next) {
      auth = next;
      busy = true;
      // What an earlier session could not write is in our own outbox; the client must not send it too.
      socket.sendBuffer = [];
      if (manager._readyState === "open") tellTransport();
      socket.connect();
    },
    emit(command, payload, answered) {
      const [rest, attachments] = parted(payload);
      if (!answered) socket.emit(command, rest, ...attachments);
      else
        socket.emit(command, rest, ...attachments, (answer: Answer) =>
          answered(withPlainBytes(answer) as Answer),
        );
    },
    disconnect() {
      busy = false;
      socket.disconnect();
    },
    drop() {
      // Closing the engine would wait until its buffer is written, which on a dead link is never.
      manager["onclose"]("transport close");
    },
    release() {
      busy = false;
      manager.off("open", opened);
      socket.disconnect();
      socket.removeAllListeners();
      socket.offAny();
      shared.taken.delete(namespace);
      if (shared.taken.size === 0) connections.delete(shared);
    },
  };
};

const isEnvelope = (value: unknown): value is EventMeta =>
  typeof value === "object" &&
  value !== null &&
  !ArrayBuffer.isView(value) &&
  !(value instanceof ArrayBuffer);

function asError(error: Error & { data?: unknown }): CoursewireError {
  const data = error.data as Partial<CoursewireError> | undefined;
  if (data && typeof data.code === "string") return data as CoursewireError;
  return { code: "internal", message: error.message, retryable: false };
}
