/** Times as people read them. `now` is passed in; the language is the browser's. */

const DAY_MS = 86_400_000;

const startOfDay = (time: number): number => new Date(time).setHours(0, 0, 0, 0);

/** Whole days between two times, by the calendar. */
export function daysBetween(earlier: number, later: number): number {
  return Math.round((startOfDay(later) - startOfDay(earlier)) / DAY_MS);
}

/** 14:05 */
export function clock(time: number, locale?: string): string {
  return new Date(time).toLocaleTimeString(locale, { hour: "numeric", minute: "2-digit" });
}

/** Today, Yesterday, Monday, 3 March, 3 March 2024. */
export function dayName(time: number, now: number, locale?: string): string {
  const days = daysBetween(time, now);
  if (days === 0) return "Today";
  if (days === 1) return "Yesterday";
  const date = new Date(time);
  if (days > 1 && days < 7) return date.toLocaleDateString(locale, { weekday: "long" });
  const sameYear = date.getFullYear() === new Date(now).getFullYear();
  return date.toLocaleDateString(locale, {
    day: "numeric",
    month: "long",
    ...(!sameYear && { year: "numeric" }),
  });
}

/** For lists: 14:05, Yesterday, Mon, 3 Mar. */
export function shortWhen(time: number, now: number, locale?: string): string {
  const days = daysBetween(time, now);
  if (days <= 0) return clock(time, locale);
  if (days === 1) return "Yesterday";
  const date = new Date(time);
  if (days < 7) return date.toLocaleDateString(locale, { weekday: "short" });
  return date.toLocaleDateString(locale, { day: "numeric", month: "short" });
}

/** just now, 5 min, 3 h, 2 days. */
export function duration(ms: number): string {
  const minutes = Math.floor(ms / 60_000);
  if (minutes < 1) return "less than a minute";
  if (minutes < 60) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  if (hours < 24) return `${hours} h`;
  const days = Math.floor(hours / 24);
  return days === 1 ? "1 day" : `${days} days`;
}

/** 30 seconds, 1 minute, 1 hour: of a wait. */
export function seconds(value: number): string {
  const unit = (count: number, name: string): string => `${count} ${count === 1 ? name : `${name}s`}`;
  if (value % 3_600 === 0) return unit(value / 3_600, "hour");
  return value % 60 === 0 ? unit(value / 60, "minute") : unit(value, "second");
}
