/** One room: its head, its messages, and the place to write. */

import { useCallback, useEffect, useRef, useState } from "react";
import type { Message, RoomSummary } from "../../contract";
import type { ChatResult } from "../../hooks/useChatWebSocket";
import { emptyTimeline } from "../../services/websocket/chat/timeline";
import { isMine, outgoingOf, roomName } from "../../services/websocket/chat/view";
import { useAttention } from "../useAttention";
import { ComposerOrNotice } from "./ComposerOrNotice";
import { ConversationHead } from "./ConversationHead";
import { typingLine } from "./conversation";
import { MessageDialogs } from "./MessageDialogs";
import { MessageStream } from "./MessageStream";
import { RoomFace } from "./RoomList";
import { useMessageActions } from "./useMessageActions";
import type { Target } from "./useMessageScroll";

interface Props {
  room: RoomSummary;
  api: ChatResult;
  /** Grows when a room is chosen: choosing the one that is shown already means to write there, too. */
  choices: number;
  target: Target | null;
  onArrive: () => void;
  onJump: (messageId: string, threadId?: string) => void;
  onThread: (threadId: string) => void;
  onSearch: () => void;
  onReports: () => void;
  onHelp: () => void;
  onBack: () => void;
  onOpenDirect: (userId: string) => void;
}

export function Conversation(props: Props) {
  const { room, api, choices, onJump, onThread, onHelp } = props;
  const { chat, isConnected, openRoom, markRead, setTyping } = api;
  const { me } = chat;
  const name = roomName(room, me?.user_id ?? null);
  const timeline = chat.timelines[room.id] ?? emptyTimeline;
  const isEmpty = timeline.messages.length === 0 && outgoingOf(chat.outgoing, room.id).length === 0;
  const field = useRef<HTMLTextAreaElement>(null);
  const heading = useRef<HTMLHeadingElement>(null);
  const attentive = useAttention();
  const [readNumber] = useState(room.unread > 0 ? room.read_number : null);
  const [reply, setReply] = useState<Message | null>(null);
  const roomId = room.id;
  const write = (): void => (field.current ?? heading.current)?.focus();

  useEffect(() => void openRoom(roomId), [openRoom, roomId]);
  // Where there is a keyboard, one can write at once; elsewhere it would open over half of the screen.
  const coming = useRef(props.target);
  useEffect(() => {
    void choices;
    if (coming.current) return;
    if (window.matchMedia?.("(hover: hover)").matches) field.current?.focus();
    else heading.current?.focus();
  }, [choices]);

  const acting = useMessageActions({
    api,
    roomId,
    onReply: (message) => {
      setReply(message);
      field.current?.focus();
    },
    onThread: (message) => onThread(message.id),
    onJump,
    onEditEnd: write,
  });
  // A mark that a broken connection has swallowed is made again with the next.
  const seen = useCallback(() => {
    if (attentive && isConnected && timeline.phase === "ready") markRead(roomId);
  }, [attentive, isConnected, timeline.phase, markRead, roomId]);
  const editLast = (): void => {
    const mine = timeline.messages.findLast(
      (message) =>
        message.state === "sent" &&
        message.thread_id === undefined &&
        isMine(message, me?.user_id ?? null, chat),
    );
    if (mine) acting.actions.startEdit(mine);
  };

  return (
    <section className="cw-conversation" aria-label={name}>
      <ConversationHead {...props} name={name} heading={heading} onProblem={acting.setProblem} />
      {timeline.phase === "loading" && isEmpty ? (
        <Loading />
      ) : timeline.phase === "failed" ? (
        <div className="cw-empty" role="alert">
          <p>These messages could not be loaded.</p>
          <p className="cw-muted">{timeline.error}</p>
          <button type="button" className="cw-button" onClick={() => void openRoom(roomId)}>
            Try again
          </button>
        </div>
      ) : isEmpty ? (
        <div className="cw-empty">
          <RoomFace room={room} chat={chat} />
          <p>No messages yet.</p>
          <p className="cw-muted">{room.can_post ? "Say the first word." : "They will appear here."}</p>
        </div>
      ) : (
        <MessageStream
          api={api}
          room={room}
          label={`Messages in ${name}`}
          timeline={timeline}
          actions={acting.actions}
          editing={acting.editing}
          target={props.target}
          onArrive={props.onArrive}
          readNumber={readNumber}
          onLeave={write}
          onSeen={seen}
        />
      )}

      <footer className="cw-foot">
        <p className="cw-typing" role="status">
          {typingLine(chat.typing[roomId] ?? [])}
        </p>
        <p className="cw-error" role="alert">
          {acting.problem}
        </p>
        <p className="cw-hidden" role="status">
          {acting.notice}
        </p>
        <ComposerOrNotice
          api={api}
          room={room}
          label={`Message ${name}`}
          field={field}
          replyTo={reply}
          onCancelReply={() => setReply(null)}
          onTyping={(active) => setTyping(roomId, active)}
          onEditLast={editLast}
          onHelp={onHelp}
          onProblem={acting.setProblem}
        />
      </footer>
      <MessageDialogs api={api} asked={acting.asked} onDone={() => acting.setAsked(null)} />
    </section>
  );
}

function Loading() {
  return (
    <div className="cw-loading" role="status">
      <span className="cw-hidden">Loading messages</span>
      {[52, 34, 61, 40].map((width, index) => (
        <div
          className="cw-loading-row"
          data-mine={index % 3 === 2 || undefined}
          key={width}
          aria-hidden="true"
        >
          <span className="cw-skeleton" data-bubble style={{ width: `${width}%` }} />
        </div>
      ))}
    </div>
  );
}
