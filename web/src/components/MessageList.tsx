/** The messages of one room: stays at the end while one is there, keeps its place when older ones come. */

import { ArrowDown } from "lucide-react";
import { useCallback, useEffect, useLayoutEffect, useMemo, useRef, useState } from "react";
import type { Author, Message } from "../contract";
import type { Outgoing } from "../services/websocket/chat/state";
import type { Timeline } from "../services/websocket/chat/timeline";
import type { Progress } from "../services/websocket/chat/view";
import { Avatar } from "./Avatar";
import { conversation, type Item } from "./conversation";
import { type BubbleActions, MessageBubble } from "./MessageBubble";
import { dayName } from "./times";

/** Nearer to the end than this counts as being there. */
const NEAR_END_PX = 60;
/** Nearer to the top than this loads what came before. */
const NEAR_TOP_PX = 320;

interface Props {
  label: string;
  timeline: Timeline;
  outgoing: readonly Outgoing[];
  me: Author | null;
  readNumber: number | null;
  /** Names are shown where more than two people talk. */
  showNames: boolean;
  progressOf: (message: Message) => Progress;
  actions: BubbleActions;
  editing: Message | null;
  onEdit: (message: Message | null) => void;
  onOlder: () => void;
  /** Called whenever the end is in sight and something is there. */
  onSeen: () => void;
}

export function MessageList(props: Props) {
  const { timeline, outgoing, me, readNumber, onOlder, onSeen } = props;
  const { messages } = timeline;
  const box = useRef<HTMLDivElement>(null);
  const content = useRef<HTMLDivElement>(null);
  const atEnd = useRef(true);
  const before = useRef({ height: 0, first: 0, last: 0, mine: 0 });
  const [away, setAway] = useState(false);
  const [missed, setMissed] = useState(0);
  const items = useMemo(
    () => conversation({ messages, outgoing, me, readNumber }),
    [messages, outgoing, me, readNumber],
  );

  const toEnd = useCallback((smooth: boolean) => {
    const element = box.current;
    if (!element) return;
    const calm = window.matchMedia?.("(prefers-reduced-motion: reduce)").matches;
    element.scrollTo?.({ top: element.scrollHeight, behavior: smooth && !calm ? "smooth" : "instant" });
    atEnd.current = true;
    setAway(false);
    setMissed(0);
  }, []);

  const look = useCallback(() => {
    const element = box.current;
    if (!element) return;
    atEnd.current = element.scrollHeight - element.scrollTop - element.clientHeight < NEAR_END_PX;
    setAway(!atEnd.current);
    if (atEnd.current) {
      setMissed(0);
      onSeen();
    }
    if (element.scrollTop < NEAR_TOP_PX && timeline.hasBefore && !timeline.loadingBefore) onOlder();
  }, [onSeen, onOlder, timeline.hasBefore, timeline.loadingBefore]);

  useLayoutEffect(() => {
    const element = box.current;
    if (!element) return;
    const first = messages[0]?.number ?? 0;
    const last = messages.at(-1)?.number ?? 0;
    const was = before.current;
    const wrote = outgoing.length > was.mine;
    if (was.first > 0 && first < was.first) {
      element.scrollTop += element.scrollHeight - was.height;
    } else if (atEnd.current || wrote) {
      toEnd(false);
    } else if (last > was.last && was.last > 0) {
      setMissed((count) => count + last - was.last);
    }
    before.current = { height: element.scrollHeight, first, last, mine: outgoing.length };
    if (atEnd.current) onSeen();
    // A screen that the newest page does not fill has nothing to scroll: ask for more at once.
    const short = element.clientHeight > 0 && element.scrollHeight <= element.clientHeight + NEAR_TOP_PX;
    if (short && timeline.hasBefore && !timeline.loadingBefore) onOlder();
  }, [messages, outgoing, toEnd, onSeen, onOlder, timeline.hasBefore, timeline.loadingBefore]);

  useEffect(() => {
    const element = box.current;
    if (!element || !content.current || typeof ResizeObserver === "undefined") return;
    // The composer grows, the window shrinks, a font arrives: the end stays in sight.
    const observer = new ResizeObserver(() => {
      if (atEnd.current) element.scrollTop = element.scrollHeight;
      before.current.height = element.scrollHeight;
    });
    observer.observe(element);
    observer.observe(content.current);
    return () => observer.disconnect();
  }, []);

  return (
    <div className="cw-scroll-frame">
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a scrollable region must be reachable by keyboard */}
      <div className="cw-scroll" ref={box} onScroll={look} tabIndex={0} role="log" aria-label={props.label}>
        <div className="cw-messages" ref={content} aria-busy={timeline.loadingBefore}>
          <div className="cw-top">
            {timeline.loadingBefore && <span className="cw-spinner" role="img" aria-label="Loading" />}
            {!timeline.hasBefore && messages.length > 0 && <span>This is where it begins.</span>}
          </div>
          <Items {...props} items={items} />
        </div>
      </div>
      {away && (
        <button type="button" className="cw-jump" onClick={() => toEnd(true)}>
          <ArrowDown size={16} aria-hidden="true" />
          {missed > 0 ? `${missed} new ${missed === 1 ? "message" : "messages"}` : "Jump to the newest"}
        </button>
      )}
    </div>
  );
}

type ItemsProps = Props & { items: Item[] };

function Items({ items, ...props }: ItemsProps) {
  const now = Date.now();
  return items.map((item) => {
    if (item.type === "day") {
      return (
        <h3 className="cw-day" key={item.key}>
          <span>{dayName(item.at, now)}</span>
        </h3>
      );
    }
    if (item.type === "new") {
      return (
        <div className="cw-new" key={item.key}>
          <span>New</span>
        </div>
      );
    }
    return <Group key={item.key} group={item} {...props} />;
  });
}

type GroupProps = Props & { group: Extract<Item, { type: "group" }> };

function Group({ group, showNames, progressOf, actions, editing, onEdit }: GroupProps) {
  const { author, mine, anonymous, entries } = group;
  const name = anonymous && !author ? "Anonymous" : (author?.name ?? "Somebody");
  return (
    <section className="cw-group" data-mine={mine || undefined} aria-label={mine ? "You" : name}>
      {!mine && (
        <Avatar
          id={author?.user_id ?? "anonymous"}
          name={anonymous && !author ? "?" : name}
          url={author?.avatar_url}
        />
      )}
      <div className="cw-group-body">
        {!mine && showNames && <div className="cw-author">{name}</div>}
        {entries.map((entry) => (
          <MessageBubble
            key={entry.key}
            entry={entry}
            mine={mine}
            progress={mine && entry.message ? progressOf(entry.message) : null}
            editing={editing !== null && editing.id === entry.message?.id}
            onEdit={onEdit}
            actions={actions}
          />
        ))}
      </div>
    </section>
  );
}
