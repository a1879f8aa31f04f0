// The official Socket.IO client, driven over stdin and stdout: one JSON value a line, bytes as {"hex": "..."}.
//
// In:  {"do": "connect", url, namespace, auth, transports}, {"do": "upgrade"}, {"do": "say", ref, arguments}
// Out: {"event", "arguments", "transport"}, {"ref", "answer"}, {"upgraded": "websocket"}
// A WebSocket that is meant for an upgrade opens when told to, so that a test can say what comes before and after.
import { createInterface } from "node:readline";
import { pathToFileURL } from "node:url";

const [modules] = process.argv.slice(2);
const load = (path) => import(pathToFileURL(`${modules}/${path}`).href);
const { io } = await load("socket.io-client/build/esm-debug/index.js");
const { NodeXHR, NodeWebSocket } = await load("engine.io-client/build/esm-debug/index.js");

let openGate;
const gate = new Promise((resolve) => {
  openGate = resolve;
});

class Late extends NodeWebSocket {
  doOpen() {
    gate.then(() => super.doOpen());
  }
}

const written = (_, value) => {
  if (value?.type === "Buffer") return { hex: Buffer.from(value.data).toString("hex") };
  if (ArrayBuffer.isView(value)) return { hex: Buffer.from(value).toString("hex") };
  return value;
};
const read = (_, value) => (typeof value?.hex === "string" ? Buffer.from(value.hex, "hex") : value);
const tell = (value) => process.stdout.write(`${JSON.stringify(value, written)}\n`);

let socket;
const actions = {
  connect({ url, namespace, auth, transports }) {
    const kinds = { polling: NodeXHR, websocket: transports.length > 1 ? Late : NodeWebSocket };
    socket = io(url + namespace, { auth, reconnection: false, transports: transports.map((name) => kinds[name]) });
    socket.io.on("open", () => socket.io.engine.on("upgrade", ({ name }) => tell({ upgraded: name })));
    socket.on("connect_error", (error) => tell({ event: "connect_error", arguments: [error.message] }));
    socket.on("disconnect", (reason) => tell({ event: "disconnect", arguments: [reason] }));
    socket.onAny((event, ...args) => tell({ event, arguments: args, transport: socket.io.engine.transport.name }));
  },
  upgrade: () => openGate(),
  say: ({ ref, arguments: args }) => socket.emit(...args, (answer) => tell({ ref, answer })),
};

for await (const line of createInterface({ input: process.stdin })) {
  const { do: action, ...rest } = JSON.parse(line, read);
  actions[action](rest);
}
socket?.disconnect();
