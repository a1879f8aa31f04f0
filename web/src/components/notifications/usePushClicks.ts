/** Follows a click on a notification of the device in the page that is open already, without loading it again. */

import { type RefObject, useEffect } from "react";
import { useCoursewire } from "../../hooks/CoursewireProvider";
import { isOurs, safeLink } from "./links";
import type { Ways } from "./NoticeLink";

export function usePushClicks(latest: RefObject<{ ways: Ways }>): void {
  const { notifications } = useCoursewire();
  useEffect(
    () =>
      notifications.push.takeClicks(({ url, id }) => {
        const { linkTo, onNavigate } = latest.current.ways;
        const { pathname, search, hash } = new URL(url);
        const path = pathname + search + hash;
        // As the server writes it. A path that begins with `//` would be another host.
        const link = safeLink(pathname.startsWith("//") ? url : linkTo ? linkTo(path) : path);
        if (link === null) return;
        const item = id === undefined ? undefined : notifications.inbox.items[id];
        // Whoever follows it has read it; should the mark be refused, it is unread again in the inbox.
        if (id !== undefined) notifications.mark(id, "read").catch(() => undefined);
        if (item && onNavigate && isOurs(link)) onNavigate(link, item);
        else location.assign(link);
      }),
    [notifications, latest],
  );
}
