/** What this browser remembers of its subscription: whose it is, and when the server was last told. */

const NAME = "coursewire.push";

export interface PushRecord {
  userId: string;
  endpoint: string;
  /** Milliseconds since 1970; 0 before the server has said yes. */
  toldAt: number;
}

/** All tabs share it. Where storage is forbidden it lasts as long as the page. */
export class PushRecords {
  readonly #storage: Storage | null;
  #here: PushRecord | null = null;

  constructor(storage: Storage | null) {
    this.#storage = storage;
  }

  read(): PushRecord | null {
    if (!this.#storage) return this.#here;
    try {
      return checked(JSON.parse(this.#storage.getItem(NAME) ?? "null"));
    } catch {
      return null; // Not ours, or half written.
    }
  }

  write(record: PushRecord): void {
    this.#here = record;
    try {
      this.#storage?.setItem(NAME, JSON.stringify(record));
    } catch {
      // Full. Without a record it is off for the next page, and can be switched on again.
    }
  }

  forget(): void {
    this.#here = null;
    this.#storage?.removeItem(NAME);
  }
}

function checked(value: unknown): PushRecord | null {
  if (typeof value !== "object" || value === null) return null;
  const { userId, endpoint, toldAt } = value as Record<string, unknown>;
  if (typeof userId !== "string" || typeof endpoint !== "string" || typeof toldAt !== "number") return null;
  return { userId, endpoint, toldAt };
}

/** Whether a change of storage in another tab is one of the record. */
export const isOfRecord = ({ key }: StorageEvent): boolean => key === NAME || key === null;
