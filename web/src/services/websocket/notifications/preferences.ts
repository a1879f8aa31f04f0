/** A change of preferences, and what they are after it: for what we have asked and the server not yet answered. */

import type { Preferences, UpdatePreferences } from "../../../contract";

/** What is left out stays. */
export type PreferencesChange = Omit<UpdatePreferences, "key">;

export function patched(preferences: Preferences, change: PreferencesChange): Preferences {
  const { quiet_hours: before, ...rest } = preferences;
  const categories = { ...preferences.categories };
  for (const [category, choices] of Object.entries(change.categories ?? {})) {
    const deliveries = categories[category];
    if (deliveries) categories[category] = { ...deliveries, ...choices };
  }
  const courses = { ...preferences.courses, ...change.courses };
  for (const [course, level] of Object.entries(courses)) if (level === "all") delete courses[course];
  const wish = change.quiet_hours;
  const quiet =
    wish === undefined ? before : wish === "off" ? undefined : { ...wish, days: wish.days ?? ALL_DAYS };
  return {
    ...rest,
    categories,
    courses,
    least_priority: change.least_priority ?? preferences.least_priority,
    ...(quiet && { quiet_hours: quiet }),
  };
}

export const ALL_DAYS: NonNullable<Preferences["quiet_hours"]>["days"] = [
  "mon",
  "tue",
  "wed",
  "thu",
  "fri",
  "sat",
  "sun",
];
