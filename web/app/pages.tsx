/** The pages of the campus. A namespace adds one entry; the navigation shows what is here. */

import { type LucideIcon, MessagesSquare } from "lucide-react";
import type { ComponentType } from "react";
import { ChatInterface, useChatWebSocket } from "../src";
import { go, usePlace } from "./session";

export interface Page {
  /** In the address: `#/chat`. */
  name: string;
  title: string;
  Icon: LucideIcon;
  Content: ComponentType;
  /** How much waits there; a hook. */
  useBadge: () => number;
}

function ChatPage() {
  const { item } = usePlace();
  return <ChatInterface roomId={item} onRoomChange={(roomId) => go("chat", roomId)} />;
}

export const pages: readonly [Page, ...Page[]] = [
  {
    name: "chat",
    title: "Chat",
    Icon: MessagesSquare,
    Content: ChatPage,
    useBadge: () => useChatWebSocket().totalUnread,
  },
];
