/** The whole chat: the rooms beside the conversation, one of them at a time on a phone. */

import { MessagesSquare, WifiOff } from "lucide-react";
import { useEffect, useState, useSyncExternalStore } from "react";
import { type ChatResult, useChatWebSocket } from "../hooks/useChatWebSocket";
import { useConnectionStatus } from "../hooks/useConnectionStatus";
import { explain } from "../services/websocket/errors";
import { Conversation } from "./Conversation";
import { NewChat } from "./NewChat";
import { RoomList } from "./RoomList";
import "./styles";

export interface ChatInterfaceProps {
  /** The room that is shown, where the page keeps it in its address; otherwise it is kept here. */
  roomId?: string | null;
  onRoomChange?: (roomId: string | null) => void;
}

const WIDE = "(min-width: 48rem)";

function useWide(): boolean {
  return useSyncExternalStore(
    (listener) => {
      const query = window.matchMedia(WIDE);
      query.addEventListener("change", listener);
      return () => query.removeEventListener("change", listener);
    },
    () => window.matchMedia(WIDE).matches,
    () => true,
  );
}

export function ChatInterface({ roomId, onRoomChange }: ChatInterfaceProps) {
  const api = useChatWebSocket();
  const { chat, rooms } = api;
  const wide = useWide();
  const [own, setOwn] = useState<string | null>(null);
  const [choosing, setChoosing] = useState(false);
  const [problem, setProblem] = useState("");
  const [choices, setChoices] = useState(0);
  const selected = roomId === undefined ? own : roomId;
  const select = (next: string | null): void => {
    setOwn(next);
    setChoices((count) => count + 1);
    onRoomChange?.(next);
  };
  // Beside the list there is room for a conversation: the one that had moved last when the list came.
  const [beside, setBeside] = useState<string | null>(null);
  const first = rooms[0]?.id ?? null;
  useEffect(() => {
    if (wide) setBeside((before) => before ?? first);
  }, [wide, first]);
  const shown = selected ?? (wide ? beside : null);
  const room = shown === null ? undefined : chat.rooms[shown];
  const pane = selected === null ? "rooms" : "conversation";

  const openDirect = (userId: string): void => {
    setProblem("");
    api.openDirect(userId).then(
      (made) => select(made.id),
      () => setProblem("This conversation could not be opened. Please try again."),
    );
  };

  return (
    <div className="cw-chat" data-pane={pane}>
      <RoomList
        chat={chat}
        rooms={rooms}
        selected={room?.id ?? null}
        onSelect={select}
        onNew={() => setChoosing(true)}
        onRetry={() => void api.loadRooms()}
      />
      <div className="cw-main">
        <Banner api={api} />
        {problem && (
          <p className="cw-banner" data-tone="danger" role="alert">
            {problem}
          </p>
        )}
        {room ? (
          <Conversation
            key={room.id}
            room={room}
            api={api}
            choices={choices}
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
      </div>
      <NewChat api={api} open={choosing} onOpenChange={setChoosing} onMade={(made) => select(made.id)} />
    </div>
  );
}

function emptyWords({ chat, rooms }: ChatResult, selected: string | null): string {
  if (chat.phase === "loading") return "Opening your conversations…";
  if (selected !== null) return "This conversation is not here any more, or you cannot see it.";
  return rooms.length > 0 ? "Choose a conversation." : "Your conversations will appear here.";
}

/** A short dip is nobody's concern; a longer one is said. */
const PATIENCE_MS = 1_500;

function Banner({ api }: { api: ChatResult }) {
  const { namespaces, retry } = useConnectionStatus();
  const status = namespaces["/chat"];
  const [late, setLate] = useState(false);
  const { isConnected, connectionState } = api;
  useEffect(() => {
    setLate(false);
    if (isConnected) return;
    const timer = setTimeout(() => setLate(true), PATIENCE_MS);
    return () => clearTimeout(timer);
  }, [isConnected]);
  const refused = connectionState === "unauthorized" || connectionState === "unavailable";
  const shown = !isConnected && (late || refused);
  return (
    <div role="status">
      {shown && (
        <p className="cw-banner" data-tone={refused ? "danger" : "calm"}>
          <WifiOff size={16} aria-hidden="true" />
          <span>
            {refused
              ? explain(status?.error ?? { code: "unavailable", message: "" })
              : "No connection. What you write is kept, and sent when it is back."}
          </span>
          {refused && (
            <button type="button" className="cw-link" onClick={() => retry("/chat")}>
              Try again
            </button>
          )}
        </p>
      )}
    </div>
  );
}
