/** The head of a room: what it is called, who is here, what is pinned, and what one can do with it. */

import { ArrowLeft, Lock, Search } from "lucide-react";
import { type RefObject, useState } from "react";
import type { RoomSummary } from "../../contract";
import type { ChatResult } from "../../hooks/useChatWebSocket";
import { statusWord } from "../Avatar";
import { duration } from "../times";
import { Members } from "./Members";
import { Pins } from "./Pins";
import { RoomFace } from "./RoomList";
import { RoomMenu } from "./RoomMenu";
import { RoomSettings } from "./RoomSettings";

interface Props {
  room: RoomSummary;
  api: ChatResult;
  name: string;
  heading: RefObject<HTMLHeadingElement | null>;
  onBack: () => void;
  onSearch: () => void;
  onReports: () => void;
  onJump: (messageId: string, threadId?: string) => void;
  onOpenDirect: (userId: string) => void;
  onProblem: (words: string) => void;
}

export function ConversationHead(props: Props) {
  const { room, api, name, heading, onBack, onSearch, onReports, onJump, onOpenDirect, onProblem } = props;
  const [settings, setSettings] = useState(false);
  return (
    <header className="cw-conversation-head">
      <button
        type="button"
        className="cw-icon-button cw-back"
        onClick={onBack}
        aria-label="Back to all conversations"
      >
        <ArrowLeft size={20} aria-hidden="true" />
      </button>
      <RoomFace room={room} chat={api.chat} />
      <div className="cw-conversation-title">
        <h2 ref={heading} tabIndex={-1} dir="auto">
          {name}
        </h2>
        <p>
          {room.locked && (
            <span className="cw-locked">
              <Lock size={12} aria-hidden="true" /> Locked
            </span>
          )}
          {subtitle(room, api)}
        </p>
      </div>
      <Pins room={room} api={api} onJump={onJump} />
      <button type="button" className="cw-icon-button" aria-label="Search messages" onClick={onSearch}>
        <Search size={20} aria-hidden="true" />
      </button>
      {room.kind !== "direct" && room.joined && <Members {...{ room, api, onOpenDirect }} />}
      <RoomMenu
        {...{ room, api, onReports, onProblem }}
        onSettings={() => setSettings(true)}
        onLeft={onBack}
      />
      {settings && <RoomSettings api={api} room={room} onDone={() => setSettings(false)} />}
    </header>
  );
}

function subtitle(room: RoomSummary, { chat }: ChatResult): string {
  if (room.kind === "direct") {
    const other = room.others.find(({ user_id }) => user_id !== chat.me?.user_id);
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
