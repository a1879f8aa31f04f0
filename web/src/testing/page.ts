/**
 * A page without a browser: the services of one person, driven over stdin and stdout, one JSON value a line. Bundled and
 * run by `tests/integration/page.py`.
 *
 * In: `{do: "connect", url, user, token}`, `{do: "open", id}`, `{do: "close", id}`, `{do: "type", id, text, at?}`,
 * `{do: "erase", id, at, count}`, `{do: "point", id}`, `{do: "annotate", id, words, body, visibility?}`,
 * `{do: "restart"}`. Out: `{documents, carets, copies}` whenever something has changed, `{failed}`, `{reported}`.
 */

import { createInterface } from "node:readline";
import { IDBFactory } from "fake-indexeddb";
import type { Doc, XmlElement, XmlText } from "yjs";
import { targetAt } from "../services/websocket/collaboration/anchoring";
import type { DocumentState } from "../services/websocket/collaboration/state";
import { ROOT, textOf } from "../services/websocket/collaboration/text";
import { shownAnnotations } from "../services/websocket/collaboration/view";
import { CollaborationWebSocketService } from "../services/websocket/collaborationWebSocket";
import { browserEnvironment } from "../services/websocket/environment";
import { words } from "../services/websocket/errors";
import { write } from "./scriptorium";

type Wish = { do: string } & Record<string, string> & { at?: number; count?: number };

const tell = (value: unknown): void => void process.stdout.write(`${JSON.stringify(value)}\n`);
const environment = {
  ...browserEnvironment(),
  databases: new IDBFactory() as globalThis.IDBFactory,
  isOnline: () => true,
  onWake: () => () => undefined,
  onLeaving: () => () => undefined,
  report: (error: unknown) => tell({ reported: String(error) }),
};

let signedIn: Wish | null = null;
let service = made();
const opened = new Map<string, () => void>();
const watched = new Set<Doc>();

function made(): CollaborationWebSocketService {
  const one = new CollaborationWebSocketService({ environment, ...(signedIn && { url: signedIn["url"] }) });
  one.store.subscribe(show);
  return one;
}

function document(id: string): Doc {
  const doc = service.document(id)?.doc;
  if (!doc) throw new Error(`${id} is not open`);
  return doc;
}

/** The first line with text in it, made where there is none. */
function paragraph(id: string): XmlText {
  const doc = document(id);
  const paragraphs = doc.getXmlFragment(ROOT).toArray() as XmlElement[];
  const texts = paragraphs.flatMap((one) => one.toArray()) as XmlText[];
  return texts[0] ?? write(doc, "");
}

function connect(wish: Wish): void {
  signedIn = wish;
  service = made();
  service.connect(wish["user"] ?? "", wish["token"] ?? "");
}

const actions: Record<string, (wish: Wish) => unknown> = {
  connect,
  open: ({ id = "" }) => opened.set(id, service.openDocument(id)),
  close: ({ id = "" }) => opened.get(id)?.(),
  type: ({ id = "", text = "", at }) => {
    const line = paragraph(id);
    line.insert(at ?? line.length, text);
  },
  erase: ({ id = "", at = 0, count = 1 }) => paragraph(id).delete(at, count),
  point: ({ id = "" }) => {
    const end = { tname: ROOT, assoc: 0 };
    service.document(id)?.awareness?.setLocalStateField("cursor", { anchor: end, head: end });
  },
  annotate: ({ id = "", words: marked = "", body = "", visibility = "course" }) => {
    const text = textOf(document(id).getXmlFragment(ROOT));
    const from = text.text.indexOf(marked);
    const target = targetAt(text, from, from + marked.length);
    if (!target) throw new Error(`“${marked}” is not there`);
    return service.annotate(id, { target, body, visibility });
  },
  // The page is loaded anew, in the same browser.
  restart: () => {
    service.disconnect();
    if (signedIn) connect(signedIn);
    for (const id of opened.keys()) opened.set(id, service.openDocument(id));
  },
};

function show(): void {
  const { documents, copies } = service.store.getSnapshot();
  for (const { doc, awareness } of Object.values(documents)) {
    if (!doc || watched.has(doc)) continue;
    watched.add(doc);
    doc.on("update", show);
    awareness?.on("change", show);
  }
  tell({
    state: service.state,
    documents: Object.fromEntries(Object.values(documents).map((one) => [one.id, shown(one)])),
    copies: copies.map(({ reason, text }) => ({ reason, text })),
  });
}

function shown({ doc, awareness, annotations, participants, ...state }: DocumentState) {
  const { phase, error, mode, saveState, channels, html } = state;
  return {
    ...{ phase, error, mode, saveState, channels, html, guid: doc?.guid },
    text: doc && textOf(doc.getXmlFragment(ROOT)).text,
    participants: Object.keys(participants).sort(),
    carets: [...(awareness?.getStates() ?? [])]
      .filter(([client]) => client !== doc?.clientID)
      .map(([, { user, cursor }]) => ({ user, cursor })),
    annotations: shownAnnotations(annotations).map(({ body, pending, visibility, target }) => ({
      ...{ body, pending, visibility, exact: target?.quote.exact },
    })),
  };
}

/** Until there is nothing more to do. */
export async function run(): Promise<void> {
  for await (const line of createInterface({ input: process.stdin })) {
    const wish = JSON.parse(line) as Wish;
    void (async () => actions[wish.do]?.(wish))().catch((error: unknown) => tell({ failed: words(error) }));
  }
  service.disconnect();
}
