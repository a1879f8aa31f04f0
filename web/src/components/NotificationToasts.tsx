/** Notifications that pop up, as the server allows it: urgent ones stay, a burst is one, what is read elsewhere goes. */

import { type CSSProperties, useEffect, useRef } from "react";
import { toast as sonner, Toaster } from "sonner";
import type { Notification } from "../contract";
import { useCoursewire } from "../hooks/CoursewireProvider";
import { useNotificationToasts } from "../hooks/useNotificationsWebSocket";
import type { Toast } from "../services/websocket/notifications/toasts";
import { type CourseNames, courseNameOf } from "./notifications/courses";
import type { Ways } from "./notifications/NoticeLink";
import { ToastCard } from "./notifications/ToastCard";
import { usePushClicks } from "./notifications/usePushClicks";
import "./styles";
import { useWide } from "./useWide";

export interface NotificationToastsProps extends Ways {
  courses?: CourseNames;
  /** Where the whole inbox is: a burst leads there. */
  inboxLink?: string;
  /** The inbox is what one looks at, where the newest row and its buttons stand on top: toasts come up below, where there is room. */
  inInbox?: boolean;
}

/** Ours among the toasts of the page. */
const TOASTER = "coursewire";
const SHOWN_MS = 8_000;
/** Below the head of a page, whose buttons stay free; above the bar of the inbox that says what was done. */
const OFFSET = { top: "5rem", right: "1.25rem", bottom: "5rem" };
const MOBILE_OFFSET = { top: "0.5rem", left: "0.5rem", right: "0.5rem" };
const WIDTH = { "--width": "24rem" } as CSSProperties;
const NO_NAMES: CourseNames = {};

export function NotificationToasts({
  courses = NO_NAMES,
  inboxLink,
  inInbox = false,
  ...ways
}: NotificationToastsProps) {
  const { notifications } = useCoursewire();
  const wide = useWide();
  const toasts = useNotificationToasts();
  const shown = useRef(new Map<string, Toast>());
  const latest = useRef({ courses, inboxLink, ways });
  useEffect(() => {
    latest.current = { courses, inboxLink, ways };
  });
  usePushClicks(latest);

  useEffect(() => {
    const open = (item: Notification): void => {
      // It has been followed: should the mark be refused, it is unread again in the inbox.
      if (item.read_at === undefined) notifications.mark(item.id, "read").catch(() => undefined);
    };
    for (const toast of toasts) {
      if (shown.current.get(toast.id) === toast) continue;
      shown.current.set(toast.id, toast);
      const gone = () => notifications.dismissToast(toast.id);
      sonner.custom(
        (id) => (
          <ToastCard
            toast={toast}
            courseName={courseNameOf(latest.current.courses)}
            inboxLink={latest.current.inboxLink}
            ways={latest.current.ways}
            onOpen={open}
            onClose={() => sonner.dismiss(id)}
          />
        ),
        {
          id: toast.id,
          toasterId: TOASTER,
          duration: toast.urgent ? Number.POSITIVE_INFINITY : SHOWN_MS,
          onDismiss: gone,
          onAutoClose: gone,
        },
      );
    }
    for (const id of [...shown.current.keys()]) {
      if (toasts.some((toast) => toast.id === id)) continue;
      shown.current.delete(id);
      sonner.dismiss(id);
    }
  }, [toasts, notifications]);

  // sonner keeps its region, a polite live one, on the page from the start.
  return (
    <Toaster
      id={TOASTER}
      position={inInbox && wide ? "bottom-right" : "top-right"}
      className="cw-toaster"
      style={WIDTH}
      containerAriaLabel="New notifications"
      offset={OFFSET}
      mobileOffset={MOBILE_OFFSET}
      visibleToasts={4}
      expand
      gap={10}
    />
  );
}
