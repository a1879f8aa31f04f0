// @vitest-environment node
/** Bytes through the official client and the official server, both ways, over each transport. */

import { createServer, type Server as HttpServer } from "node:http";
import type { AddressInfo } from "node:net";
import { Server } from "socket.io";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { hasBytes, joined, parted, withPlainBytes } from "./bytes";
import { openSocket, type SocketPort } from "./socket";

const BYTES = Uint8Array.of(0, 255, 1, 128);
const META = { channel: "document:7", id: "e1", at: "2026-11-23T03:00:00.000Z", epoch: "a", offset: 1 };

let http: HttpServer;
let server: Server;
let port: SocketPort | null = null;

beforeEach(
  () =>
    new Promise<void>((done) => {
      http = createServer();
      server = new Server(http, { serveClient: false });
      http.listen(0, "127.0.0.1", done);
    }),
);
afterEach(async () => {
  port?.release();
  await server.close();
});

describe.each(["websocket", "polling"] as const)("over %s", (transport) => {
  it("carries a command's bytes beside its payload, and gives back those that stand in the answer", async () => {
    const heard: unknown[] = [];
    server.of("/collaboration").on("connection", (socket) => {
      socket.on("document.update", (payload: unknown, update: Buffer, answer: (data: unknown) => void) => {
        heard.push(payload, [...update]);
        answer({ ok: true, data: { update, deep: [{ vector: update }] } });
      });
    });
    const answer = await new Promise((done) => {
      open(transport, () =>
        port?.emit("document.update", { document_id: "7", update: BYTES, sequence: 1 }, done),
      );
    });
    expect(heard).toEqual([{ document_id: "7", sequence: 1 }, [...BYTES]]);
    expect(answer).toEqual({ ok: true, data: { update: BYTES, deep: [{ vector: BYTES }] } });
  });

  it("brings an event's bytes beside its data, and takes the last argument for its envelope", async () => {
    server.of("/collaboration").on("connection", (socket) => {
      socket.emit("document.updated", { document_id: "7" }, Buffer.from(BYTES), META);
      socket.emit("document.mode", { document_id: "7", mode: "view" }, META);
      socket.emit("odd", { a: 1 }, Buffer.from(BYTES));
    });
    const received: unknown[] = await new Promise((done) => {
      const all: unknown[] = [];
      open(
        transport,
        () => undefined,
        (...one) => {
          all.push(one);
          if (all.length === 3) done(all);
        },
      );
    });
    expect(received).toEqual([
      ["document.updated", { document_id: "7" }, META, BYTES],
      ["document.mode", { document_id: "7", mode: "view" }, META],
      ["odd", { a: 1 }, { channel: "" }],
    ]);
  });
});

describe("payloads", () => {
  it("are parted from one field of bytes, and are left as they are without", () => {
    const payload = { document_id: "7", update: BYTES };
    expect(parted(payload)).toEqual([{ document_id: "7" }, [BYTES]]);
    const plain = { text: "hello", list: [1] };
    expect(parted(plain)[0]).toBe(plain);
    expect(parted(undefined)).toEqual([undefined, []]);
    expect([hasBytes(payload), hasBytes(plain), hasBytes(null), hasBytes(BYTES)]).toEqual([
      true,
      false,
      false,
      false,
    ]);
  });

  it("of events get their bytes back where they belong", () => {
    expect(joined({ id: "7" }, "update", BYTES)).toEqual({ id: "7", update: BYTES });
    expect(joined({ id: "7" }, undefined, BYTES)).toEqual({ id: "7" });
    expect(joined(null, "update", BYTES)).toBe(null);
  });

  it("are not copied when there are no bytes in them", () => {
    const answer = { ok: true, data: { items: [{ id: 1 }, null], at: "x" } };
    expect(withPlainBytes(answer)).toBe(answer);
    expect(withPlainBytes({ a: BYTES.buffer.slice(0) })).toEqual({ a: BYTES });
    const view = withPlainBytes(Buffer.from(BYTES)) as Uint8Array;
    expect(view.constructor).toBe(Uint8Array);
  });
});

function open(
  transport: "websocket" | "polling",
  connected: () => void,
  received: (...one: unknown[]) => void = () => undefined,
): void {
  const { port: number } = http.address() as AddressInfo;
  const options = { url: `http://127.0.0.1:${number}`, userId: "ada", transports: [transport] };
  port = openSocket(options, "/collaboration", {
    opened: () => undefined,
    connected,
    received,
    refused: () => undefined,
    disconnected: () => undefined,
  });
  port.connect({});
}
