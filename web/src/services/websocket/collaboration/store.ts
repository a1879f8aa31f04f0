/** Documents kept on the device, so that edits made offline survive the page: one IndexedDB database per user. */

import type { DocumentInfo, DocumentMode } from "../../../contract";

const VERSION = 1;
/** Documents kept without unsent edits; above it the one opened longest ago goes. */
const MOST_DOCUMENTS = 50;

/** What a document was when it was open last: enough to go on with it without a connection. */
export interface KeptDocument {
  id: string;
  /** Rows of another epoch are never merged, or everything would be there twice. */
  epoch: string;
  layout: number;
  mode: DocumentMode;
  info: DocumentInfo;
  /** Milliseconds since 1970: when it was opened last. */
  at: number;
}

/** An update as it is kept. `unsent`: ours, and the server has not committed it. */
export interface KeptUpdate {
  bytes: Uint8Array;
  unsent: boolean;
}

/** One write, done as a whole or not at all. */
export interface Change {
  add: readonly KeptUpdate[];
  remove: readonly number[];
}

/** Edits that could not become part of their document. */
export interface KeptCopy {
  id: string;
  documentId: string;
  title: string;
  reason: "epoch" | "mode" | "refused" | "too_large" | "gone";
  /** What the document would have been, as plain text. */
  text: string;
  /** Milliseconds since 1970. */
  at: number;
}

/** A document from one beginning to the next: its id, and its epoch. */
export type Life = readonly [id: string, epoch: string];

/** A document and its updates in the order of writing, by their keys. */
export interface KeptContent {
  document: KeptDocument;
  updates: Map<number, KeptUpdate>;
}

interface Row extends KeptUpdate {
  /** A tab that is still in another life of it writes rows that nobody reads. */
  document: Life;
}

/**
 * The documents of one user on this device; another user of the same browser has another database.
 *
 * Whatever fails (a private window, a full disk, a database that somebody deletes under us) rejects, and editing goes on
 * without: whoever calls says that nothing is kept here.
 */
export class DeviceStore {
  readonly #factory: IDBFactory | null;
  readonly #name: string;
  #opening: Promise<IDBDatabase> | null = null;
  /** Somebody has signed out: what is still written must not bring it back. */
  #isForgotten = false;

  constructor(factory: IDBFactory | null, userId: string) {
    this.#factory = factory;
    this.#name = `coursewire.documents/${encodeURIComponent(userId)}`;
  }

  /** What is kept of a document; null: nothing. */
  async load(id: string): Promise<KeptContent | null> {
    const updates = new Map<number, KeptUpdate>();
    let document: KeptDocument | undefined;
    await this.#run("readonly", (transaction) => {
      const asked = transaction.objectStore("documents").get(id);
      asked.onsuccess = () => {
        document = asked.result as KeptDocument | undefined;
        if (document) eachRow(transaction, lifeOf(document), (row) => updates.set(...entryOf(row)));
      };
    });
    return document ? { document, updates } : null;
  }

  /**
   * Keep what a document is now, with `whole` in one row, whose key is returned, unless the device has this life of it:
   * then null. What it has of another life goes, and is told before; so do documents beyond the bound.
   */
  async begin(
    document: KeptDocument,
    whole: () => Uint8Array,
    goes: (before: KeptContent) => void,
  ): Promise<number | null> {
    let key: number | null = null;
    await this.#run("readwrite", (transaction) => {
      const documents = transaction.objectStore("documents");
      const asked = documents.getAll();
      asked.onsuccess = () => {
        const all = asked.result as KeptDocument[];
        const before = all.find(({ id }) => id === document.id);
        if (before?.epoch !== document.epoch) {
          if (before) takeRows(transaction, before, goes);
          const row: Row = { document: lifeOf(document), bytes: whole(), unsent: false };
          const added = transaction.objectStore("updates").add(row);
          added.onsuccess = () => {
            key = Number(added.result);
          };
        }
        documents.put(document);
        const others = all.filter(({ id }) => id !== document.id).sort((a, b) => b.at - a.at);
        for (const one of others.slice(MOST_DOCUMENTS - 1)) forgetSaved(transaction, lifeOf(one));
      };
    });
    return key;
  }

  /**
   * Write and remove updates; returns the keys of those written.
   *
   * It is with the browser when this returns its promise, if the database is open: the page may go then.
   *
   * @throws {DOMException} also when the device has forgotten the document, or another tab has begun it anew
   */
  async change(life: Life, { add, remove }: Change): Promise<number[]> {
    const keys: number[] = [];
    let isThere = add.length === 0;
    await this.#run("readwrite", (transaction) => {
      const [id, epoch] = life;
      const known = transaction.objectStore("documents").get(id);
      known.onsuccess = () => {
        isThere ||= (known.result as KeptDocument | undefined)?.epoch === epoch;
      };
      const updates = transaction.objectStore("updates");
      for (const update of add) {
        const asked = updates.add({ document: life, ...update } satisfies Row);
        asked.onsuccess = () => keys.push(Number(asked.result));
      }
      for (const key of remove) updates.delete(key);
      // Now, and not when this page has heard of each: it may be gone by then, and the transaction with it.
      transaction.commit();
    });
    if (isThere) return keys;
    await this.#run("readwrite", (transaction) => {
      for (const key of keys) transaction.objectStore("updates").delete(key);
    });
    throw new DOMException("this device keeps another life of it", "InvalidStateError");
  }

  /** Forget a document, with all that was not sent. */
  async remove(id: string): Promise<void> {
    await this.#run("readwrite", (transaction) => {
      const documents = transaction.objectStore("documents");
      const asked = documents.get(id);
      asked.onsuccess = () => {
        const document = asked.result as KeptDocument | undefined;
        if (document) deleteRows(transaction, lifeOf(document));
        documents.delete(id);
      };
    });
  }

  async copies(): Promise<KeptCopy[]> {
    let copies: KeptCopy[] = [];
    await this.#run("readonly", (transaction) => {
      const asked = transaction.objectStore("copies").getAll();
      asked.onsuccess = () => {
        copies = asked.result as KeptCopy[];
      };
    });
    return copies;
  }

  async addCopy(copy: KeptCopy): Promise<void> {
    await this.#run("readwrite", (transaction) => {
      transaction.objectStore("copies").put(copy);
      transaction.commit();
    });
  }

  async removeCopy(id: string): Promise<void> {
    await this.#run("readwrite", (transaction) => void transaction.objectStore("copies").delete(id));
  }

  /** Delete everything: somebody signs out, and others may use this browser next. */
  async forget(): Promise<void> {
    this.#isForgotten = true;
    await this.close();
    const factory = this.#factory;
    if (!factory) return;
    await new Promise<void>((resolve, reject) => {
      const asked = factory.deleteDatabase(this.#name);
      asked.onsuccess = () => resolve();
      // Another page of the same user has it open; ours closes when it is asked to, and then it goes.
      asked.onblocked = () => resolve();
      asked.onerror = () => reject(asked.error);
    });
  }

  async close(): Promise<void> {
    const opening = this.#opening;
    this.#opening = null;
    const database = await opening?.catch(() => null);
    database?.close();
  }

  async #run(mode: IDBTransactionMode, work: (transaction: IDBTransaction) => void): Promise<void> {
    const database = await this.#open();
    await new Promise<void>((resolve, reject) => {
      const transaction = database.transaction(["documents", "updates", "copies"], mode);
      transaction.oncomplete = () => resolve();
      // A full disk aborts without an error of any request.
      transaction.onabort = () => reject(transaction.error ?? new DOMException("aborted", "AbortError"));
      work(transaction);
    });
  }

  #open(): Promise<IDBDatabase> {
    this.#opening ??= new Promise<IDBDatabase>((resolve, reject) => {
      if (!this.#factory || this.#isForgotten)
        throw new DOMException("nothing is kept on this device", "NotSupportedError");
      const asked = this.#factory.open(this.#name, VERSION);
      asked.onupgradeneeded = () => makeStores(asked.result);
      asked.onsuccess = () => {
        const database = asked.result;
        // Deleted by a page that signs out, or taken away by the browser: the next use opens it again.
        const gone = () => {
          database.close();
          this.#opening = null;
        };
        database.onversionchange = gone;
        database.onclose = gone;
        resolve(database);
      };
      asked.onerror = () => reject(asked.error);
      asked.onblocked = () => reject(new DOMException("an older page holds it", "InvalidStateError"));
    }).catch((error: unknown) => {
      this.#opening = null;
      throw error;
    });
    return this.#opening;
  }
}

function makeStores(database: IDBDatabase): void {
  database.createObjectStore("documents", { keyPath: "id" });
  database.createObjectStore("updates", { autoIncrement: true }).createIndex("document", "document");
  database.createObjectStore("copies", { keyPath: "id" });
}

const lifeOf = ({ id, epoch }: KeptDocument): Life => [id, epoch];

function eachRow(transaction: IDBTransaction, life: Life, take: (row: IDBCursorWithValue) => void): void {
  const asked = transaction
    .objectStore("updates")
    .index("document")
    .openCursor([...life]);
  asked.onsuccess = () => {
    const row = asked.result;
    if (!row) return;
    take(row);
    row.continue();
  };
}

const entryOf = ({ primaryKey, value }: IDBCursorWithValue): [number, KeptUpdate] => {
  const { bytes, unsent } = value as Row;
  return [Number(primaryKey), { bytes, unsent }];
};

/** Delete all rows of a life, and tell what they were in the same transaction. */
function takeRows(
  transaction: IDBTransaction,
  document: KeptDocument,
  take: (content: KeptContent) => void,
): void {
  const updates = new Map<number, KeptUpdate>();
  const rows = transaction
    .objectStore("updates")
    .index("document")
    .openCursor([...lifeOf(document)]);
  rows.onsuccess = () => {
    const row = rows.result;
    if (!row) return take({ document, updates });
    updates.set(...entryOf(row));
    row.delete();
    row.continue();
  };
}

const deleteRows = (transaction: IDBTransaction, life: Life): void =>
  eachRow(transaction, life, (row) => void row.delete());

/** Forget a document unless edits of it wait to be sent. */
function forgetSaved(transaction: IDBTransaction, life: Life): void {
  const asked = transaction
    .objectStore("updates")
    .index("document")
    .getAll([...life]);
  asked.onsuccess = () => {
    if ((asked.result as Row[]).some(({ unsent }) => unsent)) return;
    const [id] = life;
    transaction.objectStore("documents").delete(id);
    deleteRows(transaction, life);
  };
}
