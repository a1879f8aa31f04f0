/** Each event of `/chat`, folded into the state. */

import type { ChatEvents } from "../../../contract";
import type { ChatState } from "./state";
import * as fold from "./state";

type Folds = { [Name in keyof ChatEvents]?: (state: ChatState, data: ChatEvents[Name]["data"]) => ChatState };

const FOLDS: Folds = {
  "message.sent": fold.messageArrived,
  "message.edited": fold.messageArrived,
  "message.deleted": fold.messageArrived,
  "message.pinned": fold.messageArrived,
  "reaction.changed": fold.messageArrived,
  "member.joined": fold.memberCame,
  "member.left": fold.memberLeft,
  "member.muted": fold.memberMuted,
  "room.updated": fold.roomUpdated,
  "receipt.changed": fold.receiptChanged,
  "unread.changed": fold.unreadChanged,
  "typing.changed": fold.typingChanged,
  "presence.changed": fold.presenceChanged,
};

/** The state after an event; the same object when it says nothing new, or is not of the chat. */
export function folded(state: ChatState, event: string, data: unknown): ChatState {
  const one = FOLDS[event as keyof ChatEvents] as
    | ((state: ChatState, data: unknown) => ChatState)
    | undefined;
  return one ? one(state, data) : state;
}
