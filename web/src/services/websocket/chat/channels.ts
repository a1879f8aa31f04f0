/** The channels of `/chat`: one per room, and one's own. */

export const roomChannel = (roomId: string): string => `room:${roomId}`;

/** The room of a channel; null for one's own. */
export const roomOf = (channel: string): string | null =>
  channel.startsWith("room:") ? channel.slice("room:".length) : null;

/** Why a channel ends when its room is not for us any more. */
export const GONE: ReadonlySet<string> = new Set(["forbidden", "deleted", "not_found"]);
