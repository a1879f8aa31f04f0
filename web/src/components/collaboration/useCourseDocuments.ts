/** The documents of a course as far as they were asked for, and as they are now. */

import { useCallback, useEffect, useRef, useState } from "react";
import type { DocumentPage } from "../../contract";
import type { CollaborationResult } from "../../hooks/useCollaborationWebSocket";
import { CommandError, words } from "../../services/websocket/errors";

type Lists = Pick<CollaborationResult, "listDocuments" | "subscribeToDocuments" | "subscribeToCourse">;

export interface CourseDocuments {
  /** All pages that were asked for, as one; null: not loaded yet. */
  page: DocumentPage | null;
  /** Why there is nothing more to see, in plain words; empty when all is well. */
  problem: string;
  loading: boolean;
  /** Load the first page, or the one at a cursor. */
  load: (cursor?: string) => Promise<void>;
}

export function useCourseDocuments(courseId: string, lists: Lists): CourseDocuments {
  const { listDocuments, subscribeToDocuments, subscribeToCourse } = lists;
  const [page, setPage] = useState<DocumentPage | null>(null);
  const [problem, setProblem] = useState("");
  const [loading, setLoading] = useState(false);
  const shown = useRef({});
  const count = useRef(0);
  count.current = page?.items.length ?? 0;

  const load = useCallback(
    async (cursor?: string): Promise<void> => {
      const mine = {};
      shown.current = mine;
      setLoading(true);
      setProblem("");
      try {
        const more = await listDocuments(courseId, cursor === undefined ? {} : { cursor });
        if (shown.current !== mine) return;
        setPage((before) => (cursor === undefined || !before ? more : joined(before, more)));
      } catch (error) {
        if (shown.current === mine) setProblem(words(error));
      }
      if (shown.current === mine) setLoading(false);
    },
    [listDocuments, courseId],
  );

  /** Put as many in the place of those that show. */
  const refresh = useCallback(async (): Promise<void> => {
    if (count.current === 0) return load();
    const mine = {};
    shown.current = mine;
    setLoading(false);
    try {
      let all = await listDocuments(courseId);
      while (all.next_cursor !== undefined && all.items.length < count.current)
        all = joined(all, await listDocuments(courseId, { cursor: all.next_cursor }));
      if (shown.current !== mine) return;
      setPage(all);
      setProblem("");
    } catch (error) {
      // What shows was true a moment ago, and is asked for again with the next connection; or it is nobody's here any more.
      if (shown.current !== mine || !(error instanceof CommandError) || error.retryable) return;
      setPage(null);
      setProblem(words(error));
    }
  }, [listDocuments, courseId, load]);

  useEffect(() => {
    setPage(null);
    void load();
    return () => {
      shown.current = {};
    };
  }, [load]);
  useEffect(() => subscribeToCourse(courseId, () => void refresh()), [subscribeToCourse, courseId, refresh]);
  useEffect(
    () =>
      subscribeToDocuments(({ document_id, title }) =>
        setPage((before) => (before ? titled(before, document_id, title) : null)),
      ),
    [subscribeToDocuments],
  );
  return { page, problem, loading, load };
}

const joined = (before: DocumentPage, more: DocumentPage): DocumentPage => ({
  ...more,
  groups: before.groups,
  items: [...before.items, ...more.items],
});

const titled = (page: DocumentPage, id: string, title: string): DocumentPage => ({
  ...page,
  items: page.items.map((one) => (one.id === id ? { ...one, title } : one)),
});
