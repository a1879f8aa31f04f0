/** The whole chat: the rooms, the conversation, and what stands beside it; one of them at a time on a phone. */

import { MessagesSquare } from "lucide-react";
import { Tooltip } from "radix-ui";
import { useCallback, useEffect, useState } from "react";
import { type ChatResult, useChatWebSocket } from "../hooks/useChatWebSocket";
import { ConnectionBanner } from "./ConnectionBanner";
import { Conversation } from "./chat/Conversation";
import { HelpDialog } from "./chat/HelpDialog";
import { NewChat } from "./chat/NewChat";
import { ReportsPanel } from "./chat/ReportsPanel";
import { RoomList } from "./chat/RoomList";
import { SearchPanel } from "./chat/SearchPanel";
import { ThreadPanel } from "./chat/ThreadPanel";
import { useChatKeys } from "./chat/useChatKeys";
import { useJump } from "./chat/useJump";
import "./styles";
import { useWide } from "./useWide";

export interface ChatInterfaceProps {
  /** The room that is shown, where the page keeps it in its address; otherwise it is kept here. */
  roomId?: string | null;
  /** The message to go to in that room; another value means again. */
  messageId?: string | null;
  /** Whether the address asks for the list of reports; another value means again. */
  reports?: boolean;
  onRoomChange?: (roomId: string | null) => void;
}

type Panel = { kind: "search" } | { kind: "reports" } | { kind: "thread"; threadId: string };

export function ChatInterface({
  roomId,
  messageId = null,
  reports = false,
  onRoomChange,
}: ChatInterfaceProps) {
  const api = useChatWebSocket();
  const { chat, rooms } = api;
  const wide = useWide();
  const [own, setOwn] = useState<string | null>(null);
  const [choosing, setChoosing] = useState(false);
  const [help, setHelp] = useState(false);
  const [panel, setPanel] = useState<Panel | null>(null);
  const [problem, setProblem] = useState("");
  const [choices, setChoices] = useState(0);
  const selected = roomId === undefined ? own : roomId;
  const select = useCallback(
    (next: string | null): void => {
      setOwn(next);
      setProblem("");
      setPanel((open) => (open?.kind === "thread" ? null : open));
      setChoices((count) => count + 1);
      onRoomChange?.(next);
    },
    [onRoomChange],
  );
  // Beside the list there is room for a conversation: the one that had moved last when the list came.
  const [beside, setBeside] = useState<string | null>(null);
  const first = rooms[0]?.id ?? null;
  useEffect(() => {
    if (wide) setBeside((before) => before ?? first);
  }, [wide, first]);
  const shown = selected ?? (wide ? beside : null);
  const room = shown === null ? undefined : chat.rooms[shown];
  const pane = selected === null && panel === null ? "rooms" : "conversation";

  const openThread = useCallback((threadId: string) => setPanel({ kind: "thread", threadId }), []);
  const { target, jump, arrived } = useJump({
    api,
    shown: room?.id ?? null,
    linked: { roomId: selected, messageId },
    select,
    openThread,
    // A phone has no room for the panel and the message.
    onGo: () => wide || setPanel(null),
    onProblem: setProblem,
  });
  const openHelp = useCallback(() => setHelp(true), []);
  const openSearch = useCallback(() => setPanel({ kind: "search" }), []);
  useChatKeys({ onHelp: openHelp, onSearch: openSearch });

  const openDirect = (userId: string): void => {
    setProblem("");
    api.openDirect(userId).then(
      (made) => select(made.id),
      () => setProblem("This conversation could not be opened. Please try again."),
    );
  };
  useEffect(() => {
    if (reports) setPanel({ kind: "reports" });
  }, [reports]);
  const closePanel = (): void => {
    setPanel(null);
    // The address asks for what is closed now; the same link must lead here again.
    if (reports) onRoomChange?.(selected);
    setChoices((count) => count + 1);
  };
  const jumpHere = (to: string, threadId?: string): void => {
    if (room) jump(room.id, to, threadId);
  };
  const isStaff = rooms.some(({ can_moderate }) => can_moderate);

  return (
    <Tooltip.Provider>
      <div className="cw-chat" data-pane={pane} data-panel={panel?.kind}>
        <RoomList
          chat={chat}
          rooms={rooms}
          selected={room?.id ?? null}
          onSelect={select}
          onNew={() => setChoosing(true)}
          onSearch={openSearch}
          onReports={isStaff ? () => setPanel({ kind: "reports" }) : null}
          onRetry={() => void api.loadRooms()}
        />
        <div className="cw-main">
          <ConnectionBanner namespace="/chat" meaning="What you write is kept, and sent when it is back." />
          {problem && (
            <p className="cw-banner" data-tone="danger" role="alert">
              {problem}
            </p>
          )}
          <div className="cw-stage">
            {room ? (
              <Conversation
                key={room.id}
                room={room}
                api={api}
                choices={choices}
                target={target?.threadId === undefined ? target : null}
                onArrive={arrived}
                onJump={jumpHere}
                onThread={openThread}
                onSearch={openSearch}
                onReports={() => setPanel({ kind: "reports" })}
                onHelp={openHelp}
                onBack={() => select(null)}
                onOpenDirect={openDirect}
              />
            ) : (
              <div className="cw-empty">
                <MessagesSquare size={40} strokeWidth={1.25} aria-hidden="true" />
                <p>{emptyWords(api, selected)}</p>
                {selected !== null && (
                  <button type="button" className="cw-button" data-quiet onClick={() => select(null)}>
                    All conversations
                  </button>
                )}
              </div>
            )}
            {panel?.kind === "search" && (
              <SearchPanel api={api} roomId={room?.id ?? null} onJump={jump} onClose={closePanel} />
            )}
            {panel?.kind === "reports" && (
              <ReportsPanel
                api={api}
                roomId={room?.can_moderate ? room.id : null}
                onJump={jump}
                onClose={closePanel}
              />
            )}
            {panel?.kind === "thread" && room && (
              <ThreadPanel
                key={panel.threadId}
                api={api}
                room={room}
                threadId={panel.threadId}
                target={target?.threadId === panel.threadId ? target : null}
                onArrive={arrived}
                onJump={(to) => jumpHere(to, panel.threadId)}
                onHelp={openHelp}
                onClose={closePanel}
              />
            )}
          </div>
        </div>
        <NewChat api={api} open={choosing} onOpenChange={setChoosing} onMade={(made) => select(made.id)} />
        <HelpDialog open={help} onOpenChange={setHelp} />
      </div>
    </Tooltip.Provider>
  );
}

function emptyWords({ chat, rooms }: ChatResult, selected: string | null): string {
  if (chat.phase === "loading") return "Opening your conversations…";
  if (selected !== null) return "This conversation is not here any more, or you cannot see it.";
  return rooms.length > 0 ? "Choose a conversation." : "Your conversations will appear here.";
}
