/** The pages of the campus. A namespace adds one entry; the navigation shows what is here. */

import { ChartLine, Inbox, type LucideIcon, MessagesSquare } from "lucide-react";
import { type ComponentType, lazy, Suspense } from "react";
import {
  ChatInterface,
  NotificationInbox,
  NotificationPreferences,
  useChatWebSocket,
  useNotificationsWebSocket,
} from "../src";
import { linkTo } from "./links";
import { go, usePlace } from "./session";
import { useCourses } from "./useCourses";

export interface Page {
  /** In the address: `#/chat`. */
  name: string;
  title: string;
  Icon: LucideIcon;
  Content: ComponentType;
  /** How much waits there; a hook. */
  useBadge: () => number;
}

const openRoom = (roomId: string | null): void => go("chat", roomId);

function ChatPage() {
  const { item, message, reports } = usePlace();
  return <ChatInterface roomId={item} messageId={message} reports={reports} onRoomChange={openRoom} />;
}

export const INBOX = "#/notifications";

function NotificationsPage() {
  const { item } = usePlace();
  const courses = useCourses();
  if (item === "preferences") return <NotificationPreferences courses={courses} inboxLink={INBOX} />;
  return <NotificationInbox courses={courses} linkTo={linkTo} preferencesLink={`${INBOX}/preferences`} />;
}

/** Charts are for those who open them. */
const Analytics = lazy(() => import("./AnalyticsPage"));

function AnalyticsPage() {
  return (
    <Suspense fallback={<p className="page-waits">Loading…</p>}>
      <Analytics />
    </Suspense>
  );
}

export const pages: readonly [Page, ...Page[]] = [
  {
    name: "chat",
    title: "Chat",
    Icon: MessagesSquare,
    Content: ChatPage,
    useBadge: () => useChatWebSocket().totalUnread,
  },
  {
    name: "notifications",
    title: "Notifications",
    Icon: Inbox,
    Content: NotificationsPage,
    useBadge: () => useNotificationsWebSocket().counts?.unread ?? 0,
  },
  {
    name: "analytics",
    title: "Analytics",
    Icon: ChartLine,
    Content: AnalyticsPage,
    // Nothing waits there, and nobody who reads the chat needs a connection for it.
    useBadge: () => 0,
  },
];
