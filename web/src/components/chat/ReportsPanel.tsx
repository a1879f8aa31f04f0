/** For staff: what was reported, and what staff has done in a conversation. */

import { Tabs } from "radix-ui";
import { useCallback, useEffect, useState } from "react";
import type { AuditEntry, Report } from "../../contract";
import type { ChatResult } from "../../hooks/useChatWebSocket";
import type { PageOf } from "../../services/websocket/chat/order";
import { roomName } from "../../services/websocket/chat/view";
import { words } from "../../services/websocket/errors";
import { seconds, shortWhen } from "../times";
import { MessageHtml } from "./MessageText";
import { SidePanel } from "./SidePanel";

interface Props {
  api: ChatResult;
  /** The open room, if we are staff there: its audit trail is shown, too. */
  roomId: string | null;
  onJump: (roomId: string, messageId: string, threadId?: string) => void;
  onClose: () => void;
}

export function ReportsPanel({ api, roomId, onJump, onClose }: Props) {
  const { listReports, listAudit } = api;
  const open = useCallback((cursor: string | null) => listReports(cursor, "open"), [listReports]);
  const done = useCallback((cursor: string | null) => listReports(cursor, "resolved"), [listReports]);
  const audit = useCallback(
    (cursor: string | null) =>
      roomId === null ? Promise.resolve({ items: [], next: null }) : listAudit(roomId, cursor),
    [listAudit, roomId],
  );
  return (
    <SidePanel title="Reports" onClose={onClose}>
      <Tabs.Root defaultValue="open" className="cw-tabs">
        <Tabs.List className="cw-toggle" aria-label="Reports">
          <Tabs.Trigger value="open">Open</Tabs.Trigger>
          <Tabs.Trigger value="done">Settled</Tabs.Trigger>
          {roomId !== null && <Tabs.Trigger value="audit">What staff did</Tabs.Trigger>}
        </Tabs.List>
        <Tabs.Content value="open" className="cw-panel-body">
          <Paged
            load={open}
            empty="Nothing is reported."
            render={(report, again) => (
              <OneReport key={report.id} report={report} api={api} onJump={onJump} onSettled={again} />
            )}
          />
        </Tabs.Content>
        <Tabs.Content value="done" className="cw-panel-body">
          <Paged
            load={done}
            empty="Nothing was settled yet."
            render={(report, again) => (
              <OneReport key={report.id} report={report} api={api} onJump={onJump} onSettled={again} />
            )}
          />
        </Tabs.Content>
        <Tabs.Content value="audit" className="cw-panel-body">
          <Paged
            load={audit}
            empty="Staff did nothing here yet."
            render={(entry) => <Entry key={entry.id} entry={entry} api={api} />}
          />
        </Tabs.Content>
      </Tabs.Root>
    </SidePanel>
  );
}

interface PagedProps<Item> {
  load: (cursor: string | null) => Promise<PageOf<Item>>;
  empty: string;
  render: (item: Item, again: () => void) => React.ReactNode;
}

/** A list that comes in pages, and anew when something in it was done. */
function Paged<Item>({ load, empty, render }: PagedProps<Item>) {
  const [page, setPage] = useState<PageOf<Item> | null>(null);
  const [problem, setProblem] = useState("");
  const [turn, setTurn] = useState(0);
  useEffect(() => {
    void turn;
    let here = true;
    setProblem("");
    load(null).then(
      (found) => here && setPage(found),
      (error: unknown) => here && setProblem(words(error)),
    );
    return () => {
      here = false;
    };
  }, [load, turn]);
  const more = async (): Promise<void> => {
    if (!page?.next) return;
    try {
      const next = await load(page.next);
      setPage({ items: [...page.items, ...next.items], next: next.next });
    } catch (error) {
      setProblem(words(error));
    }
  };
  return (
    <>
      {problem && (
        <p className="cw-error" role="alert">
          {problem}
        </p>
      )}
      {!page && !problem && <p className="cw-panel-empty">Loading…</p>}
      {page?.items.length === 0 && <p className="cw-panel-empty">{empty}</p>}
      <ul className="cw-results">
        {page?.items.map((item) => render(item, () => setTurn((count) => count + 1)))}
      </ul>
      {page?.next && (
        <button type="button" className="cw-button" data-quiet onClick={() => void more()}>
          More
        </button>
      )}
    </>
  );
}

const REASONS: Record<Report["reason"], string> = {
  spam: "Spam",
  harassment: "Hurts or threatens",
  cheating: "Helps to cheat",
  off_topic: "Does not belong here",
  other: "Something else",
};

interface ReportProps {
  report: Report;
  api: ChatResult;
  onJump: Props["onJump"];
  onSettled: () => void;
}

function OneReport({ report, api, onJump, onSettled }: ReportProps) {
  const [problem, setProblem] = useState("");
  const { message, reporter, reason, note, reported_at } = report;
  const { chat, moderateRoom } = api;
  const room = chat.rooms[report.room_id];
  const measure = (action: "hide" | "restore"): void => {
    setProblem("");
    moderateRoom(report.room_id, { action, messageId: message.id }).then(onSettled, (error: unknown) =>
      setProblem(words(error)),
    );
  };
  return (
    <li className="cw-report">
      <p className="cw-result-head">
        <strong>{REASONS[reason]}</strong>
        <span> in {room ? roomName(room, chat.me?.user_id ?? null) : "another room"}</span>
        <time dateTime={reported_at}>{shortWhen(Date.parse(reported_at), Date.now())}</time>
      </p>
      <blockquote className="cw-report-message">
        <span className="cw-author">{message.author?.name ?? "Anonymous"}</span>
        {message.state === "sent" ? <MessageHtml html={message.html} /> : <em>Message {message.state}</em>}
      </blockquote>
      <p className="cw-muted">
        {reporter.name}
        {note && `: “${note}”`}
      </p>
      {problem && (
        <p className="cw-error" role="alert">
          {problem}
        </p>
      )}
      <div className="cw-report-actions">
        <button
          type="button"
          className="cw-link"
          onClick={() => onJump(report.room_id, message.id, message.thread_id)}
        >
          Show in the conversation
        </button>
        {message.state === "sent" && (
          <button type="button" className="cw-link" onClick={() => measure("hide")}>
            Hide message
          </button>
        )}
        {report.state === "open" && message.state !== "deleted" && (
          <button type="button" className="cw-link" onClick={() => measure("restore")}>
            {message.state === "hidden" ? "Show again" : "Leave it"}
          </button>
        )}
      </div>
    </li>
  );
}

const DEEDS: Record<AuditEntry["action"], string> = {
  hide: "hid a message",
  restore: "showed a message again",
  mute: "muted",
  unmute: "unmuted",
  lock: "locked the conversation",
  unlock: "unlocked the conversation",
  slow_mode: "set slow mode",
  reveal: "asked who wrote an anonymous message",
  delete: "deleted a message",
};

function Entry({ entry, api }: { entry: AuditEntry; api: ChatResult }) {
  const { action, actor, user_id, seconds: wait, note, at } = entry;
  const whom =
    user_id && (api.chat.members[entry.room_id]?.find((one) => one.user_id === user_id)?.name ?? user_id);
  return (
    <li className="cw-audit">
      <span>
        <strong>{actor.name}</strong> {DEEDS[action]}
        {whom && (action === "mute" || action === "unmute") && ` ${whom}`}
        {wait !== undefined && (wait > 0 ? `: ${seconds(wait)}` : ": off")}
        {note && `. “${note}”`}
      </span>
      <time dateTime={at}>{shortWhen(Date.parse(at), Date.now())}</time>
    </li>
  );
}
