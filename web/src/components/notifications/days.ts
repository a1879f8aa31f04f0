/** Notifications by the day on which they moved to the top. `now` is passed in; the days are those of the device. */

import type { Notification } from "../../contract";
import { dayName } from "../times";

export interface Day {
  name: string;
  items: readonly Notification[];
}

/** The days in the order of the items, which is kept. */
export function byDay(items: readonly Notification[], now: number): Day[] {
  const days: { name: string; items: Notification[] }[] = [];
  for (const item of items) {
    const name = dayName(Date.parse(item.moved_at), now);
    const last = days.at(-1);
    if (last?.name === name) last.items.push(item);
    else days.push({ name, items: [item] });
  }
  return days;
}
