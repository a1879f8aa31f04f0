/** What is pinned in a room, a click away in its head; each leads to the message in its history. */

import { Pin } from "lucide-react";
import { Popover } from "radix-ui";
import { useEffect } from "react";
import type { RoomSummary } from "../../contract";
import type { ChatResult } from "../../hooks/useChatWebSocket";
import { shortWhen } from "../times";

interface Props {
  room: RoomSummary;
  api: ChatResult;
  onJump: (messageId: string, threadId?: string) => void;
}

export function Pins({ room, api, onJump }: Props) {
  const { chat, loadPins } = api;
  const pins = chat.pins[room.id];
  const missing = pins === undefined;
  useEffect(() => {
    // Without the list the rest of the room is as good; the next look asks again.
    if (missing) loadPins(room.id).catch(() => undefined);
  }, [missing, loadPins, room.id]);
  const count = pins?.length ?? 0;
  if (count === 0) return null;
  return (
    <Popover.Root>
      <Popover.Trigger className="cw-icon-button cw-pins" aria-label={`Pinned messages, ${count}`}>
        <Pin size={18} aria-hidden="true" />
        <span aria-hidden="true">{count}</span>
      </Popover.Trigger>
      <Popover.Portal>
        <Popover.Content
          className="cw-popover"
          align="end"
          sideOffset={6}
          collisionPadding={8}
          aria-label="Pinned messages"
        >
          <h3 className="cw-popover-title">Pinned</h3>
          <ul className="cw-results">
            {pins?.map((message) => (
              <li key={message.id}>
                <Popover.Close asChild>
                  <button
                    type="button"
                    className="cw-result"
                    onClick={() => onJump(message.id, message.thread_id)}
                  >
                    <span className="cw-result-head">
                      <strong>{message.author?.name ?? "Anonymous"}</strong>
                      <time dateTime={message.sent_at}>
                        {shortWhen(Date.parse(message.sent_at), Date.now())}
                      </time>
                    </span>
                    <span className="cw-result-text">{message.text}</span>
                  </button>
                </Popover.Close>
              </li>
            ))}
          </ul>
        </Popover.Content>
      </Popover.Portal>
    </Popover.Root>
  );
}
