// Yjs documents for the property tests: a line of JSON in, a line of JSON out, bytes in base64.
import { createRequire } from "node:module";
import { createInterface } from "node:readline";

const require = createRequire(new URL("../../../web/package.json", import.meta.url));
const Y = require("yjs");

const docs = new Map();
const bytes = (text) => new Uint8Array(Buffer.from(text, "base64"));
const text = (array) => Buffer.from(array).toString("base64");

/** A place between two characters: not inside of a pair of surrogates. */
function place(string, part) {
  const points = [...string];
  return points.slice(0, Math.round(part * points.length)).join("").length;
}

function runs(paragraph) {
  return paragraph.toArray().filter((child) => child instanceof Y.XmlText);
}

function plain(run) {
  return run.toDelta().map(({ insert }) => insert).join("");
}

function edit(doc, { kind, block, from, to, words }) {
  const root = doc.getXmlFragment("default");
  const paragraph = root.length ? root.get(Math.min(root.length - 1, Math.floor(block * root.length))) : null;
  if (kind === "begin" || !paragraph) {
    const begun = new Y.XmlElement("paragraph");
    begun.insert(0, [new Y.XmlText(words)]);
    root.insert(Math.round(block * root.length), [begun]);
  } else if (kind === "drop") {
    root.delete(Math.min(root.length - 1, Math.floor(block * root.length)), 1);
  } else {
    const run = runs(paragraph)[0];
    if (!run) return paragraph.insert(0, [new Y.XmlText(words)]);
    const string = plain(run);
    const [start, end] = [place(string, Math.min(from, to)), place(string, Math.max(from, to))];
    if (kind === "write") run.insert(start, words);
    else if (kind === "delete") run.delete(start, end - start);
    else run.format(start, end - start, { bold: {} });
  }
}

const commands = {
  new: ({ client }) => {
    const doc = new Y.Doc();
    doc.clientID = client;
    return doc;
  },
  apply: ({ update }, doc) => void Y.applyUpdate(doc, bytes(update), "remote"),
  edit: (what, doc) => {
    const written = [];
    const note = (update) => written.push(update);
    doc.on("update", note);
    doc.transact(() => edit(doc, what));
    doc.off("update", note);
    return written.length ? text(Y.mergeUpdates(written)) : null;
  },
  state: (_, doc) => text(Y.encodeStateVector(doc)),
  update: ({ state }, doc) => text(Y.encodeStateAsUpdate(doc, bytes(state))),
  read: (_, doc) =>
    doc
      .getXmlFragment("default")
      .toArray()
      .map((paragraph) => runs(paragraph).map(plain).join("")),
};

for await (const line of createInterface({ input: process.stdin })) {
  const { doc, command, ...rest } = JSON.parse(line);
  const made = commands[command](rest, docs.get(doc));
  if (command === "new") docs.set(doc, made);
  process.stdout.write(`${JSON.stringify(command === "new" ? null : (made ?? null))}\n`);
}
