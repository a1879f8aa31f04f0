/** The messages of one room or thread: only what is in sight is in the page, however long the history. */

import { ArrowDown } from "lucide-react";
import { type ReactNode, useMemo } from "react";
import type { Author, Message } from "../../contract";
import type { Outgoing } from "../../services/websocket/chat/state";
import type { Timeline } from "../../services/websocket/chat/timeline";
import type { Own } from "../../services/websocket/chat/view";
import { dayName } from "../times";
import { usePrinting } from "../usePrinting";
import { Announcer } from "./Announcer";
import { conversation, type MessageRow } from "./conversation";
import { useListKeys } from "./useListKeys";
import { type Target, useMessageScroll } from "./useMessageScroll";

export interface MessageListProps {
  label: string;
  timeline: Timeline;
  /** Those of the timeline that are shown. */
  messages: readonly Message[];
  outgoing: readonly Outgoing[];
  me: Author | null;
  own: Own;
  readNumber: number | null;
  /** The message to show and to point at. */
  target: Target | null;
  /** It is in view. */
  onArrive: () => void;
  /** What stands above the first message, once it is loaded. */
  beginning?: ReactNode;
  renderMessage: (row: MessageRow, active: boolean) => ReactNode;
  /** A key was pressed on a message; true when it meant something. */
  onKey: (key: string, message: Message) => boolean;
  /** Escape: away from the messages. */
  onLeave: () => void;
  onOlder: () => void;
  onNewer: () => void;
  onNewest: () => void;
  /** Called whenever the end is in sight and something is there. */
  onSeen: () => void;
}

export function MessageList(props: MessageListProps) {
  const { timeline, messages, outgoing, me, own, readNumber } = props;
  const rows = useMemo(
    () => conversation({ messages, outgoing, me, own, readNumber }),
    [messages, outgoing, me, own, readNumber],
  );
  const keys = useListKeys({ rows, onKey: props.onKey, onLeave: props.onLeave });
  const scroll = useMessageScroll({ ...props, rows, keep: keys.active });
  const { virtualizer } = scroll;
  const printing = usePrinting();
  const items = printing
    ? rows.map(({ key }, index) => ({ index, key, start: 0 }))
    : virtualizer.getVirtualItems();
  const now = Date.now();

  return (
    <div className="cw-scroll-frame">
      {/* What is new is told by the announcer: rows come and go with scrolling, and are not news. */}
      <div
        className="cw-scroll"
        ref={scroll.box}
        onScroll={scroll.look}
        onFocus={(event) => keys.focused(event)}
        onKeyDown={(event) => keys.keyed(event, scroll.reveal)}
        role="log"
        aria-live="off"
        aria-label={props.label}
        aria-busy={timeline.loadingBefore || timeline.loadingAfter}
        tabIndex={-1}
      >
        <div className="cw-messages">
          {!timeline.hasBefore && messages.length > 0 && (
            <div className="cw-top">{props.beginning ?? "This is where it begins."}</div>
          )}
          <div className="cw-rows" style={{ height: virtualizer.getTotalSize() }}>
            {items.map(({ index, key, start }) => {
              const row = rows[index];
              if (!row) return null;
              return (
                <div
                  key={key}
                  className="cw-virtual-row"
                  data-index={index}
                  data-pointed={scroll.pointed === row.key || undefined}
                  {...(!printing && {
                    ref: virtualizer.measureElement,
                    style: { transform: `translateY(${start}px)` },
                  })}
                >
                  <Above row={row} now={now} />
                  {props.renderMessage(row, row.key === keys.active)}
                </div>
              );
            })}
          </div>
        </div>
      </div>
      {(timeline.loadingBefore || timeline.loadingAfter) && (
        <span className="cw-list-busy" data-at={timeline.loadingBefore ? "top" : "end"}>
          <span className="cw-spinner" role="img" aria-label="Loading" />
        </span>
      )}
      {scroll.away && (
        <button type="button" className="cw-jump" onClick={scroll.toEnd}>
          <ArrowDown size={16} aria-hidden="true" />
          {scroll.missed > 0
            ? `${scroll.missed} new ${scroll.missed === 1 ? "message" : "messages"}`
            : "Jump to the newest"}
        </button>
      )}
      <Announcer messages={messages} me={me} loaded={timeline.phase === "ready"} past={timeline.hasAfter} />
    </div>
  );
}

/** Above a message: the day that begins, and the line of the new ones. */
function Above({ row, now }: { row: MessageRow; now: number }) {
  return (
    <>
      {row.startsDay && (
        <h3 className="cw-day">
          <span>{dayName(row.at, now)}</span>
        </h3>
      )}
      {row.startsNew && (
        <div className="cw-new">
          <span>New</span>
        </div>
      )}
    </>
  );
}
