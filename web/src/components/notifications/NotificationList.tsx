/** The items of a filter by day: arrow keys move through them, letters act on the one that has the focus. */

import { CircleCheckBig, SearchX } from "lucide-react";
import { type KeyboardEvent, useEffect, useRef } from "react";
import type { NotificationsResult } from "../../hooks/useNotificationsWebSocket";
import { filterKey } from "../../services/websocket/notifications/filters";
import { byDay } from "./days";
import type { Ways } from "./NoticeLink";
import { type ItemActions, NotificationItem } from "./NotificationItem";

interface Props {
  api: NotificationsResult;
  actions: ItemActions;
  courseName: (courseId: string) => string;
  ways: Ways;
}

const OPEN = ".cw-news-open";
const STEPS: Record<string, number> = { ArrowDown: 1, j: 1, ArrowUp: -1, k: -1 };

export function NotificationList({ api, actions, courseName, ways }: Props) {
  const { items, phase, error, hasMore, loadingMore, loadMore, reload, filter, setFilter } = api;
  const list = useRef<HTMLDivElement>(null);
  const kept = useKeptFocus(list, items);

  const onKeyDown = (event: KeyboardEvent): void => {
    const { target } = event;
    if (event.metaKey || event.ctrlKey || event.altKey) return;
    if (!(target instanceof HTMLElement) || !target.matches(OPEN)) return;
    const links = [...(list.current?.querySelectorAll<HTMLElement>(OPEN) ?? [])];
    const at = links.indexOf(target);
    const item = items.find(({ id }) => id === target.closest<HTMLElement>("[data-id]")?.dataset["id"]);
    const step = STEPS[event.key];
    if (step !== undefined) links[Math.max(0, Math.min(links.length - 1, at + step))]?.focus();
    else if (event.key === "Home") links[0]?.focus();
    else if (event.key === "End") links.at(-1)?.focus();
    else if (item && (event.key === "e" || event.key === "Delete")) actions.archive(item);
    else if (item && event.key === "u") actions.toggleRead(item);
    else return;
    event.preventDefault();
  };

  if (phase === "loading") return <Skeleton />;
  if (phase === "failed")
    return (
      <div className="cw-empty" role="alert">
        <p>Your notifications could not be loaded.</p>
        <p className="cw-muted">{error}</p>
        <button type="button" className="cw-button" onClick={() => void reload()}>
          Try again
        </button>
      </div>
    );
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: shortcuts of the links inside, which have the focus
    <div className="cw-news-days" ref={list} tabIndex={-1} onKeyDown={onKeyDown} onFocus={kept}>
      {items.length === 0 && !hasMore && (
        <Empty filtered={filterKey(filter) !== filterKey({})} onClear={() => setFilter({})} />
      )}
      {byDay(items, Date.now()).map((day) => (
        <section key={day.name} aria-label={day.name}>
          <h3 className="cw-news-day">{day.name}</h3>
          <ul className="cw-news-list" aria-label={day.name}>
            {day.items.map((item) => (
              <NotificationItem
                key={item.id}
                item={item}
                actions={actions}
                courseName={courseName}
                ways={ways}
              />
            ))}
          </ul>
        </section>
      ))}
      {hasMore && <More key={items.length} loading={loadingMore} loadMore={loadMore} />}
    </div>
  );
}

/** When the item with the focus leaves the list, the one in its place gets it: a keyboard goes on from there. */
function useKeptFocus(list: React.RefObject<HTMLDivElement | null>, items: NotificationsResult["items"]) {
  const held = useRef<{ id: string; at: number } | null>(null);
  useEffect(() => {
    const before = held.current;
    if (!before || !list.current || items.some(({ id }) => id === before.id)) return;
    held.current = null;
    if (document.activeElement !== null && document.activeElement !== document.body) return;
    const links = list.current.querySelectorAll<HTMLElement>(OPEN);
    (links[Math.min(before.at, links.length - 1)] ?? list.current).focus();
  }, [items, list]);
  return ({ target }: React.FocusEvent): void => {
    const id = target.closest<HTMLElement>("[data-id]")?.dataset["id"];
    held.current = id === undefined ? null : { id, at: items.findIndex((item) => item.id === id) };
  };
}

/** Older ones come by themselves when one gets there. */
function More({ loading, loadMore }: { loading: boolean; loadMore: () => Promise<void> }) {
  const button = useRef<HTMLButtonElement>(null);
  useEffect(() => {
    const seen = new IntersectionObserver((entries) => {
      if (entries.some(({ isIntersecting }) => isIntersecting)) void loadMore();
    });
    if (button.current) seen.observe(button.current);
    return () => seen.disconnect();
  }, [loadMore]);
  return (
    <p className="cw-news-older">
      <button
        ref={button}
        type="button"
        className="cw-button"
        data-quiet
        disabled={loading}
        onClick={() => void loadMore()}
      >
        {loading ? "Loading…" : "Show older ones"}
      </button>
    </p>
  );
}

function Empty({ filtered, onClear }: { filtered: boolean; onClear: () => void }) {
  return (
    <div className="cw-empty">
      {filtered ? (
        <SearchX size={40} strokeWidth={1.25} aria-hidden="true" />
      ) : (
        <CircleCheckBig size={40} strokeWidth={1.25} aria-hidden="true" />
      )}
      <p>{filtered ? "There is nothing of this kind." : "You are all caught up."}</p>
      {filtered && (
        <button type="button" className="cw-button" data-quiet onClick={onClear}>
          Show the whole inbox
        </button>
      )}
    </div>
  );
}

function Skeleton() {
  return (
    <div className="cw-skeletons" role="status">
      <span className="cw-hidden">Loading notifications</span>
      {[52, 68, 44, 60, 50].map((width) => (
        <div className="cw-skeleton-row" key={width} aria-hidden="true">
          <span className="cw-skeleton" data-round />
          <span className="cw-skeleton" style={{ width: `${width}%` }} />
          <span className="cw-skeleton" data-thin style={{ width: `${width + 25}%` }} />
        </div>
      ))}
    </div>
  );
}
