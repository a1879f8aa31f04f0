/** What the server has been told already, so that it is told once: how far we have got, and that we type. */

/** Typing is told again after this; the server forgets it after 6 s. */
const TYPING_AGAIN_MS = 3_000;

export class Told {
  /** The highest message number, by room. */
  readonly #read = new Map<string, number>();
  readonly #delivered = new Map<string, number>();
  /** When, by room; absent: that we do not type. */
  readonly #typing = new Map<string, number>();

  /** Whether reading up to `number` is news; `known` is what the server said itself. */
  read(roomId: string, number: number, known: { readNumber: number; unread: number }): boolean {
    if (this.#read.get(roomId) === number) return false;
    const told = Math.max(this.#read.get(roomId) ?? 0, known.readNumber);
    if (number <= told && known.unread === 0) return false;
    this.#read.set(roomId, number);
    this.#delivered.set(roomId, number);
    return true;
  }

  delivered(roomId: string, number: number): boolean {
    if (number <= (this.#delivered.get(roomId) ?? 0)) return false;
    this.#delivered.set(roomId, number);
    return true;
  }

  /** It did not arrive. */
  retract(roomId: string): void {
    this.#read.delete(roomId);
    this.#delivered.delete(roomId);
  }

  /** `now` in milliseconds. */
  typing(roomId: string, active: boolean, now: number): boolean {
    const told = this.#typing.get(roomId);
    if (!active) return this.#typing.delete(roomId);
    if (told !== undefined && now - told < TYPING_AGAIN_MS) return false;
    this.#typing.set(roomId, now);
    return true;
  }

  /** A message was sent: the server knows by itself that we stopped typing. */
  sent(roomId: string): void {
    this.#typing.delete(roomId);
  }

  forget(): void {
    this.#read.clear();
    this.#delivered.clear();
    this.#typing.clear();
  }
}
