/** Whether an event of `/notifications` has the fields that its fold reads: what does not is reported and left out. */

import type { NotificationsEvents } from "../../../contract";

type Kind = "string" | "number" | "boolean" | "object";
type Fields<Data> = { [Field in keyof Data]?: Kind };

const ITEM: Fields<NotificationsEvents["notification.created"]["data"]> = {
  id: "string",
  category: "string",
  priority: "string",
  title: "string",
  html: "string",
  moved_at: "string",
  toast: "boolean",
};

const SHAPES: { [Name in keyof NotificationsEvents]?: Fields<NotificationsEvents[Name]["data"]> } = {
  "notification.created": ITEM,
  "notification.changed": ITEM,
  "notifications.marked": { filter: "object", mark: "string", before: "string", at: "string" },
  "counts.changed": { unread: "number", unseen: "number", by_category: "object", by_priority: "object" },
  "preferences.changed": { categories: "object", courses: "object", least_priority: "string" },
};

/** The name of the first field that is missing or of another kind; null when all is well, or the event is not ours. */
export function misshapen(event: string, data: unknown): string | null {
  const fields: Record<string, Kind> | undefined = SHAPES[event as keyof NotificationsEvents];
  if (!fields) return null;
  if (typeof data !== "object" || data === null) return "data";
  for (const [field, kind] of Object.entries(fields)) {
    const value = (data as Record<string, unknown>)[field];
    if (typeof value !== kind || value === null) return field;
  }
  return null;
}
