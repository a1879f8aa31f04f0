/** Finds messages by their words, in this conversation or in all; a result leads to the message in its history. */

import { Search } from "lucide-react";
import { ToggleGroup } from "radix-ui";
import { useEffect, useRef, useState } from "react";
import type { FoundMessage } from "../../contract";
import type { ChatResult } from "../../hooks/useChatWebSocket";
import { roomName } from "../../services/websocket/chat/view";
import { words } from "../../services/websocket/errors";
import { shortWhen } from "../times";
import { SidePanel } from "./SidePanel";

/** One asks when the writing rests. */
const REST_MS = 250;

interface Props {
  api: ChatResult;
  /** The open room; null: only all of them can be searched. */
  roomId: string | null;
  onJump: (roomId: string, messageId: string, threadId?: string) => void;
  onClose: () => void;
}

interface Found {
  query: string;
  items: readonly FoundMessage[];
  next: string | null;
}

export function SearchPanel({ api, roomId, onJump, onClose }: Props) {
  const { searchMessages } = api;
  const [query, setQuery] = useState("");
  const [scope, setScope] = useState<"room" | "all">(roomId === null ? "all" : "room");
  const [found, setFound] = useState<Found | null>(null);
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState("");
  const where = scope === "room" && roomId !== null ? roomId : undefined;
  const wanted = query.trim();
  const latest = useRef(0);

  useEffect(() => {
    latest.current += 1;
    const mine = latest.current;
    setProblem("");
    if (wanted === "") {
      setFound(null);
      setBusy(false);
      return;
    }
    const timer = setTimeout(() => {
      setBusy(true);
      searchMessages(wanted, where).then(
        (page) => {
          if (mine !== latest.current) return;
          setFound({ query: wanted, ...page });
          setBusy(false);
        },
        (error: unknown) => {
          if (mine !== latest.current) return;
          setProblem(words(error));
          setBusy(false);
        },
      );
    }, REST_MS);
    return () => clearTimeout(timer);
  }, [wanted, where, searchMessages]);

  const more = async (): Promise<void> => {
    if (!found?.next || busy) return;
    const mine = latest.current;
    setBusy(true);
    try {
      const page = await searchMessages(found.query, where, found.next);
      if (mine === latest.current)
        setFound({ ...found, items: [...found.items, ...page.items], next: page.next });
    } catch (error) {
      setProblem(words(error));
    }
    setBusy(false);
  };

  return (
    <SidePanel title="Search" onClose={onClose}>
      <div className="cw-panel-tools">
        <label className="cw-search">
          <Search size={16} aria-hidden="true" />
          <input
            type="search"
            // biome-ignore lint/a11y/noAutofocus: one has just asked for the search
            autoFocus
            maxLength={200}
            value={query}
            placeholder="Find messages"
            aria-label="Find messages"
            onChange={(event) => setQuery(event.target.value)}
          />
        </label>
        {roomId !== null && (
          <ToggleGroup.Root
            type="single"
            className="cw-toggle"
            aria-label="Where to search"
            value={scope}
            onValueChange={(value) => value && setScope(value as typeof scope)}
          >
            <ToggleGroup.Item value="room">This conversation</ToggleGroup.Item>
            <ToggleGroup.Item value="all">All conversations</ToggleGroup.Item>
          </ToggleGroup.Root>
        )}
      </div>
      <p className="cw-hidden" role="status">
        {busy ? "" : found ? `${found.items.length} found` : ""}
      </p>
      <div className="cw-panel-body">
        {problem && (
          <p className="cw-error" role="alert">
            {problem}
          </p>
        )}
        {!found && !problem && (
          <p className="cw-panel-empty">{busy ? "Searching…" : "Words of a message, in any order."}</p>
        )}
        {found?.items.length === 0 && (
          <p className="cw-panel-empty">Nothing was found for “{found.query}”.</p>
        )}
        <ul className="cw-results">
          {found?.items.map((one) => (
            <Result
              key={one.message.id}
              found={one}
              api={api}
              showRoom={where === undefined}
              onJump={onJump}
            />
          ))}
        </ul>
        {found?.next && (
          <button type="button" className="cw-button" data-quiet disabled={busy} onClick={() => void more()}>
            More
          </button>
        )}
      </div>
    </SidePanel>
  );
}

interface ResultProps {
  found: FoundMessage;
  api: ChatResult;
  showRoom: boolean;
  onJump: Props["onJump"];
}

function Result({ found: { message, room_title, excerpt }, api, showRoom, onJump }: ResultProps) {
  const { chat } = api;
  const room = chat.rooms[message.room_id];
  const title = room ? roomName(room, chat.me?.user_id ?? null) : room_title;
  return (
    <li>
      <button
        type="button"
        className="cw-result"
        onClick={() => onJump(message.room_id, message.id, message.thread_id)}
      >
        <span className="cw-result-head">
          <strong>{message.author?.name ?? "Anonymous"}</strong>
          {showRoom && <span> in {title}</span>}
          <time dateTime={message.sent_at}>{shortWhen(Date.parse(message.sent_at), Date.now())}</time>
        </span>
        <span className="cw-result-text">
          {excerpt.map(({ text, found }, index) =>
            // biome-ignore lint/suspicious/noArrayIndexKey: the pieces of one text never change their order
            found ? <mark key={index}>{text}</mark> : <span key={index}>{text}</span>,
          )}
        </span>
      </button>
    </li>
  );
}
