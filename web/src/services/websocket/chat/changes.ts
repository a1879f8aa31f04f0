/** What we change of messages: shown before the server has answered, taken back when it says no, compared when both changed it. */

import type { ChatCommands, Message } from "../../../contract";
import { CommandError } from "../errors";
import { newKey } from "../keys";
import type { StateStore } from "../stateStore";
import type { ChatState, PendingChange } from "./state";
import * as fold from "./state";

type Name = "message.edit" | "message.delete" | "message.react" | "message.pin";

interface Needs {
  store: StateStore<ChatState>;
  now: () => number;
  request: <One extends Name>(
    command: One,
    payload: ChatCommands[One]["payload"],
  ) => Promise<{ message: Message; own?: boolean }>;
}

/** Somebody else was faster: the message as it is now, to choose between the two. */
export class EditConflict extends CommandError {
  constructor(readonly current: Message) {
    super({ code: "conflict", message: "somebody changed this message in the meantime", retryable: false });
  }
}

/** Distributes over the kinds of change. */
type Wish<Change = PendingChange> = Change extends unknown ? Omit<Change, "key"> : never;

export class Changes {
  readonly #needs: Needs;

  constructor(needs: Needs) {
    this.#needs = needs;
  }

  /**
   * Give a message another text. `version` is the one that the text was written over.
   *
   * @throws {EditConflict} when somebody changed it meanwhile; the current message shows then
   * @throws {CommandError}
   */
  async edit(message: Message, text: string): Promise<void> {
    const { id, version } = message;
    try {
      await this.#change("message.edit", { key: this.#key(), message_id: id, text, version });
    } catch (error) {
      const current = error instanceof CommandError ? error.details?.["message"] : undefined;
      if (!current) throw error;
      this.#arrived(current as Message);
      throw new EditConflict(current as Message);
    }
  }

  /** @throws {CommandError} */
  async remove(message: Message): Promise<void> {
    await this.#change("message.delete", { key: this.#key(), message_id: message.id });
  }

  /** @throws {CommandError} when it was taken back again */
  async react(message: Message, emoji: string, on: boolean): Promise<void> {
    await this.#show({ kind: "reaction", messageId: message.id, emoji, on }, (key) =>
      this.#change("message.react", { key, message_id: message.id, emoji, on }),
    );
  }

  /** @throws {CommandError} when it was taken back again */
  async pin(message: Message, on: boolean): Promise<void> {
    await this.#show({ kind: "pin", messageId: message.id, on }, (key) =>
      this.#change("message.pin", { key, message_id: message.id, on }),
    );
  }

  async #show(wish: Wish, change: (key: string) => Promise<void>): Promise<void> {
    const { store } = this.#needs;
    const key = this.#key();
    store.set(fold.changePending(store.getSnapshot(), { ...wish, key } as PendingChange));
    try {
      await change(key);
    } finally {
      store.set(fold.changeSettled(store.getSnapshot(), key));
    }
  }

  async #change<One extends Name>(command: One, payload: ChatCommands[One]["payload"]): Promise<void> {
    const { message, own } = await this.#needs.request(command, payload);
    this.#arrived(message);
    const { store } = this.#needs;
    if (own) store.set(fold.ownFound(store.getSnapshot(), [message.id]));
  }

  #arrived(message: Message): void {
    const { store } = this.#needs;
    store.set(fold.messageArrived(store.getSnapshot(), message));
  }

  #key(): string {
    return newKey(this.#needs.now());
  }
}
