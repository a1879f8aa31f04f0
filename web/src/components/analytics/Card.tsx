/** A part of the dashboard with a title; and how a list in it is loaded, failed, empty, or has more. */

import type { LucideIcon } from "lucide-react";
import { type ReactNode, useId, useState } from "react";
import type { ListStatus } from "../../services/websocket/analytics/view";

interface CardProps {
  title: string;
  /** Beside the title: a count. */
  note?: ReactNode;
  /** At the end of the head: choices. */
  choices?: ReactNode;
  children: ReactNode;
}

export function Card({ title, note, choices, children }: CardProps) {
  const id = useId();
  return (
    <section className="cw-card" aria-labelledby={id}>
      <header className="cw-card-head">
        <h3 id={id}>{title}</h3>
        {note !== undefined && <span className="cw-card-note">{note}</span>}
        {choices}
      </header>
      {children}
    </section>
  );
}

export interface ListFrameProps<Item> {
  /** What the list holds, for sentences: "jobs". */
  what: string;
  items: readonly Item[];
  status: ListStatus;
  Icon: LucideIcon;
  /** What an empty list says. */
  empty: ReactNode;
  onReload?: (() => void) | undefined;
  /** Load more; called when all that is here is shown. */
  onMore?: (() => void) | undefined;
  /** Draws those that are shown. */
  children: (items: readonly Item[]) => ReactNode;
}

/** So many at first: the parts below are in reach. */
const FIRST = 8;
const MORE = 25;

export function ListFrame<Item>(props: ListFrameProps<Item>) {
  const { what, items, status, Icon, empty, onReload, onMore, children } = props;
  const [most, setMost] = useState(FIRST);
  const isEmpty = items.length === 0;
  const isHidden = items.length > most;
  const more = (): void => {
    setMost(most + MORE);
    if (items.length < most + MORE && status.hasMore) onMore?.();
  };
  if (status.phase === "failed")
    return (
      <div className="cw-card-empty" role="alert">
        <p>The {what} could not be loaded.</p>
        <p className="cw-muted">{status.error}</p>
        <Again onClick={onReload} />
      </div>
    );
  if (isEmpty && status.phase !== "ready") return <Lines what={what} />;
  if (isEmpty)
    return (
      <div className="cw-card-empty">
        <Icon size={28} strokeWidth={1.4} aria-hidden="true" />
        {empty}
      </div>
    );
  return (
    <>
      {children(isHidden ? items.slice(0, most) : items)}
      {(isHidden || (status.hasMore && onMore)) && (
        <p className="cw-card-more">
          <button type="button" className="cw-button" data-quiet disabled={status.loadingMore} onClick={more}>
            {status.loadingMore ? "Loading…" : `Show more ${what}`}
          </button>
        </p>
      )}
    </>
  );
}

export function Again({ onClick }: { onClick: (() => void) | undefined }) {
  if (!onClick) return null;
  return (
    <button type="button" className="cw-button" data-quiet onClick={onClick}>
      Try again
    </button>
  );
}

/** Lines of something that is being loaded. */
export function Lines({ what }: { what: string }) {
  return (
    <div className="cw-card-lines" aria-busy="true">
      <span className="cw-hidden">Loading {what}</span>
      {[70, 52, 63].map((width) => (
        <span key={width} className="cw-skeleton" style={{ width: `${width}%` }} aria-hidden="true" />
      ))}
    </div>
  );
}
