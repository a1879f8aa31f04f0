/** `/chat` for a component: what is known, and what one can do. Connected while the component is mounted. */

import { useEffect, useMemo, useSyncExternalStore } from "react";
import type { RoomSummary } from "../contract";
import type { ChatState } from "../services/websocket/chat/state";
import { sortedRooms, totalUnread } from "../services/websocket/chat/view";
import type { ChatWebSocketService } from "../services/websocket/chatWebSocket";
import { isLive } from "../services/websocket/connectionStatus";
import type { State } from "../services/websocket/protocol";
import { useCoursewire } from "./CoursewireProvider";

const ACTIONS = [
  "loadRooms",
  "createRoom",
  "openDirect",
  "joinRoom",
  "leaveRoom",
  "loadMembers",
  "people",
  "updateRoom",
  "openRoom",
  "openThread",
  "loadOlder",
  "loadNewer",
  "loadAround",
  "loadNewest",
  "sendMessage",
  "retryMessage",
  "discardMessage",
  "editMessage",
  "deleteMessage",
  "reactToMessage",
  "pinMessage",
  "loadPins",
  "searchMessages",
  "reportMessage",
  "revealAuthor",
  "moderateRoom",
  "listReports",
  "listAudit",
  "readReceipts",
  "markRead",
  "setTyping",
  "setPresence",
  "subscribeToMessages",
  "subscribeToTyping",
  "subscribeToPresence",
  "subscribeToReceipts",
  "subscribeToUnread",
  "unsubscribe",
] as const;

/** The methods of the service, bound: the same functions at every render. */
export type ChatActions = Pick<ChatWebSocketService, (typeof ACTIONS)[number]>;

export interface ChatResult extends ChatActions {
  chat: ChatState;
  /** Joined rooms first, and among them the one that moved last. */
  rooms: readonly RoomSummary[];
  totalUnread: number;
  isConnected: boolean;
  connectionState: State;
}

export function useChatWebSocket(): ChatResult {
  const coursewire = useCoursewire();
  const service = coursewire.chat;
  const chat = useSyncExternalStore(
    service.store.subscribe,
    service.store.getSnapshot,
    service.store.getSnapshot,
  );
  const { status } = coursewire;
  const state = useSyncExternalStore(
    status.subscribe,
    () => status.getSnapshot()["/chat"]?.state ?? "idle",
    () => "idle" as const,
  );
  useEffect(() => coursewire.use(service), [coursewire, service]);
  const actions = useMemo(
    () =>
      Object.fromEntries(
        ACTIONS.map((name) => [name, (service[name] as () => unknown).bind(service)]),
      ) as unknown as ChatActions,
    [service],
  );
  return useMemo(
    () => ({
      ...actions,
      chat,
      rooms: sortedRooms(chat),
      totalUnread: totalUnread(chat),
      isConnected: isLive(state),
      connectionState: state,
    }),
    [actions, chat, state],
  );
}
