/** Where a list of messages stands: at its end while one is there, in its place when others come before it. */

import { defaultRangeExtractor, type Range, useVirtualizer } from "@tanstack/react-virtual";
import { useCallback, useEffect, useLayoutEffect, useRef, useState } from "react";
import type { Message } from "../../contract";
import type { Outgoing } from "../../services/websocket/chat/state";
import type { Timeline } from "../../services/websocket/chat/timeline";
import type { MessageRow } from "./conversation";

/** Nearer to the end than this counts as being there. */
const NEAR_END_PX = 60;
/** Nearer to an edge of what is loaded than this loads more. */
const NEAR_EDGE_PX = 600;
/** How long a message that was jumped to is pointed at. */
const POINT_MS = 2_600;

/** A message to go to; another object means again. */
export interface Target {
  messageId: string;
}

interface Input {
  rows: readonly MessageRow[];
  timeline: Timeline;
  messages: readonly Message[];
  outgoing: readonly Outgoing[];
  target: Target | null;
  onArrive: () => void;
  /** The key of the row that has the focus: it stays in the page. */
  keep: string | null;
  onOlder: () => void;
  onNewer: () => void;
  onNewest: () => void;
  onSeen: () => void;
}

/** A row until it is measured: most messages are of one line. */
const heightOf = (row: MessageRow | undefined): number =>
  (row?.first ? 66 : 40) + (row?.startsDay ? 54 : 0) + (row?.startsNew ? 34 : 0);

export function useMessageScroll(input: Input) {
  const { rows, timeline, messages: shown, outgoing, target, keep, onArrive } = input;
  const { onOlder, onNewer, onNewest, onSeen } = input;
  const { hasBefore, hasAfter, loadingBefore, loadingAfter } = timeline;
  const box = useRef<HTMLDivElement>(null);
  const [away, setAway] = useState(false);
  const [missed, setMissed] = useState(0);
  const before = useRef({ last: 0, mine: 0, hasAfter });
  /** The newest page is on its way, and its end is where we want to be. */
  const returning = useRef(false);
  /** Whether the end was in sight when one last looked. */
  const held = useRef(true);

  const virtualizer = useVirtualizer({
    count: rows.length,
    getScrollElement: () => box.current,
    estimateSize: (index) => heightOf(rows[index]),
    getItemKey: useCallback((index: number) => rows[index]?.key ?? index, [rows]),
    anchorTo: "end",
    // Newer history that is loaded below is not followed: one reads on from where one is.
    followOnAppend: !hasAfter && !before.current.hasAfter,
    scrollEndThreshold: NEAR_END_PX,
    overscan: 8,
    rangeExtractor: useCallback(
      (range: Range) => {
        const indexes = defaultRangeExtractor(range);
        const kept = keep === null ? -1 : rows.findLastIndex(({ key }) => key === keep);
        if (kept < 0 || indexes.includes(kept)) return indexes;
        return [...indexes, kept].sort((a, b) => a - b);
      },
      [rows, keep],
    ),
  });

  // What is above the window may change, such as the first row when its day begins further up: the window stays.
  virtualizer.shouldAdjustScrollPositionOnItemSizeChange = (
    { key, start, end },
    _delta,
    { itemSizeCache },
  ) => {
    const top = virtualizer.scrollOffset ?? 0;
    return itemSizeCache.has(key) ? end <= top : start < top;
  };

  const isAtEnd = useCallback((): boolean => {
    const element = box.current;
    if (!element) return true;
    return element.scrollHeight - element.scrollTop - element.clientHeight < NEAR_END_PX;
  }, []);

  const look = useCallback(() => {
    const element = box.current;
    if (!element) return;
    const there = isAtEnd() && !hasAfter;
    held.current = there;
    setAway(!there);
    if (there) {
      setMissed(0);
      onSeen();
    }
    if (hasBefore && !loadingBefore && element.scrollTop < NEAR_EDGE_PX) onOlder();
    const below = element.scrollHeight - element.scrollTop - element.clientHeight;
    if (hasAfter && !loadingAfter && below < NEAR_EDGE_PX) onNewer();
  }, [isAtEnd, hasAfter, hasBefore, loadingBefore, loadingAfter, onSeen, onOlder, onNewer]);

  const toEnd = useCallback(() => {
    if (hasAfter) {
      returning.current = true;
      return onNewest();
    }
    virtualizer.scrollToEnd();
    held.current = true;
    setAway(false);
    setMissed(0);
  }, [virtualizer, hasAfter, onNewest]);

  // At first the end is in sight, unless one comes for a message: that may be on its way, and the end would hold.
  const begun = useRef(false);
  useLayoutEffect(() => {
    if (begun.current || rows.length === 0) return;
    begun.current = true;
    if (target === null) virtualizer.scrollToEnd();
  }, [rows.length, virtualizer, target]);

  useLayoutEffect(() => {
    const last = shown.at(-1)?.number ?? 0;
    const was = before.current;
    const wrote = outgoing.length > was.mine;
    before.current = { last, mine: outgoing.length, hasAfter };
    if (wrote || (returning.current && !hasAfter)) {
      toEnd();
      returning.current = hasAfter;
    } else if (was.last > 0 && last > was.last && !was.hasAfter && !isAtEnd()) {
      const fresh = shown.filter(({ number }) => number > was.last).length;
      setMissed((count) => count + fresh);
    }
    // An answer in a thread shows nothing here, and has been seen all the same.
    void timeline.messages;
    if (!hasAfter && isAtEnd()) onSeen();
    // A screen that what is loaded does not fill has nothing to scroll: ask for more at once.
    const element = box.current;
    const short =
      element && element.clientHeight > 0 && element.scrollHeight <= element.clientHeight + NEAR_EDGE_PX;
    if (short && hasBefore && !loadingBefore) onOlder();
  }, [
    shown,
    timeline.messages,
    outgoing,
    toEnd,
    isAtEnd,
    onSeen,
    onOlder,
    hasBefore,
    hasAfter,
    loadingBefore,
  ]);

  // A composer that grows, or the keyboard of a phone, takes its room from below: the end stays in sight if it was.
  useEffect(() => {
    const element = box.current;
    if (!element) return;
    const observer = new ResizeObserver(() => {
      if (held.current) virtualizer.scrollToEnd();
    });
    observer.observe(element);
    return () => observer.disconnect();
  }, [virtualizer]);

  /** Bring a row into the page and into view, and give it the focus. */
  const focusing = useRef<string | null>(null);
  const focusNow = useCallback(() => {
    if (focusing.current === null) return;
    const row = box.current?.querySelector<HTMLElement>(`[data-row="${CSS.escape(focusing.current)}"]`);
    if (!row) return;
    focusing.current = null;
    row.focus({ preventScroll: true });
  }, []);
  useEffect(focusNow);
  const reveal = useCallback(
    (key: string, align: "auto" | "center" = "auto") => {
      const index = rows.findIndex((row) => row.key === key);
      if (index < 0) return;
      focusing.current = key;
      virtualizer.scrollToIndex(index, { align });
      focusNow();
    },
    [rows, virtualizer, focusNow],
  );

  // Go to the target as soon as it is loaded, once for each time it is asked for.
  const [pointed, setPointed] = useState<string | null>(null);
  useEffect(() => {
    if (!target) return;
    const row = rows.find(({ message }) => message?.id === target.messageId);
    if (!row) return;
    reveal(row.key, "center");
    setPointed(row.key);
    onArrive();
    // Nothing may have to scroll for it, and one is in the past all the same.
    look();
  }, [target, rows, reveal, onArrive, look]);
  useEffect(() => {
    if (pointed === null) return;
    const timer = setTimeout(() => setPointed(null), POINT_MS);
    return () => clearTimeout(timer);
  }, [pointed]);

  return { box, virtualizer, away, missed, look, toEnd, reveal, pointed };
}
