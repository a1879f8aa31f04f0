// The reference for documents: Hocuspocus 4 with its database extension on SQLite, as its documentation sets it up.
//
// Verifies a JWT (HS256) for each document, as every peer of the bench does. It stores a whole document when nobody has
// edited it for DEBOUNCE ms, at the latest after MAX_DEBOUNCE ms (its defaults where they are not given), and tells no
// editor when: what was edited since is lost when the process dies.
import { createHmac, timingSafeEqual } from "node:crypto";
import { DatabaseSync } from "node:sqlite";
import { Database } from "@hocuspocus/extension-database";
import { Server } from "@hocuspocus/server";

const { PORT, JWT_SECRET, DATABASE, DEBOUNCE, MAX_DEBOUNCE } = process.env;

function verify(token) {
  const [header, payload, signature] = token.split(".");
  const expected = createHmac("sha256", JWT_SECRET).update(`${header}.${payload}`).digest();
  const given = Buffer.from(signature, "base64url");
  if (given.length !== expected.length || !timingSafeEqual(given, expected)) throw new Error("signature");
  const claims = JSON.parse(Buffer.from(payload, "base64url"));
  if (claims.exp * 1000 < Date.now()) throw new Error("exp");
  return { user: { id: claims.sub, name: claims.name } };
}

const database = new DatabaseSync(DATABASE);
database.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL");
database.exec("CREATE TABLE documents (name TEXT PRIMARY KEY, state BLOB NOT NULL)");
const read = database.prepare("SELECT state FROM documents WHERE name = ?");
const write = database.prepare(
  "INSERT INTO documents VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET state = excluded.state",
);

const server = new Server({
  port: Number(PORT),
  address: "127.0.0.1",
  quiet: true,
  ...(DEBOUNCE === undefined ? {} : { debounce: Number(DEBOUNCE), maxDebounce: Number(MAX_DEBOUNCE) }),
  onAuthenticate: async ({ token }) => verify(token),
  extensions: [
    new Database({
      fetch: async ({ documentName }) => read.get(documentName)?.state ?? null,
      store: async ({ documentName, state }) => {
        write.run(documentName, state);
      },
    }),
  ],
});
await server.listen();
