/** Messages of ours on their way: shown at once, sent under one key, failed with words, tried again. */

import type { Message, SendMessage } from "../../../contract";
import { CommandError, words } from "../errors";
import { newKey } from "../keys";
import type { Answer, Queued } from "../protocol";
import type { StateStore } from "../stateStore";
import type { ChatState } from "./state";
import * as fold from "./state";

type Send = (payload: SendMessage) => Promise<{ message: Message }>;

/** What a message can be besides its words. */
export interface SendOptions {
  /** The id of the message that it replies to. */
  replyTo?: string | undefined;
  /** The id of the first message of the thread that it belongs to. */
  threadId?: string | undefined;
  /** The ids of those whom it calls by name. */
  mentions?: readonly string[] | undefined;
  anonymous?: boolean | undefined;
}

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
  send(roomId: string, text: string, options: SendOptions = {}): string {
    const { replyTo, threadId, mentions = [], anonymous } = options;
    const payload: SendMessage = {
      key: newKey(this.#now()),
      room_id: roomId,
      text,
      ...(replyTo !== undefined && { reply_to: replyTo }),
      ...(threadId !== undefined && { thread_id: threadId }),
      ...(mentions.length > 0 && { mentions: [...mentions] }),
      ...(anonymous && { anonymous }),
    };
    this.#show(payload);
    this.#go(payload);
    return payload.key;
  }

  /** Send a failed message again, with its old key: if it did arrive, it is still one message. */
  retry(key: string): void {
    const failed = this.#find(key);
    if (failed?.status !== "failed") return;
    this.#store.set(fold.patchOutgoing(this.#state, key, { status: "sending", error: null }));
    this.#go(failed.payload);
  }

  discard(key: string): void {
    if (this.#find(key)?.status === "failed") this.#store.set(fold.withoutOutgoing(this.#state, key));
  }

  /** Show what an earlier page left behind; it is sent by itself. */
  restore(left: readonly Queued[]): void {
    for (const { command, payload } of left) {
      if (command !== "message.send") continue;
      this.#show(payload as unknown as SendMessage);
    }
  }

  /** One of those was answered. */
  settled({ command, payload }: Queued, answer: Answer): void {
    if (command !== "message.send") return;
    if (answer.ok) this.#arrived(String(payload["key"]), (answer.data as { message: Message }).message);
    else this.#failed(String(payload["key"]), new CommandError(answer.error));
  }

  get #state(): ChatState {
    return this.#store.getSnapshot();
  }

  #find(key: string): fold.Outgoing | undefined {
    return this.#state.outgoing.find((one) => one.key === key);
  }

  #show(payload: SendMessage): void {
    const { key, room_id: roomId, text } = payload;
    const writtenAt = new Date(this.#now()).toISOString();
    const one: fold.Outgoing = { key, roomId, text, payload, writtenAt, status: "sending", error: null };
    this.#store.set(fold.written(this.#state, one));
  }

  #go(payload: SendMessage): void {
    this.#request(payload).then(
      ({ message }) => this.#arrived(payload.key, message),
      (error: unknown) => this.#failed(payload.key, error),
    );
  }

  #arrived(key: string, message: Message): void {
    this.#store.set(fold.sent(this.#state, key, message));
  }

  #failed(key: string, error: unknown): void {
    // It stays in the outbox and will be sent by the next page: that is no failure.
    if (error instanceof CommandError && error.details?.["kept"] === true) return;
    this.#store.set(fold.patchOutgoing(this.#state, key, { status: "failed", error: words(error) }));
  }
}
