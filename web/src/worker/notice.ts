/** A push message, as the notification that it becomes; whatever comes, something can be shown. */

import type { ShownData } from "../services/websocket/notifications/push/messages";

export interface Notice {
  title: string;
  options: NotificationOptions & { data: ShownData };
}

/** Where a click may lead. */
export interface Places {
  /** An absolute address, for messages that name none which may be opened. */
  home: string;
  /** Whose addresses may be opened. */
  origins: ReadonlySet<string>;
}

/** Characters; the server sends at most 300 of each, and no other sender is worth more. */
const MOST = 300;
const MOST_ID = 128;

/** A browser takes away the right to push from those who show nothing: what cannot be read is told in general. */
const UNREADABLE = { title: "New notification", body: "Open the site to see it.", tag: "coursewire" };

/** `said` is what the payload holds as JSON, undefined where it does not. */
export function noticeOf(said: unknown, places: Places, icon?: string): Notice {
  const fields = typeof said === "object" && said !== null ? (said as Record<string, unknown>) : {};
  const text = (name: string, most: number): string | undefined => {
    const value = fields[name];
    return typeof value === "string" && value.trim() !== "" ? value.trim().slice(0, most) : undefined;
  };
  const title = text("title", MOST);
  const id = text("id", MOST_ID);
  const data: ShownData = {
    coursewire: true,
    url: addressOf(fields["url"], places),
    ...(id !== undefined && { id }),
  };
  const common = { data, ...(icon !== undefined && { icon }) };
  if (title === undefined)
    return { title: UNREADABLE.title, options: { ...common, body: UNREADABLE.body, tag: UNREADABLE.tag } };
  // One that comes again, or an item that has grown, takes the place of the one before.
  const tag = text("tag", MOST_ID) ?? id;
  return {
    title,
    options: {
      ...common,
      body: text("body", MOST) ?? "",
      ...(tag !== undefined && { tag }),
      ...(fields["priority"] === "urgent" && { requireInteraction: true }),
    },
  };
}

/** An address of an allowed origin, or home: a message must lead nobody astray, and run nothing. */
function addressOf(url: unknown, { home, origins }: Places): string {
  if (typeof url !== "string") return home;
  try {
    const found = new URL(url, home);
    const isWeb = found.protocol === "https:" || found.protocol === "http:";
    return isWeb && origins.has(found.origin) ? found.href : home;
  } catch {
    return home;
  }
}
