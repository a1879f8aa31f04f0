/** One room: its head, its messages, and the place to write. */

import { ArrowLeft, LogOut, MoreVertical, Users } from "lucide-react";
import { AlertDialog, DropdownMenu, Popover } from "radix-ui";
import { useCallback, useEffect, useMemo, useRef, useState } from "react";
import type { Member, Message, RoomSummary } from "../contract";
import type { ChatResult } from "../hooks/useChatWebSocket";
import { emptyTimeline } from "../services/websocket/chat/timeline";
import { outgoingOf, progress, roomName } from "../services/websocket/chat/view";
import { words } from "../services/websocket/errors";
import { Avatar, statusWord } from "./Avatar";
import { Composer } from "./Composer";
import { typingLine } from "./conversation";
import type { BubbleActions } from "./MessageBubble";
import { MessageList } from "./MessageList";
import { RoomFace } from "./RoomList";
import { duration } from "./times";
import { useAttention } from "./useAttention";

interface Props {
  room: RoomSummary;
  api: ChatResult;
  /** Grows when a room is chosen: choosing the one that is shown already means to write there, too. */
  choices: number;
  onBack: () => void;
  onOpenDirect: (userId: string) => void;
}

export function Conversation({ room, api, choices, onBack, onOpenDirect }: Props) {
  const { chat, openRoom, loadOlder, sendMessage, markRead, setTyping, editMessage, deleteMessage } = api;
  const me = chat.me;
  const name = roomName(room, me?.user_id ?? null);
  const timeline = chat.timelines[room.id] ?? emptyTimeline;
  const outgoing = useMemo(() => outgoingOf(chat, room.id), [chat, room.id]);
  const field = useRef<HTMLTextAreaElement>(null);
  const heading = useRef<HTMLHeadingElement>(null);
  const attentive = useAttention();
  const [readNumber] = useState(room.unread > 0 ? (room.read_number ?? 0) : null);
  const [editing, setEditing] = useState<Message | null>(null);
  const [removing, setRemoving] = useState<Message | null>(null);
  const [problem, setProblem] = useState("");
  const roomId = room.id;

  useEffect(() => void openRoom(roomId), [openRoom, roomId]);
  // Where there is a keyboard, one can write at once; elsewhere it would open over half of the screen.
  useEffect(() => {
    void choices;
    if (window.matchMedia?.("(hover: hover)").matches) field.current?.focus();
    else heading.current?.focus();
  }, [choices]);

  const seen = useCallback(() => {
    if (attentive && timeline.phase === "ready") markRead(roomId);
  }, [attentive, timeline.phase, markRead, roomId]);
  const older = useCallback(() => void loadOlder(roomId), [loadOlder, roomId]);
  const edit = useCallback((message: Message | null) => {
    setEditing(message);
    if (!message) field.current?.focus();
  }, []);
  const actions = useMemo<BubbleActions>(
    () => ({
      retry: api.retryMessage,
      discard: api.discardMessage,
      remove: setRemoving,
      edit: async (message, text) => {
        try {
          await editMessage(message, text);
        } catch (error) {
          throw new Error(words(error));
        }
      },
    }),
    [api.retryMessage, api.discardMessage, editMessage],
  );
  const remove = async (message: Message): Promise<void> => {
    setRemoving(null);
    setProblem("");
    field.current?.focus();
    try {
      await deleteMessage(message);
    } catch (error) {
      setProblem(words(error));
    }
  };
  const editLast = (): void => {
    const mine = timeline.messages.findLast(
      (message) => message.author?.user_id === me?.user_id && message.state === "sent",
    );
    if (mine) setEditing(mine);
  };

  return (
    <section className="cw-conversation" aria-label={name}>
      <header className="cw-conversation-head">
        <button
          type="button"
          className="cw-icon-button cw-back"
          onClick={onBack}
          aria-label="Back to all conversations"
        >
          <ArrowLeft size={20} aria-hidden="true" />
        </button>
        <RoomFace room={room} chat={chat} />
        <div className="cw-conversation-title">
          <h2 ref={heading} tabIndex={-1}>
            {name}
          </h2>
          <p>{subtitle(room, api)}</p>
        </div>
        {room.kind !== "direct" && room.joined && (
          <Members room={room} api={api} onOpenDirect={onOpenDirect} />
        )}
        {room.joined && (room.kind === "group" || room.kind === "discussion") && (
          <DropdownMenu.Root>
            <DropdownMenu.Trigger className="cw-icon-button" aria-label="More about this conversation">
              <MoreVertical size={20} aria-hidden="true" />
            </DropdownMenu.Trigger>
            <DropdownMenu.Portal>
              <DropdownMenu.Content className="cw-menu" align="end" sideOffset={4}>
                <DropdownMenu.Item
                  className="cw-menu-item"
                  onSelect={() => {
                    api.leaveRoom(roomId).then(onBack, (error: unknown) => setProblem(words(error)));
                  }}
                >
                  <LogOut size={15} aria-hidden="true" /> Leave
                </DropdownMenu.Item>
              </DropdownMenu.Content>
            </DropdownMenu.Portal>
          </DropdownMenu.Root>
        )}
      </header>

      {timeline.phase === "loading" && timeline.messages.length === 0 && outgoing.length === 0 ? (
        <Loading />
      ) : timeline.phase === "failed" ? (
        <div className="cw-empty" role="alert">
          <p>These messages could not be loaded.</p>
          <p className="cw-muted">{timeline.error}</p>
          <button type="button" className="cw-button" onClick={() => void openRoom(roomId)}>
            Try again
          </button>
        </div>
      ) : timeline.messages.length === 0 && outgoing.length === 0 ? (
        <div className="cw-empty">
          <RoomFace room={room} chat={chat} />
          <p>No messages yet.</p>
          <p className="cw-muted">{room.can_post ? "Say the first word." : "They will appear here."}</p>
        </div>
      ) : (
        <MessageList
          label={`Messages in ${name}`}
          timeline={timeline}
          outgoing={outgoing}
          me={me}
          readNumber={readNumber}
          showNames={room.kind !== "direct"}
          progressOf={(message) => progress(chat, message)}
          actions={actions}
          editing={editing}
          onEdit={edit}
          onOlder={older}
          onSeen={seen}
        />
      )}

      <footer className="cw-foot">
        <p className="cw-typing" role="status">
          {typingLine(chat.typing[roomId] ?? [])}
        </p>
        <p className="cw-error" role="alert">
          {problem}
        </p>
        {!room.joined ? (
          <div className="cw-notice">
            <span>You are reading along.</span>
            <button
              type="button"
              className="cw-button"
              onClick={() => {
                api.joinRoom(roomId).catch((error: unknown) => setProblem(words(error)));
              }}
            >
              Join to write
            </button>
          </div>
        ) : room.can_post ? (
          <Composer
            roomId={roomId}
            name={name}
            field={field}
            onSend={(text) => sendMessage(roomId, text)}
            onTyping={(active) => setTyping(roomId, active)}
            onEditLast={editLast}
          />
        ) : (
          <div className="cw-notice">
            {room.kind === "announcement" ? "Only teachers write here." : "You cannot write here."}
          </div>
        )}
      </footer>

      <AlertDialog.Root open={removing !== null} onOpenChange={(open) => !open && setRemoving(null)}>
        <AlertDialog.Portal>
          <AlertDialog.Overlay className="cw-overlay" />
          <AlertDialog.Content className="cw-dialog" data-small>
            <AlertDialog.Title className="cw-dialog-title">Delete this message?</AlertDialog.Title>
            <AlertDialog.Description className="cw-muted">
              It disappears for everybody. Its place stays marked.
            </AlertDialog.Description>
            <div className="cw-dialog-actions">
              <AlertDialog.Cancel className="cw-button" data-quiet>
                Keep it
              </AlertDialog.Cancel>
              <AlertDialog.Action
                className="cw-button"
                data-danger
                onClick={() => removing && void remove(removing)}
              >
                Delete
              </AlertDialog.Action>
            </div>
          </AlertDialog.Content>
        </AlertDialog.Portal>
      </AlertDialog.Root>
    </section>
  );
}

function subtitle(room: RoomSummary, { chat }: ChatResult): string {
  if (room.kind === "direct") {
    const other = (room.others ?? []).find(({ user_id }) => user_id !== chat.me?.user_id);
    const presence = other && chat.presence[other.user_id];
    if (!presence) return "";
    if (presence.status !== "offline") return statusWord(presence.status);
    const ago = Date.now() - Date.parse(presence.last_seen_at);
    return Number.isFinite(ago) ? `Last here ${duration(Math.max(0, ago))} ago` : "Offline";
  }
  const here = Object.values(chat.presence).filter(({ status }) => status !== "offline").length;
  const known = chat.members[room.id];
  const present = known?.filter(({ user_id }) => (chat.presence[user_id]?.status ?? "offline") !== "offline");
  const count = `${room.member_count} ${room.member_count === 1 ? "member" : "members"}`;
  return present && here > 0 ? `${count}, ${present.length} here` : count;
}

function Members({
  room,
  api,
  onOpenDirect,
}: {
  room: RoomSummary;
  api: ChatResult;
  onOpenDirect: (userId: string) => void;
}) {
  const { chat, loadMembers } = api;
  const members = chat.members[room.id];
  const missing = members === undefined;
  useEffect(() => {
    // Without names the head can still say how many there are.
    if (missing) loadMembers(room.id).catch(() => undefined);
  }, [missing, loadMembers, room.id]);
  return (
    <Popover.Root>
      <Popover.Trigger
        className="cw-icon-button"
        aria-label={`Members of this conversation, ${room.member_count}`}
      >
        <Users size={20} aria-hidden="true" />
      </Popover.Trigger>
      <Popover.Portal>
        <Popover.Content
          className="cw-popover"
          align="end"
          sideOffset={6}
          collisionPadding={8}
          aria-label="Members"
        >
          <h3 className="cw-popover-title">Members</h3>
          <ul className="cw-people">
            {(members ?? []).map((member) => (
              <li key={member.user_id} className="cw-person">
                <Avatar
                  id={member.user_id}
                  name={member.name}
                  url={member.avatar_url}
                  size="small"
                  status={chat.presence[member.user_id]?.status}
                />
                <span className="cw-person-name">
                  {member.name}
                  {member.user_id === chat.me?.user_id && <span className="cw-muted"> (you)</span>}
                  <RoleName member={member} />
                </span>
                {member.user_id !== chat.me?.user_id && (
                  <Popover.Close asChild>
                    <button type="button" className="cw-link" onClick={() => onOpenDirect(member.user_id)}>
                      Message<span className="cw-hidden"> {member.name}</span>
                    </button>
                  </Popover.Close>
                )}
              </li>
            ))}
          </ul>
        </Popover.Content>
      </Popover.Portal>
    </Popover.Root>
  );
}

const ROLES: Record<string, string> = {
  administrator: "Administrator",
  instructor: "Teacher",
  teaching_assistant: "Teaching assistant",
  content_developer: "Author",
  mentor: "Mentor",
};

/** The role that says most; nothing for a learner. */
export function RoleName({ member }: { member: Member }) {
  const role = Object.keys(ROLES).find((one) => member.roles.includes(one));
  return role ? <span className="cw-role">{ROLES[role]}</span> : null;
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
