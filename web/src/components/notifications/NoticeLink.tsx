/** The way to what a notification is about; whoever follows it has read it. */

import type { MouseEvent, ReactNode } from "react";
import type { Notification } from "../../contract";
import { isOurs, safeLink } from "./links";

/** How a page leads where notifications point. */
export interface Ways {
  /** The address as this page writes it: `/chat?room=1` may be `#/chat/1` here. */
  linkTo?: ((url: string) => string) | undefined;
  /** For a router of its own: called instead of the browser's way, for links of this site. */
  onNavigate?: ((url: string, notification: Notification) => void) | undefined;
}

interface Props {
  item: Notification;
  /** Where to go when it leads nowhere itself; without, it is a button. */
  fallback?: string | undefined;
  onOpen: (item: Notification) => void;
  ways: Ways;
  children: ReactNode;
}

export function NoticeLink({ item, fallback, onOpen, ways, children }: Props) {
  const { linkTo, onNavigate } = ways;
  const url = item.action?.url;
  const link = safeLink(url === undefined || !linkTo ? url : linkTo(url)) ?? fallback;
  if (link === undefined)
    return (
      <button type="button" className="cw-news-open" onClick={() => onOpen(item)}>
        {children}
      </button>
    );
  const ours = isOurs(link);
  const follow = (event: MouseEvent): void => {
    onOpen(item);
    const plain = event.button === 0 && !event.metaKey && !event.ctrlKey && !event.shiftKey && !event.altKey;
    if (!ours || !onNavigate || !plain) return;
    event.preventDefault();
    onNavigate(link, item);
  };
  return (
    <a
      className="cw-news-open"
      href={link}
      onClick={follow}
      {...(!ours && { target: "_blank", rel: "noopener noreferrer nofollow" })}
    >
      {children}
    </a>
  );
}
