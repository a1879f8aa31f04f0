/** The parts of the chat's service, each with what it needs of it. */

import type { ChatCommands, ChatEvents } from "../../../contract";
import type { Environment } from "../environment";
import type { NamespaceService } from "../namespaceService";
import { untilHeard } from "../reading";
import type { StateStore } from "../stateStore";
import type { NamedTimers } from "../timers";
import { Changes } from "./changes";
import { History } from "./history";
import { Order } from "./order";
import { Receipts } from "./receipts";
import { Rooms } from "./rooms";
import { Sender } from "./sender";
import type { ChatState } from "./state";
import type { Told } from "./told";

interface Needs {
  store: StateStore<ChatState>;
  environment: Environment;
  told: Told;
  timers: NamedTimers;
  request: NamespaceService<ChatCommands, ChatEvents>["request"];
  isConnected: () => boolean;
  userId: () => string | null;
  /** How many channels the server lets us have. */
  subscriptions: () => number;
  listen: (roomId: string) => void;
  forget: (roomId: string) => void;
}

export function makeParts(needs: Needs) {
  const { store, environment, told, timers, request, isConnected, userId, subscriptions, listen, forget } =
    needs;
  const { now } = environment;
  const read: Needs["request"] = (command, payload) => untilHeard(userId, () => request(command, payload));
  const mark = (payload: ChatCommands["receipt.mark"]["payload"]) => request("receipt.mark", payload);
  const receipts = new Receipts({ store, told, timers, isConnected, mark });
  const delivered = (roomId: string) => receipts.deliveredSoon(roomId);
  return {
    read,
    receipts,
    history: new History({ store, read: (payload) => read("history.read", payload), listen }),
    changes: new Changes({ store, now, request }),
    order: new Order({ store, now, request, read }),
    rooms: new Rooms({ store, now, request, read, subscriptions, listen, forget, delivered }),
    sender: new Sender(store, now, (payload) => request("message.send", payload)),
  };
}
