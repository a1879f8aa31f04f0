/** The page of the chat. */

import { ChatInterface } from "../src";
import { go, usePlace } from "./session";

const openRoom = (roomId: string | null): void => go("chat", roomId);

export default function ChatPage() {
  const { item, message, reports } = usePlace();
  return <ChatInterface roomId={item} messageId={message} reports={reports} onRoomChange={openRoom} />;
}
