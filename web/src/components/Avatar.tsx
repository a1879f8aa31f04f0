/** A face, or initials on the person's own colour; with a dot that says whether they are here. */

import type { CSSProperties } from "react";
import type { Presence } from "../contract";
import { hue, initials } from "./people";

export type Status = Presence["status"];

const WORDS: Record<Status, string> = { online: "Online", away: "Away", busy: "Busy", offline: "Offline" };

export const statusWord = (status: Status): string => WORDS[status];

export interface AvatarProps {
  id: string;
  name: string;
  url?: string | undefined;
  size?: "small" | "medium" | "large";
  status?: Status | undefined;
}

/** Decoration beside a name: hidden from screen readers, save for the dot. */
export function Avatar({ id, name, url, size = "medium", status }: AvatarProps) {
  return (
    <span className="cw-avatar" data-size={size} style={{ "--cw-hue": hue(id) } as CSSProperties}>
      {url ? (
        <img src={url} alt="" referrerPolicy="no-referrer" />
      ) : (
        <span aria-hidden="true">{initials(name)}</span>
      )}
      {status && status !== "offline" && (
        <span className="cw-presence" data-status={status} role="img" aria-label={WORDS[status]} />
      )}
    </span>
  );
}
