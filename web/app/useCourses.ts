/** What the courses of the person are called, as far as a page can know: by the ids that their rooms tell. */

import { useMemo } from "react";
import { useChatWebSocket } from "../src";

/** Names by course id. A learning platform has the titles; the campus shows the ids as people say them: CS101. */
export function useCourses(): Readonly<Record<string, string>> {
  const { rooms } = useChatWebSocket();
  const ids = [...new Set(rooms.flatMap(({ course_id }) => course_id ?? []))].sort().join(" ");
  return useMemo(
    () => Object.fromEntries(ids.split(" ").flatMap((id) => (id ? [[id, id.toUpperCase()]] : []))),
    [ids],
  );
}
