/** One notification in a list: what it says, where it leads, and what one can do with it. */

import { Archive, ArrowRight, Inbox, Mail, MailOpen } from "lucide-react";
import { useState } from "react";
import type { Notification } from "../../contract";
import { clock, dayName, shortWhen } from "../times";
import { useWide } from "../useWide";
import { type ItemDeed, ItemMenu } from "./ItemMenu";
import { kindOf, priorityLabel } from "./kinds";
import { NoticeFace } from "./NoticeFace";
import { NoticeLink, type Ways } from "./NoticeLink";
import { NotificationText } from "./NotificationText";

/** What can be done with an item; each shows at once. */
export interface ItemActions {
  open: (item: Notification) => void;
  toggleRead: (item: Notification) => void;
  archive: (item: Notification) => void;
  bringBack: (item: Notification) => void;
  snooze: (item: Notification, until: Date) => void;
}

interface Props {
  item: Notification;
  actions: ItemActions;
  courseName: (courseId: string) => string;
  ways: Ways;
  /** In a popover: no buttons, and only the beginning of the text. */
  compact?: boolean;
}

/** A longer text shows its beginning. */
const LONG = 260;

export function NotificationItem({ item, actions, courseName, ways, compact = false }: Props) {
  const unread = item.read_at === undefined;
  const [whole, setWhole] = useState(false);
  const isLong = item.body.length > LONG || item.body.split("\n").length > 5;
  const isPressing = item.priority === "urgent" || item.priority === "high";
  const moved = Date.parse(item.moved_at);
  const now = Date.now();
  return (
    <li
      className="cw-news"
      data-id={item.id}
      data-unread={unread || undefined}
      data-priority={item.priority}
      data-compact={compact || undefined}
    >
      <NoticeFace item={item} />
      <div className="cw-news-main">
        <p className="cw-news-meta">
          <span>{item.actor?.name ?? kindOf(item.category).label}</span>
          {item.course_id !== undefined && <span>{courseName(item.course_id)}</span>}
          <time dateTime={item.moved_at} title={`${dayName(moved, now)}, ${clock(moved)}`}>
            {shortWhen(moved, now)}
          </time>
        </p>
        <h4 className="cw-news-title">
          <NoticeLink item={item} onOpen={actions.open} ways={ways}>
            {unread && <span className="cw-hidden">Unread: </span>}
            {item.title}
          </NoticeLink>
          {item.group_count > 1 && <span className="cw-news-count">{item.group_count} new</span>}
          {isPressing && (
            <span className="cw-news-priority" data-priority={item.priority}>
              {priorityLabel(item.priority)}
            </span>
          )}
        </h4>
        <div className="cw-news-clamp" data-lines={compact ? 2 : whole ? undefined : 4}>
          <NotificationText html={item.html} />
        </div>
        {!compact && isLong && (
          <button
            type="button"
            className="cw-link cw-news-more"
            aria-expanded={whole}
            onClick={() => setWhole(!whole)}
          >
            {whole ? "Show less" : "Show all"}
          </button>
        )}
        {!compact && item.snoozed_until !== undefined && (
          <p className="cw-news-until">
            Back {dayName(Date.parse(item.snoozed_until), now)}, {clock(Date.parse(item.snoozed_until))}
          </p>
        )}
        {!compact && item.action && (
          <span className="cw-news-action" aria-hidden="true">
            {item.action.label} <ArrowRight size={13} />
          </span>
        )}
      </div>
      {!compact && <Buttons item={item} actions={actions} />}
    </li>
  );
}

/** Beside each other where there is room, behind one button where there is not. */
function Buttons({ item, actions }: Pick<Props, "item" | "actions">) {
  const wide = useWide();
  const unread = item.read_at === undefined;
  const inInbox = item.archived_at === undefined && item.snoozed_until === undefined;
  const deeds: ItemDeed[] = inInbox
    ? [
        {
          words: unread ? "Mark as read" : "Mark as unread",
          Icon: unread ? MailOpen : Mail,
          run: () => actions.toggleRead(item),
        },
        { words: "Archive", Icon: Archive, run: () => actions.archive(item) },
      ]
    : [{ words: "Back to the inbox", Icon: Inbox, run: () => actions.bringBack(item) }];
  const snooze = inInbox ? (until: Date) => actions.snooze(item, until) : null;
  return (
    <div className="cw-news-buttons">
      {wide ? (
        <>
          {deeds.map(({ words, Icon, run }) => (
            <button
              key={words}
              type="button"
              className="cw-icon-button"
              aria-label={`${words}: ${item.title}`}
              title={words}
              onClick={run}
            >
              <Icon size={17} aria-hidden="true" />
            </button>
          ))}
          {snooze && <ItemMenu title={item.title} deeds={[]} onSnooze={snooze} />}
        </>
      ) : (
        <ItemMenu title={item.title} deeds={deeds} onSnooze={snooze} />
      )}
    </div>
  );
}
