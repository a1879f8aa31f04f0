/** The rooms: who or what, the last words, how much is unread. */

import { Flag, Hash, Megaphone, MessageSquarePlus, Search, TextSearch, Users } from "lucide-react";
import { useState } from "react";
import type { RoomSummary } from "../../contract";
import type { ChatState } from "../../services/websocket/chat/state";
import { plainWords, roomName } from "../../services/websocket/chat/view";
import { Avatar } from "../Avatar";
import { hue } from "../people";
import { shortWhen } from "../times";
import { useAttention } from "../useAttention";

interface Props {
  chat: ChatState;
  rooms: readonly RoomSummary[];
  selected: string | null;
  onSelect: (roomId: string) => void;
  onNew: () => void;
  onSearch: () => void;
  /** Null for those who are staff nowhere. */
  onReports: (() => void) | null;
  onRetry: () => void;
}

export function RoomList(props: Props) {
  const { chat, rooms, selected, onSelect, onNew, onSearch, onReports, onRetry } = props;
  const [filter, setFilter] = useState("");
  const me = chat.me?.user_id ?? null;
  const wanted = filter.trim().toLocaleLowerCase();
  const found = rooms.filter((room) => roomName(room, me).toLocaleLowerCase().includes(wanted));
  const joined = found.filter((room) => room.joined);
  const open = found.filter((room) => !room.joined);
  return (
    <nav className="cw-rooms" aria-label="Conversations">
      <header className="cw-rooms-head">
        <h2>Chat</h2>
        {onReports && (
          <button
            type="button"
            className="cw-icon-button"
            onClick={onReports}
            aria-label="Reports"
            title="Reports"
          >
            <Flag size={19} aria-hidden="true" />
          </button>
        )}
        <button
          type="button"
          className="cw-icon-button"
          onClick={onSearch}
          aria-label="Search all messages"
          title="Search messages"
        >
          <TextSearch size={20} aria-hidden="true" />
        </button>
        <button type="button" className="cw-icon-button" onClick={onNew} aria-label="New conversation">
          <MessageSquarePlus size={20} aria-hidden="true" />
        </button>
      </header>
      <label className="cw-search">
        <Search size={16} aria-hidden="true" />
        <input
          type="search"
          value={filter}
          placeholder="Find a conversation"
          aria-label="Find a conversation"
          onChange={(event) => setFilter(event.target.value)}
        />
      </label>
      <div className="cw-rooms-body">
        {chat.phase === "loading" && <Skeleton />}
        {chat.phase === "failed" && (
          <div className="cw-empty" role="alert">
            <p>Your conversations could not be loaded.</p>
            <p className="cw-muted">{chat.error}</p>
            <button type="button" className="cw-button" onClick={onRetry}>
              Try again
            </button>
          </div>
        )}
        {chat.phase === "ready" && found.length === 0 && (
          <div className="cw-empty">
            <p>{wanted ? "Nothing has that name." : "No conversations yet."}</p>
            {!wanted && (
              <button type="button" className="cw-button" onClick={onNew}>
                Start one
              </button>
            )}
          </div>
        )}
        {chat.phase === "ready" && (
          <>
            <List rooms={joined} {...{ chat, selected, onSelect }} />
            {open.length > 0 && <h3 className="cw-rooms-section">Open to you</h3>}
            <List rooms={open} {...{ chat, selected, onSelect }} />
          </>
        )}
      </div>
    </nav>
  );
}

type ListProps = Pick<Props, "chat" | "rooms" | "selected" | "onSelect">;

function List({ rooms, ...rest }: ListProps) {
  if (rooms.length === 0) return null;
  return (
    <ul className="cw-rooms-list">
      {rooms.map((room) => (
        <Row key={room.id} room={room} {...rest} />
      ))}
    </ul>
  );
}

type RowProps = Omit<ListProps, "rooms"> & { room: RoomSummary };

function Row({ room, chat, selected, onSelect }: RowProps) {
  const me = chat.me?.user_id ?? null;
  const name = roomName(room, me);
  const when = room.last_message ? Date.parse(room.last_message.sent_at) : null;
  // What one is looking at is about to be marked as read: a count that flashes up helps nobody.
  const looking = useAttention() && selected === room.id;
  const unread = room.joined && !looking ? room.unread : 0;
  return (
    <li>
      <button
        type="button"
        className="cw-room"
        aria-current={selected === room.id || undefined}
        data-unread={unread > 0 || undefined}
        onClick={() => onSelect(room.id)}
      >
        <RoomFace room={room} chat={chat} />
        <span className="cw-room-name" dir="auto">
          {name}
        </span>
        {when !== null && <time className="cw-room-when">{shortWhen(when, Date.now())}</time>}
        <span className="cw-room-last" dir="auto">
          {lastWords(room, chat, me)}
        </span>
        {unread > 0 && (
          <span className="cw-badge" data-mention={room.mentions > 0 || undefined}>
            <span aria-hidden="true">
              {room.mentions > 0 && "@"}
              {unread > 99 ? "99+" : unread}
            </span>
            <span className="cw-hidden">{unread} unread</span>
          </span>
        )}
      </button>
    </li>
  );
}

function lastWords(room: RoomSummary, chat: ChatState, me: string | null): string {
  const typing = chat.typing[room.id];
  if (typing?.[0]) return room.kind === "direct" ? "typing…" : `${typing[0].name.split(" ")[0]} is typing…`;
  const last = room.last_message;
  if (!last) return room.joined ? "No messages yet" : `${room.member_count} members`;
  if (last.state !== "sent") return last.state === "hidden" ? "Message hidden" : "Message deleted";
  const mine = me !== null && last.author?.user_id === me;
  const who = mine ? "You" : last.author ? last.author.name.split(" ")[0] : "Anonymous";
  const said = plainWords(last);
  return room.kind === "direct" && !mine ? said : `${who}: ${said}`;
}

/** A person for a direct room, a sign for all others. */
export function RoomFace({ room, chat }: { room: RoomSummary; chat: ChatState }) {
  const other = (room.others ?? []).find(({ user_id }) => user_id !== chat.me?.user_id);
  if (room.kind === "direct" && other) {
    const status = chat.presence[other.user_id]?.status;
    return <Avatar id={other.user_id} name={other.name} url={other.avatar_url} status={status} />;
  }
  const Sign = room.kind === "announcement" ? Megaphone : room.kind === "group" ? Users : Hash;
  const style = { "--cw-hue": hue(room.course_id ?? room.id) } as React.CSSProperties;
  return (
    <span className="cw-avatar" data-size="medium" data-square style={style}>
      <Sign size={18} aria-hidden="true" />
    </span>
  );
}

function Skeleton() {
  return (
    <div className="cw-skeletons" role="status">
      <span className="cw-hidden">Loading conversations</span>
      {[70, 45, 60, 52].map((width) => (
        <div className="cw-skeleton-row" key={width} aria-hidden="true">
          <span className="cw-skeleton" data-round />
          <span className="cw-skeleton" style={{ width: `${width}%` }} />
          <span className="cw-skeleton" data-thin style={{ width: `${width + 20}%` }} />
        </div>
      ))}
    </div>
  );
}
