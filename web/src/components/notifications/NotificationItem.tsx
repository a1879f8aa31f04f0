/** One notification in a list: what it says, where it leads, and what one can do with it. */

import { Archive, ArrowRight, Inbox, Mail, MailOpen } from "lucide-react";
import { useState } from "react";
import type { Notification } from "../../contract";
import { clock, dayName, shortWhen } from "../times";
import { kindOf, priorityLabel } from "./kinds";
import { NoticeFace } from "./NoticeFace";
import { NoticeLink, type Ways } from "./NoticeLink";
import { NotificationText } from "./NotificationText";
import { SnoozeMenu } from "./SnoozeMenu";

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
      className="cw-notice"
      data-id={item.id}
      data-unread={unread || undefined}
      data-priority={item.priority}
      data-compact={compact || undefined}
    >
      <NoticeFace item={item} />
      <div className="cw-notice-main">
        <p className="cw-notice-meta">
          <span>{item.actor?.name ?? kindOf(item.category).label}</span>
          {item.course_id !== undefined && <span>{courseName(item.course_id)}</span>}
          <time dateTime={item.moved_at} title={`${dayName(moved, now)}, ${clock(moved)}`}>
            {shortWhen(moved, now)}
          </time>
        </p>
        <h4 className="cw-notice-title">
          <NoticeLink item={item} onOpen={actions.open} ways={ways}>
            {unread && <span className="cw-hidden">Unread: </span>}
            {item.title}
          </NoticeLink>
          {item.group_count > 1 && <span className="cw-notice-count">{item.group_count} new</span>}
          {isPressing && (
            <span className="cw-notice-priority" data-priority={item.priority}>
              {priorityLabel(item.priority)}
            </span>
          )}
        </h4>
        <div className="cw-notice-clamp" data-lines={compact ? 2 : whole ? undefined : 4}>
          <NotificationText html={item.html} />
        </div>
        {!compact && isLong && (
          <button
            type="button"
            className="cw-link cw-notice-more"
            aria-expanded={whole}
            onClick={() => setWhole(!whole)}
          >
            {whole ? "Show less" : "Show all"}
          </button>
        )}
        {!compact && item.snoozed_until !== undefined && (
          <p className="cw-notice-until">
            Back {dayName(Date.parse(item.snoozed_until), now)}, {clock(Date.parse(item.snoozed_until))}
          </p>
        )}
        {!compact && item.action && (
          <span className="cw-notice-action" aria-hidden="true">
            {item.action.label} <ArrowRight size={13} />
          </span>
        )}
      </div>
      {!compact && <Buttons item={item} actions={actions} />}
    </li>
  );
}

function Buttons({ item, actions }: Pick<Props, "item" | "actions">) {
  const unread = item.read_at === undefined;
  const inInbox = item.archived_at === undefined && item.snoozed_until === undefined;
  const { title } = item;
  const readWords = unread ? "Mark as read" : "Mark as unread";
  return (
    <div className="cw-notice-buttons">
      {inInbox && (
        <button
          type="button"
          className="cw-icon-button"
          aria-label={`${readWords}: ${title}`}
          title={readWords}
          onClick={() => actions.toggleRead(item)}
        >
          {unread ? <MailOpen size={17} aria-hidden="true" /> : <Mail size={17} aria-hidden="true" />}
        </button>
      )}
      {inInbox && <SnoozeMenu title={title} onSnooze={(until) => actions.snooze(item, until)} />}
      {inInbox ? (
        <button
          type="button"
          className="cw-icon-button"
          aria-label={`Archive: ${title}`}
          title="Archive"
          onClick={() => actions.archive(item)}
        >
          <Archive size={17} aria-hidden="true" />
        </button>
      ) : (
        <button
          type="button"
          className="cw-icon-button"
          aria-label={`Back to the inbox: ${title}`}
          title="Back to the inbox"
          onClick={() => actions.bringBack(item)}
        >
          <Inbox size={17} aria-hidden="true" />
        </button>
      )}
    </div>
  );
}
