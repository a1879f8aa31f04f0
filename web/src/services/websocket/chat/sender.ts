/** Messages of ours on their way: shown at once, sent under one key, failed with words, tried again. */

import type { Message } from "../../../contract";
import { CommandError, words } from "../errors";
import { newKey } from "../keys";
import type { Answer, Queued } from "../protocol";
import type { StateStore } from "../stateStore";
import type { ChatState } from "./state";
import * as fold from "./state";

type Send = (payload: { key: string; room_id: string; text: string }) => Promise<{ message: Message }>;

export class Sender {
  readonly #store: StateStore<ChatState>;
  readonly #now: () => number;
  readonly #request: Send;

  constructor(store: StateStore<ChatState>, now: () => number, request: Send) {
    this.#store = store;
    this.#now = now;
    this.#request = request;
  }

  /** Returns the key. */
  send(roomId: string, text: string): string {
    const key = newKey(this.#now());
    this.#show(key, roomId, text);
    this.#go(key, roomId, text);
    return key;
  }

  /** Send a failed message again, with its old key: if it did arrive, it is still one message. */
  retry(key: string): void {
    const failed = this.#find(key);
    if (failed?.status !== "failed") return;
    this.#store.set(fold.patchOutgoing(this.#state, key, { status: "sending", error: null }));
    this.#go(key, failed.roomId, failed.text);
  }

  discard(key: string): void {
    if (this.#find(key)?.status === "failed") this.#store.set(fold.withoutOutgoing(this.#state, key));
  }

  /** Show what an earlier page left behind; it is sent by itself. */
  restore(left: readonly Queued[]): void {
    for (const { command, payload } of left) {
      if (command !== "message.send") continue;
      const { key, room_id, text } = payload as { key: string; room_id: string; text: string };
      this.#show(key, room_id, text);
    }
  }

  /** One of those was answered. */
  settled({ command, payload }: Queued, answer: Answer): void {
    if (command !== "message.send") return;
    if (answer.ok) this.#arrived((answer.data as { message: Message }).message);
    else this.#failed(String(payload["key"]), new CommandError(answer.error));
  }

  get #state(): ChatState {
    return this.#store.getSnapshot();
  }

  #find(key: string): fold.Outgoing | undefined {
    return this.#state.outgoing.find((one) => one.key === key);
  }

  #show(key: string, roomId: string, text: string): void {
    const writtenAt = new Date(this.#now()).toISOString();
    const one: fold.Outgoing = { key, roomId, text, writtenAt, status: "sending", error: null };
    this.#store.set(fold.written(this.#state, one));
  }

  #go(key: string, roomId: string, text: string): void {
    this.#request({ key, room_id: roomId, text }).then(
      ({ message }) => this.#arrived(message),
      (error: unknown) => this.#failed(key, error),
    );
  }

  #arrived(message: Message): void {
    this.#store.set(fold.messageArrived(this.#state, message));
  }

  #failed(key: string, error: unknown): void {
    // It stays in the outbox and will be sent by the next page: that is no failure.
    if (error instanceof CommandError && error.details?.["kept"] === true) return;
    this.#store.set(fold.patchOutgoing(this.#state, key, { status: "failed", error: words(error) }));
  }
}
