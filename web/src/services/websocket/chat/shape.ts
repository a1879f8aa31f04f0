/** Whether an event of `/chat` has the fields that its fold reads: what does not is reported and left out. */

import type { ChatEvents } from "../../../contract";

type Kind = "string" | "number" | "array";
type Fields<Data> = { [Field in keyof Data]?: Kind };

const MESSAGE: Fields<ChatEvents["message.sent"]["data"]> = {
  id: "string",
  room_id: "string",
  number: "number",
  text: "string",
  html: "string",
  reactions: "array",
  state: "string",
  version: "number",
  sent_at: "string",
};
const MEMBERSHIP: Fields<ChatEvents["member.joined"]["data"]> = {
  room_id: "string",
  user_id: "string",
  member_count: "number",
};

const SHAPES: { [Name in keyof ChatEvents]?: Fields<ChatEvents[Name]["data"]> } = {
  "message.sent": MESSAGE,
  "message.edited": MESSAGE,
  "message.deleted": MESSAGE,
  "message.pinned": MESSAGE,
  "reaction.changed": MESSAGE,
  "member.joined": MEMBERSHIP,
  "member.left": MEMBERSHIP,
  "member.muted": { room_id: "string" },
  "room.updated": { id: "string", kind: "string", title: "string", member_count: "number" },
  "receipt.changed": {
    room_id: "string",
    user_id: "string",
    delivered_number: "number",
    read_number: "number",
  },
  "unread.changed": { room_id: "string", unread: "number", mentions: "number" },
  "typing.changed": { room_id: "string", users: "array" },
  "presence.changed": { user_id: "string", status: "string", last_seen_at: "string" },
};

/** The name of the first field that is missing or of another kind; null when all is well, or the event is not of the chat. */
export function misshapen(event: string, data: unknown): string | null {
  const fields: Record<string, Kind> | undefined = SHAPES[event as keyof ChatEvents];
  if (!fields) return null;
  if (typeof data !== "object" || data === null) return "data";
  for (const [field, kind] of Object.entries(fields)) {
    const value = (data as Record<string, unknown>)[field];
    if (kind === "array" ? !Array.isArray(value) : typeof value !== kind) return field;
  }
  return null;
}
