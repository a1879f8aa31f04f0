// The reference: socket.io 4.8 on Node, doing what every peer of the bench does.
//
// Verifies a JWT (HS256) in the CONNECT payload, joins a client to the room it subscribes to, and broadcasts to the room
// what is sent to it, in the shape that our server gives it. Nothing is stored.
import { createHmac, randomUUID, timingSafeEqual } from "node:crypto";
import { createServer } from "node:http";
import { Server } from "socket.io";

const { PORT, JWT_SECRET, PING_INTERVAL_MS, PING_TIMEOUT_MS } = process.env;

function verify(token) {
  const [header, payload, signature] = token.split(".");
  const expected = createHmac("sha256", JWT_SECRET).update(`${header}.${payload}`).digest();
  const given = Buffer.from(signature, "base64url");
  if (given.length !== expected.length || !timingSafeEqual(given, expected)) throw new Error("signature");
  if (JSON.parse(Buffer.from(header, "base64url")).alg !== "HS256") throw new Error("alg");
  const claims = JSON.parse(Buffer.from(payload, "base64url"));
  if (claims.exp * 1000 < Date.now()) throw new Error("exp");
  if (claims.iss !== "coursewire" || claims.aud !== "coursewire") throw new Error("iss or aud");
  return claims;
}

const http = createServer();
const server = new Server(http, {
  serveClient: false,
  pingInterval: Number(PING_INTERVAL_MS),
  pingTimeout: Number(PING_TIMEOUT_MS),
});
const chat = server.of("/chat");
let number = 0;

chat.use((socket, next) => {
  try {
    const claims = verify(socket.handshake.auth.token);
    socket.data.user = { user_id: claims.sub, name: claims.name };
    next();
  } catch {
    next(new Error("auth_invalid"));
  }
});

chat.on("connection", (socket) => {
  socket.on("subscribe", ({ channel }, acknowledge) => {
    socket.join(channel);
    acknowledge({ ok: true, data: { channel, epoch: "bench", offset: number, recovered: false } });
  });
  socket.on("message.send", ({ key, room_id, text }, acknowledge) => {
    number += 1;
    const at = new Date().toISOString();
    const message = {
      id: randomUUID(), room_id, number, author: socket.data.user, anonymous: false, key, text,
      html: `<p>${text}</p>`, mentions: [], reactions: [], state: "sent", version: 1, sent_at: at,
    };
    const channel = `room:${room_id}`;
    const meta = { channel, id: randomUUID(), at, epoch: "bench", offset: number, actor: socket.data.user.user_id };
    chat.to(channel).emit("message.sent", message, meta);
    acknowledge({ ok: true, data: { duplicate: false, message } });
  });
  socket.on("typing.set", ({ room_id, active }, acknowledge) => {
    const channel = `room:${room_id}`;
    const users = active ? [{ ...socket.data.user, avatar_url: null }] : [];
    const meta = { channel, id: randomUUID(), at: new Date().toISOString() };
    chat.to(channel).emit("typing.changed", { room_id, users }, meta);
    acknowledge({ ok: true, data: {} });
  });
});

http.listen(Number(PORT), "127.0.0.1");
