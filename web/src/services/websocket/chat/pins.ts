/** The pinned messages of a room, the one pinned last first. */

import type { Message } from "../../../contract";

/** The list after a message was pinned, changed or taken back; the same one when that is none of its concern. */
export function arrived(pins: readonly Message[], message: Message): readonly Message[] {
  const index = pins.findIndex(({ id }) => id === message.id);
  if (message.pinned && message.state === "sent") {
    return index < 0 ? [message, ...pins] : pins.with(index, message);
  }
  return index < 0 ? pins : pins.toSpliced(index, 1);
}
