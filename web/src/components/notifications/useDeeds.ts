/** What was done last, in words, with its way back; and what went wrong. */

import { useCallback, useMemo, useRef, useState } from "react";
import type { Notification } from "../../contract";
import type { NotificationsResult } from "../../hooks/useNotificationsWebSocket";
import { words } from "../../services/websocket/errors";
import { clock, dayName } from "../times";
import type { ItemActions } from "./NotificationItem";

export interface Deed {
  /** "Archived." */
  words: string;
  /** As they were; empty where there is no way back. */
  before: readonly Notification[];
}

export interface Deeds {
  last: Deed | null;
  error: string;
  actions: ItemActions;
  /** Run something on items; they can be put back. */
  run: (words: string, before: readonly Notification[], work: () => Promise<void>) => void;
  undo: () => void;
  forget: () => void;
}

type Api = Pick<NotificationsResult, "mark" | "snooze" | "putBack">;

export function useDeeds({ mark, snooze, putBack }: Api): Deeds {
  const [last, setLast] = useState<Deed | null>(null);
  const [error, setError] = useState("");
  const latest = useRef(0);
  const run = useCallback<Deeds["run"]>((said, before, work) => {
    latest.current += 1;
    const mine = latest.current;
    setError("");
    setLast({ words: said, before });
    work().catch((cause: unknown) => {
      setError(words(cause));
      if (latest.current === mine) setLast(null);
    });
  }, []);
  const forget = useCallback(() => setLast(null), []);
  const undo = useCallback(() => {
    if (!last || last.before.length === 0) return;
    run("Undone.", [], () => putBack(last.before));
  }, [last, run, putBack]);
  const actions = useMemo<ItemActions>(
    () => ({
      open: (item) => {
        if (item.read_at === undefined) mark(item.id, "read").catch((cause) => setError(words(cause)));
      },
      toggleRead: (item) =>
        item.read_at === undefined
          ? run("Marked as read.", [item], () => mark(item.id, "read"))
          : run("Marked as unread.", [item], () => mark(item.id, "unread")),
      archive: (item) => run("Archived.", [item], () => mark(item.id, "archived")),
      bringBack: (item) => run("Back in the inbox, as unread.", [item], () => mark(item.id, "unread")),
      snooze: (item, until) => {
        const when = `${dayName(until.getTime(), Date.now())}, ${clock(until.getTime())}`;
        run(`Snoozed until ${when}.`, [item], () => snooze(item.id, until));
      },
    }),
    [mark, snooze, run],
  );
  return { last, error, actions, run, undo, forget };
}
