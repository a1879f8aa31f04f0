/** Until when one may put something off; `now` is passed in, the days are those of the device. */

export interface SnoozeChoice {
  label: string;
  /** Milliseconds since 1970. */
  until: number;
}

const HOUR_MS = 3_600_000;
const MORNING = 8;

function morning(now: number, days: number): number {
  const date = new Date(now);
  date.setDate(date.getDate() + days);
  return date.setHours(MORNING, 0, 0, 0);
}

export function snoozeChoices(now: number): SnoozeChoice[] {
  const weekday = new Date(now).getDay();
  const toMonday = (8 - weekday) % 7 || 7;
  const choices = [
    { label: "In an hour", until: now + HOUR_MS },
    { label: "In three hours", until: now + 3 * HOUR_MS },
    { label: "Tomorrow morning", until: morning(now, 1) },
  ];
  // On a Sunday that is tomorrow already.
  if (toMonday > 1) choices.push({ label: "Monday morning", until: morning(now, toMonday) });
  return choices;
}
