/** The pages of the campus. A namespace adds one entry; the navigation shows what is here, and each is loaded apart. */

import { ChartLine, FileText, Inbox, type LucideIcon, MessagesSquare } from "lucide-react";
import { useChatWebSocket, useNotificationsWebSocket } from "../src";
import { Later } from "../src/components/later";

export interface Page {
  /** In the address: `#/chat`. */
  name: string;
  title: string;
  Icon: LucideIcon;
  content: Later;
  /** How much waits there; a hook. */
  useBadge: () => number;
}

export const INBOX = "#/notifications";

export const pages: readonly [Page, ...Page[]] = [
  {
    name: "chat",
    title: "Chat",
    Icon: MessagesSquare,
    content: new Later(() => import("./ChatPage")),
    useBadge: () => useChatWebSocket().totalUnread,
  },
  {
    name: "notifications",
    title: "Notifications",
    Icon: Inbox,
    content: new Later(() => import("./NotificationsPage")),
    useBadge: () => useNotificationsWebSocket().counts?.unread ?? 0,
  },
  {
    name: "documents",
    title: "Documents",
    Icon: FileText,
    content: new Later(() => import("./DocumentsPage")),
    useBadge: () => 0,
  },
  {
    name: "analytics",
    title: "Analytics",
    Icon: ChartLine,
    content: new Later(() => import("./AnalyticsPage")),
    // Nothing waits there, and nobody who reads the chat needs a connection for it.
    useBadge: () => 0,
  },
];

/** The page of an address; the first one when there is no such page. */
export const pageOf = (name: string): Page => pages.find((page) => page.name === name) ?? pages[0];

/** Load all pages, so that they are there without a network, too. What fails is loaded when somebody opens it. */
export async function loadPages(): Promise<void> {
  await Promise.allSettled(pages.map(({ content }) => content.load()));
}
