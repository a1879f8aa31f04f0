/** Says new messages of others to screen readers: a live region of its own, because rows come and go with scrolling. */

import { useEffect, useRef, useState } from "react";
import type { Author, Message } from "../../contract";

interface Props {
  messages: readonly Message[];
  me: Author | null;
  loaded: boolean;
  /** One looks at the past: what is loaded there is not new. */
  past: boolean;
}

export function Announcer({ messages, me, loaded, past }: Props) {
  const [words, setWords] = useState("");
  const told = useRef<number | null>(null);
  const last = messages.at(-1);
  const number = last?.number ?? 0;
  useEffect(() => {
    const before = told.current;
    if (!loaded) return;
    told.current = Math.max(before ?? 0, number);
    if (before === null || past || number <= before || !last || last.state !== "sent") return;
    if (last.author?.user_id === me?.user_id && me) return;
    setWords(`${last.author?.name ?? "Anonymous"}: ${last.text}`);
  }, [last, number, loaded, past, me]);
  return (
    <span className="cw-hidden" role="status">
      {words}
    </span>
  );
}
