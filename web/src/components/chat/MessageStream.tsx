/** The messages of a room or a thread with all that one can do with them, by hand and by keys. */

import { type ReactNode, useCallback, useMemo } from "react";
import type { Message, RoomSummary } from "../../contract";
import type { ChatResult } from "../../hooks/useChatWebSocket";
import type { Timeline } from "../../services/websocket/chat/timeline";
import { foreseen, isMine, outgoingOf, progress } from "../../services/websocket/chat/view";
import { type MessageActions, type Rights, rightsIn } from "./actions";
import type { MessageRow } from "./conversation";
import { MessageBubble } from "./MessageBubble";
import { MessageList } from "./MessageList";
import type { Target } from "./useMessageScroll";

interface Props {
  api: ChatResult;
  room: RoomSummary;
  threadId?: string;
  label: string;
  timeline: Timeline;
  actions: MessageActions;
  editing: Message | null;
  target: Target | null;
  onArrive: () => void;
  readNumber: number | null;
  beginning?: ReactNode;
  onLeave: () => void;
  onSeen: () => void;
}

export function MessageStream(props: Props) {
  const { api, room, threadId, timeline, actions, editing } = props;
  const { chat, loadOlder, loadNewer, loadNewest } = api;
  const { pending, receipts, rooms, ownKeys, ownIds } = chat;
  const own = useMemo(() => ({ ownKeys, ownIds }), [ownKeys, ownIds]);
  const me = chat.me?.user_id ?? null;
  const outgoing = useMemo(
    () => outgoingOf(chat.outgoing, room.id, threadId),
    [chat.outgoing, room.id, threadId],
  );
  const inThread = threadId !== undefined;
  const rights = useMemo(() => rightsIn(room, me, inThread), [room, me, inThread]);
  // Answers in a thread stand there; the room shows how many there are.
  const messages = useMemo(
    () =>
      timeline.messages.filter(({ id, thread_id }) => (inThread ? id !== threadId : thread_id === undefined)),
    [timeline.messages, inThread, threadId],
  );
  const older = useCallback(() => void loadOlder(room.id, threadId), [loadOlder, room.id, threadId]);
  const newer = useCallback(() => void loadNewer(room.id, threadId), [loadNewer, room.id, threadId]);
  const newest = useCallback(() => {
    loadNewest(room.id).catch(() => undefined);
  }, [loadNewest, room.id]);
  const namesAll = room.kind !== "direct";

  const render = (row: MessageRow, active: boolean): ReactNode => {
    const message = row.message && foreseen(row.message, pending, me);
    const shown = message === row.message ? row : { ...row, message };
    return (
      <MessageBubble
        row={shown}
        active={active}
        showName={namesAll}
        progress={row.mine && message ? progress({ receipts, rooms }, message, me) : null}
        editing={editing !== null && editing.id === message?.id}
        actions={actions}
        rights={rights}
      />
    );
  };

  return (
    <MessageList
      label={props.label}
      timeline={timeline}
      messages={messages}
      outgoing={outgoing}
      me={chat.me}
      own={own}
      readNumber={props.readNumber}
      target={props.target}
      onArrive={props.onArrive}
      beginning={props.beginning}
      renderMessage={render}
      onKey={(key, message) => pressed(key, message, actions, rights, isMine(message, me, own))}
      onLeave={props.onLeave}
      onOlder={older}
      onNewer={newer}
      onNewest={newest}
      onSeen={props.onSeen}
    />
  );
}

/** Whether a key on a message meant something; SHORTCUTS lists them. */
function pressed(
  key: string,
  message: Message,
  actions: MessageActions,
  { canPost, canPin, inThread }: Rights,
  mine: boolean,
): boolean {
  const row = document.querySelector(`[data-message-id="${CSS.escape(message.id)}"]`)?.closest("[data-row]");
  const press = (what: string): boolean => {
    const button = row?.querySelector<HTMLElement>(what);
    // A menu opens on its own key, not on a click without a pointer.
    button?.focus();
    button?.dispatchEvent(new KeyboardEvent("keydown", { key: "Enter", bubbles: true }));
    if (button && what.includes("react")) button.click();
    return button !== undefined && button !== null;
  };
  if (key === "Enter") return press("[data-menu]");
  // What staff have hidden is still its author's to take back.
  if (key === "Delete" && mine && message.state === "hidden") {
    actions.ask("delete", message);
    return true;
  }
  if (message.state !== "sent") return false;
  if (key === "+" && canPost) return press(".cw-tools [data-react]");
  const does: Record<string, (() => void) | false> = {
    r: canPost && (() => actions.reply(message)),
    t: !inThread && (() => actions.openThread(message)),
    p: canPin && (() => actions.pin(message, !message.pinned)),
    e: mine && (() => actions.startEdit(message)),
    Delete: mine && (() => actions.ask("delete", message)),
  };
  const then = does[key.length === 1 ? key.toLowerCase() : key];
  if (!then) return false;
  then();
  return true;
}
