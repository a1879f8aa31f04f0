// @vitest-environment node
/** The socket on the official client, against the official server: sharing, refusals, transports, clean ends. */

import { createServer, type Server as HttpServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { Duplex } from "node:stream";
import { Server } from "socket.io";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { openSocket, type SocketEvents, type SocketPort } from "./socket";

let http: HttpServer;
let server: Server;
let url: string;
const ports: SocketPort[] = [];

function listen(options: object = {}): Promise<void> {
  http = createServer();
  server = new Server(http, { serveClient: false, ...options });
  server.of("/chat").on("connection", (socket) => {
    socket.on("echo", (payload: unknown, answer: (data: unknown) => void) =>
      answer({ ok: true, data: payload }),
    );
  });
  server.of("/analytics");
  return new Promise((done) => {
    http.listen(0, "127.0.0.1", () => {
      url = `http://127.0.0.1:${(http.address() as AddressInfo).port}`;
      done();
    });
  });
}

beforeEach(() => listen());
afterEach(async () => {
  for (const port of ports.splice(0)) port.release();
  await server.close();
});

/** End every connection without a word to any namespace. */
function cut(): void {
  for (const client of Object.values(
    server.engine["clients"] as Record<string, { close(discard: boolean): void }>,
  ))
    client.close(true);
}

type Told = { [Name in keyof SocketEvents]: [Name, ...Parameters<SocketEvents[Name]>] }[keyof SocketEvents];

/** A socket whose events can be awaited. */
function open(namespace: string, transports?: ("websocket" | "polling")[], userId = "ada") {
  const told: Told[] = [];
  const waiting: [string, (event: Told) => void][] = [];
  const tell = (event: Told): void => {
    told.push(event);
    const index = waiting.findIndex(([name]) => name === event[0]);
    if (index >= 0) waiting.splice(index, 1)[0]?.[1](event);
  };
  const port = openSocket({ url, userId, ...(transports && { transports }) }, namespace, {
    opened: (transport) => tell(["opened", transport]),
    connected: (sid) => tell(["connected", sid]),
    received: (event, data, meta) => tell(["received", event, data, meta]),
    refused: (error) => tell(["refused", error]),
    disconnected: (by, reason) => tell(["disconnected", by, reason]),
  });
  ports.push(port);
  const next = (name: keyof SocketEvents): Promise<Told> => new Promise((done) => waiting.push([name, done]));
  const connect = async (): Promise<void> => {
    const connected = next("connected");
    port.connect({ token: "t" });
    await connected;
  };
  return { port, told, next, connect };
}

describe("openSocket", () => {
  it("sends the auth of each attempt, and brings answers back", async () => {
    const seen: unknown[] = [];
    server.of("/chat").use((socket, next) => {
      seen.push(socket.handshake.auth["token"]);
      next();
    });
    const chat = open("/chat");
    await chat.connect();
    const answer = await new Promise((done) => chat.port.emit("echo", { a: 1 }, done));
    expect(answer).toEqual({ ok: true, data: { a: 1 } });
    expect(seen).toEqual(["t"]);
  });

  it("carries several namespaces over one connection", async () => {
    const chat = open("/chat");
    const analytics = open("/analytics");
    await Promise.all([chat.connect(), analytics.connect()]);
    expect(server.engine.clientsCount).toBe(1);
  });

  it.each([
    ["the next person", "ben"],
    ["the same person once more", "ada"],
  ])("leaves the namespace of %s alone when an earlier one is given back", async (_who, userId) => {
    const before = open("/chat");
    await before.connect();
    const after = open("/chat", undefined, userId);
    before.port.release();
    await after.connect();
    const answer = await new Promise((done) => after.port.emit("echo", 1, done));
    expect(answer).toEqual({ ok: true, data: 1 });
  });

  it("does not put two people on one connection", async () => {
    await Promise.all([open("/chat").connect(), open("/analytics", undefined, "ben").connect()]);
    expect(server.engine.clientsCount).toBe(2);
  });

  it("[SES1] lets one namespace be refused and leaves the other alone", async () => {
    server.of("/analytics").use((_socket, next) => {
      next(Object.assign(new Error("no"), { data: { code: "forbidden", message: "no", retryable: false } }));
    });
    const chat = open("/chat");
    const analytics = open("/analytics");
    await chat.connect();
    const refused = analytics.next("refused");
    analytics.port.connect({});
    expect(await refused).toEqual(["refused", { code: "forbidden", message: "no", retryable: false }]);
    const answer = await new Promise((done) => chat.port.emit("echo", 1, done));
    expect(answer).toEqual({ ok: true, data: 1 });
    expect(chat.told.some(([name]) => name === "disconnected")).toBe(false);
  });

  it("tells a server's disconnect from a lost transport, each once", async () => {
    const chat = open("/chat");
    await chat.connect();
    const ended = chat.next("disconnected");
    server.of("/chat").disconnectSockets();
    expect(await ended).toMatchObject(["disconnected", "server", "io server disconnect"]);

    await chat.connect();
    const lost = chat.next("disconnected");
    cut();
    expect((await lost)[1]).toBe("transport");
    expect(chat.told.filter(([name]) => name === "disconnected")).toHaveLength(2);
  });

  it("tells once that nobody is there", async () => {
    await server.close();
    const chat = open("/chat");
    const lost = chat.next("disconnected");
    chat.port.connect({});
    expect((await lost).slice(0, 2)).toEqual(["disconnected", "transport"]);
    await listen();
    expect(chat.told.filter(([name]) => name === "disconnected")).toHaveLength(1);
  });

  it("does not connect a namespace that waits when another one opens the transport", async () => {
    const seen: string[] = [];
    server.of("/analytics").on("connection", () => seen.push("analytics"));
    const analytics = open("/analytics");
    await analytics.connect();
    const lost = analytics.next("disconnected");
    cut();
    await lost;
    const chat = open("/chat");
    const opened = analytics.next("opened");
    await chat.connect();
    await opened;
    await new Promise((done) => chat.port.emit("echo", 1, done));
    expect(seen).toHaveLength(1);
  });

  it("falls back to polling where WebSocket does not get through", async () => {
    await server.close();
    await listen({ transports: ["polling"] });
    const chat = open("/chat");
    await chat.connect();
    expect(chat.told[0]).toEqual(["opened", "polling"]);
  });

  it("is back on WebSocket when that failed but once", async () => {
    const upgrades = http.listeners("upgrade") as ((...parts: unknown[]) => void)[];
    http.removeAllListeners("upgrade");
    http.once("upgrade", (_request, stream: Duplex) => {
      stream.destroy();
      for (const upgrade of upgrades) http.on("upgrade", upgrade);
    });
    const chat = open("/chat");
    const first = chat.next("opened");
    const second = chat.next("opened");
    await chat.connect();
    expect(await first).toEqual(["opened", "polling"]);
    expect(await second).toEqual(["opened", "websocket"]);
  });

  it("falls back to polling where there is no WebSocket at all", async () => {
    vi.stubGlobal("window", {});
    vi.stubGlobal("WebSocket", undefined);
    const chat = open("/chat");
    vi.unstubAllGlobals();
    await chat.connect();
    expect(chat.told[0]).toEqual(["opened", "polling"]);
  });

  it("begins with polling after an attempt that a proxy swallowed", async () => {
    const swallowed: Duplex[] = [];
    const upgrades = http.listeners("upgrade") as ((...parts: unknown[]) => void)[];
    http.removeAllListeners("upgrade");
    http.on("upgrade", (_request, stream) => swallowed.push(stream));
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    const chat = open("/chat");
    const lost = chat.next("disconnected");
    chat.port.connect({});
    vi.advanceTimersByTime(4_000);
    expect(await lost).toEqual(["disconnected", "transport", "timeout"]);
    vi.useRealTimers();
    await chat.connect();
    expect(chat.told.find(([name]) => name === "opened")).toEqual(["opened", "polling"]);
    http.removeAllListeners("upgrade");
    for (const upgrade of upgrades) http.on("upgrade", upgrade);
    for (const stream of swallowed) stream.destroy();
  });

  it("prefers WebSocket, and tells an upgrade", async () => {
    const chat = open("/chat");
    await chat.connect();
    expect(chat.told[0]).toEqual(["opened", "websocket"]);

    const slow = open("/chat", ["polling", "websocket"]);
    await slow.connect();
    if (slow.told.filter(([name]) => name === "opened").length < 2) await slow.next("opened");
    expect(slow.told.filter(([name]) => name === "opened")).toEqual([
      ["opened", "polling"],
      ["opened", "websocket"],
    ]);
  });

  it("drops a connection under all its namespaces", async () => {
    const chat = open("/chat");
    const analytics = open("/analytics");
    await Promise.all([chat.connect(), analytics.connect()]);
    const both = Promise.all([chat.next("disconnected"), analytics.next("disconnected")]);
    chat.port.drop();
    expect((await both).map(([, by]) => by)).toEqual(["transport", "transport"]);
  });

  it("closes the connection when the last one gives it back", async () => {
    const chat = open("/chat");
    const analytics = open("/analytics");
    await Promise.all([chat.connect(), analytics.connect()]);
    const gone = new Promise((done) => server.engine.once("connection", done));
    const closed = new Promise((done) => {
      for (const socket of server.of("/chat").sockets.values()) socket.conn.on("close", done);
    });
    analytics.port.release();
    expect(server.engine.clientsCount).toBe(1);
    chat.port.release();
    await closed;
    expect(server.engine.clientsCount).toBe(0);
    // Whoever comes next gets a connection of its own.
    const again = open("/chat");
    await Promise.all([gone, again.connect()]);
  });
});
