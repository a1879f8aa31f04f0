/** The single place where the browser imports the contract; everything here is generated from the Python classes. */

export type {
  Author,
  ChatCommands,
  ChatEvents,
  History,
  Member,
  Membership,
  Message,
  Presence,
  PresenceStatus,
  Receipt,
  Room,
  RoomKind,
  RoomSummary,
  Typing,
  Unread,
} from "../../contracts/typescript/chat";
export { chatCommands, chatEvents } from "../../contracts/typescript/chat";
export type {
  CoursewireError,
  ErrorCode,
  LatestValue,
  Meta,
  NamespaceGone,
  Position,
  Ready,
  RealtimeCommands,
  RealtimeEvents,
  Reason,
  Recovered,
  Role,
  Subscription,
} from "../../contracts/typescript/realtime";
export { errorCodes } from "../../contracts/typescript/realtime";
