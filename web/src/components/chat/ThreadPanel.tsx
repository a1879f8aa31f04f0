/** A message and the answers to it, beside the conversation; on a phone a page of its own. */

import { useCallback, useEffect, useMemo, useRef, useState } from "react";
import type { Message, RoomSummary } from "../../contract";
import type { ChatResult } from "../../hooks/useChatWebSocket";
import { emptyTimeline } from "../../services/websocket/chat/timeline";
import { foreseen, isMine, roomName } from "../../services/websocket/chat/view";
import { useAttention } from "../useAttention";
import { rightsIn } from "./actions";
import { ComposerOrNotice } from "./ComposerOrNotice";
import type { MessageRow } from "./conversation";
import { MessageBubble } from "./MessageBubble";
import { MessageDialogs } from "./MessageDialogs";
import { MessageStream } from "./MessageStream";
import { SidePanel } from "./SidePanel";
import { useMessageActions } from "./useMessageActions";
import type { Target } from "./useMessageScroll";

interface Props {
  api: ChatResult;
  room: RoomSummary;
  threadId: string;
  target: Target | null;
  onArrive: () => void;
  onJump: (messageId: string) => void;
  onHelp: () => void;
  onClose: () => void;
}

const nothing = (): void => undefined;

export function ThreadPanel({ api, room, threadId, target, onArrive, onJump, onHelp, onClose }: Props) {
  const { chat, openThread, markRead } = api;
  const me = chat.me?.user_id ?? null;
  const name = roomName(room, me);
  const thread = chat.threads[threadId] ?? emptyTimeline;
  const isRoot = ({ id }: Message): boolean => id === threadId;
  const root = chat.timelines[room.id]?.messages.find(isRoot) ?? thread.messages.find(isRoot);
  const field = useRef<HTMLTextAreaElement>(null);
  const [reply, setReply] = useState<Message | null>(null);
  const attentive = useAttention();
  const roomId = room.id;

  useEffect(() => void openThread(roomId, threadId), [openThread, roomId, threadId]);
  useEffect(() => {
    void threadId;
    if (window.matchMedia?.("(hover: hover)").matches) field.current?.focus();
  }, [threadId]);

  const acting = useMessageActions({
    api,
    roomId,
    onReply: (message) => {
      setReply(message);
      field.current?.focus();
    },
    onThread: nothing,
    onJump,
    onEditEnd: () => field.current?.focus(),
  });
  const { actions, editing } = acting;
  const rights = useMemo(() => rightsIn(room, me, true), [room, me]);
  const seen = useCallback(() => {
    if (attentive) markRead(roomId);
  }, [attentive, markRead, roomId]);
  const count = root?.thread?.replies ?? thread.messages.length;

  return (
    <SidePanel title="Thread" lead={name} onClose={onClose}>
      {root && (
        <div className="cw-thread-root">
          <MessageBubble
            row={rowOf(foreseen(root, chat.pending, me), isMine(root, me, chat))}
            active
            showName
            progress={null}
            editing={editing?.id === root.id}
            actions={actions}
            rights={rights}
          />
          <p className="cw-thread-count">
            {count === 0 ? "No answers yet" : `${count} ${count === 1 ? "answer" : "answers"}`}
          </p>
        </div>
      )}
      {thread.phase === "failed" ? (
        <div className="cw-empty" role="alert">
          <p>This thread could not be loaded.</p>
          <p className="cw-muted">{thread.error}</p>
          <button type="button" className="cw-button" onClick={() => void openThread(roomId, threadId)}>
            Try again
          </button>
        </div>
      ) : (
        <MessageStream
          api={api}
          room={room}
          threadId={threadId}
          label="Answers in this thread"
          timeline={thread}
          actions={actions}
          editing={editing}
          target={target}
          onArrive={onArrive}
          readNumber={null}
          beginning=" "
          onLeave={() => field.current?.focus()}
          onSeen={seen}
        />
      )}
      <footer className="cw-foot">
        <p className="cw-error" role="alert">
          {acting.problem}
        </p>
        <ComposerOrNotice
          api={api}
          room={room}
          threadId={threadId}
          label="Answer in this thread"
          field={field}
          replyTo={reply}
          onCancelReply={() => setReply(null)}
          onHelp={onHelp}
          onProblem={acting.setProblem}
        />
      </footer>
      <MessageDialogs api={api} asked={acting.asked} onDone={() => acting.setAsked(null)} />
    </SidePanel>
  );
}

/** The first message stands alone. */
function rowOf(message: Message, mine: boolean): MessageRow {
  return {
    key: message.id,
    message,
    outgoing: null,
    at: Date.parse(message.sent_at),
    author: message.author ?? null,
    mine,
    anonymous: message.anonymous,
    startsDay: false,
    startsNew: false,
    first: true,
    last: true,
  };
}
