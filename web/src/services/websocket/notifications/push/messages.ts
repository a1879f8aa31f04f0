/** What the push worker and the pages of a site say to each other. */

/** Whether this page would follow a click; it answers `true` or `false` on the port. */
export interface Asked {
  type: "coursewire.push.asked";
}

/** Somebody has clicked a notification of this device, and this page is to follow it. */
export interface Clicked {
  type: "coursewire.push.clicked";
  /** An absolute address of the page's own site. */
  url: string;
  /** Of the notification; a digest has none. */
  id?: string;
}

/** The browser has replaced the subscription: the server is to hear of the new one. */
export interface Renewed {
  type: "coursewire.push.renewed";
}

export type WorkerSays = Asked | Clicked | Renewed;

/** What stands in `Notification.data`, by which ours are known. */
export interface ShownData {
  coursewire: true;
  url: string;
  id?: string;
}

/** Read a message of a worker; null for those of others. */
export function workerSays(data: unknown): WorkerSays | null {
  if (typeof data !== "object" || data === null) return null;
  const { type, url, id } = data as Record<string, unknown>;
  if (type === "coursewire.push.renewed" || type === "coursewire.push.asked") return { type };
  if (type !== "coursewire.push.clicked" || typeof url !== "string") return null;
  return { type, url, ...(typeof id === "string" && { id }) };
}

/** Read the data of a notification; null when it is not ours. */
export function shownData(data: unknown): ShownData | null {
  if (typeof data !== "object" || data === null) return null;
  const { coursewire, url, id } = data as Record<string, unknown>;
  if (coursewire !== true || typeof url !== "string") return null;
  return { coursewire, url, ...(typeof id === "string" && { id }) };
}
