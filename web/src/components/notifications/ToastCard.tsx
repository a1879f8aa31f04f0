/** One toast: a single notification, or how many came and the first of them. */

import { Bell, X } from "lucide-react";
import type { Notification } from "../../contract";
import type { Toast } from "../../services/websocket/notifications/toasts";
import { kindOf } from "./kinds";
import { NoticeFace } from "./NoticeFace";
import { NoticeLink, type Ways } from "./NoticeLink";
import { NotificationText } from "./NotificationText";

interface Props {
  toast: Toast;
  courseName: (courseId: string) => string;
  inboxLink?: string | undefined;
  ways: Ways;
  onOpen: (item: Notification) => void;
  onClose: () => void;
}

/** So many of a burst are named. */
const NAMED = 3;

export function ToastCard({ toast, courseName, inboxLink, ways, onOpen, onClose }: Props) {
  const { items, more, urgent } = toast;
  const [first] = items;
  if (!first) return null;
  const link = (item: Notification) => (
    <NoticeLink item={item} fallback={inboxLink} onOpen={onOpen} ways={ways}>
      {item.title}
    </NoticeLink>
  );
  return (
    <div className="cw-toast" data-urgent={urgent || undefined}>
      {items.length === 1 ? (
        <>
          <NoticeFace item={first} />
          <div className="cw-news-main">
            <p className="cw-news-meta">
              {urgent && <strong>Urgent</strong>}
              <span>{first.actor?.name ?? kindOf(first.category).label}</span>
              {first.course_id !== undefined && <span>{courseName(first.course_id)}</span>}
            </p>
            <p className="cw-news-title">{link(first)}</p>
            <div className="cw-news-clamp" data-lines={2}>
              <NotificationText html={first.html} />
            </div>
          </div>
        </>
      ) : (
        <>
          <span className="cw-news-face" data-many aria-hidden="true">
            <span className="cw-news-sign">
              <Bell size={18} />
            </span>
          </span>
          <div className="cw-news-main">
            <p className="cw-toast-many">
              {inboxLink === undefined ? (
                summary(toast)
              ) : (
                <a href={inboxLink} onClick={onClose}>
                  {summary(toast)}
                </a>
              )}
            </p>
            <ul className="cw-toast-list">
              {items.slice(0, NAMED).map((item) => (
                <li key={item.id}>{link(item)}</li>
              ))}
            </ul>
            {(items.length > NAMED || more) && (
              <p className="cw-news-meta">and {more ? "many" : items.length - NAMED} more</p>
            )}
          </div>
        </>
      )}
      <button type="button" className="cw-icon-button" aria-label="Dismiss" onClick={onClose}>
        <X size={16} aria-hidden="true" />
      </button>
    </div>
  );
}

const summary = ({ items, more, urgent }: Toast): string =>
  `${items.length}${more ? "+" : ""} new ${urgent ? "urgent " : ""}notifications`;
