/** A bell with the number of unread notifications; behind it the latest of them. */

import { Bell, CheckCheck } from "lucide-react";
import { Popover } from "radix-ui";
import { useMemo, useState } from "react";
import type { Notification } from "../contract";
import { useNotificationsWebSocket } from "../hooks/useNotificationsWebSocket";
import { type CourseNames, courseNameOf } from "./notifications/courses";
import { DeedBar } from "./notifications/DeedBar";
import type { Ways } from "./notifications/NoticeLink";
import { NotificationItem } from "./notifications/NotificationItem";
import { StaleBanner } from "./notifications/StaleBanner";
import { useDeeds } from "./notifications/useDeeds";
import "./styles";

export interface NotificationBellProps extends Ways {
  courses?: CourseNames;
  /** Where the whole inbox is. */
  inboxLink?: string;
  side?: "top" | "bottom" | "right";
}

/** So many stand behind the bell; the inbox has all. */
const LATEST = 8;
const NO_NAMES: CourseNames = {};

export function NotificationBell({
  courses = NO_NAMES,
  inboxLink,
  side = "bottom",
  linkTo,
  onNavigate,
}: NotificationBellProps) {
  const api = useNotificationsWebSocket();
  const { items, counts, phase, error, markAll, reload } = api;
  const [open, setOpen] = useState(false);
  const deeds = useDeeds(api);
  const ways = { linkTo, onNavigate };
  const courseName = useMemo(() => courseNameOf(courses), [courses]);
  const unread = counts?.unread ?? 0;
  const actions = useMemo(
    () => ({
      ...deeds.actions,
      open: (item: Notification) => {
        deeds.actions.open(item);
        if (item.action) setOpen(false);
      },
    }),
    [deeds.actions],
  );
  const change = (next: boolean): void => {
    setOpen(next);
    // Whoever looks has seen them: the bell is calm again, though they are not read.
    if (next && (counts?.unseen ?? 0) > 0) markAll("seen").catch(() => undefined);
  };
  return (
    <Popover.Root open={open} onOpenChange={change}>
      <Popover.Trigger
        className="cw-icon-button cw-bell"
        aria-label={unread > 0 ? `Notifications, ${unread} unread` : "Notifications"}
        title="Notifications"
      >
        <Bell size={20} aria-hidden="true" />
        {unread > 0 && (
          <span className="cw-badge" data-calm={counts?.unseen === 0 || undefined} aria-hidden="true">
            {unread > 99 ? "99+" : unread}
          </span>
        )}
      </Popover.Trigger>
      <Popover.Portal>
        <Popover.Content
          className="cw-popover cw-bell-list"
          side={side}
          align="end"
          sideOffset={8}
          collisionPadding={8}
          aria-label="Latest notifications"
        >
          <div className="cw-bell-head">
            <h3>Notifications</h3>
            {unread > 0 && (
              <button
                type="button"
                className="cw-link"
                onClick={() => deeds.run("All marked as read.", [], () => markAll("read"))}
              >
                <CheckCheck size={15} aria-hidden="true" /> Mark all as read
              </button>
            )}
          </div>
          <StaleBanner />
          {phase === "loading" && (
            <p className="cw-muted cw-bell-word" role="status">
              Loading…
            </p>
          )}
          {phase === "failed" && (
            <div className="cw-bell-word" role="alert">
              <p>{error}</p>
              <button type="button" className="cw-button" onClick={() => void reload()}>
                Try again
              </button>
            </div>
          )}
          {phase === "ready" && items.length === 0 && (
            <p className="cw-muted cw-bell-word">You are all caught up.</p>
          )}
          {items.length > 0 && (
            <ul className="cw-news-list">
              {items.slice(0, LATEST).map((item) => (
                <NotificationItem
                  key={item.id}
                  item={item}
                  actions={actions}
                  courseName={courseName}
                  ways={ways}
                  compact
                />
              ))}
            </ul>
          )}
          <DeedBar deeds={deeds} />
          {inboxLink !== undefined && (
            <a className="cw-bell-all" href={inboxLink} onClick={() => setOpen(false)}>
              All notifications
            </a>
          )}
        </Popover.Content>
      </Popover.Portal>
    </Popover.Root>
  );
}
