/** Who or what a notification is from: a face with the sign of the category, or the sign alone. */

import type { CSSProperties } from "react";
import type { Notification } from "../../contract";
import { Avatar } from "../Avatar";
import { kindOf } from "./kinds";

export function NoticeFace({ item }: { item: Notification }) {
  const { Icon, hue } = kindOf(item.category);
  const { actor } = item;
  return (
    <span className="cw-news-face" style={{ "--cw-hue": hue } as CSSProperties} aria-hidden="true">
      {actor && <Avatar id={actor.user_id} name={actor.name} url={actor.avatar_url} />}
      <span className="cw-news-sign" data-small={actor !== undefined || undefined}>
        <Icon size={actor ? 11 : 18} strokeWidth={actor ? 2.5 : 2} />
      </span>
    </span>
  );
}
