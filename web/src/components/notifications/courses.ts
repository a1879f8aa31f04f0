/** How courses are called: by the page's names, or else by their ids. */

import type { Notification, Preferences } from "../../contract";

/** Names by course id. */
export type CourseNames = Readonly<Record<string, string>>;

export const courseNameOf =
  (names: CourseNames) =>
  (courseId: string): string =>
    names[courseId] ?? courseId;

/** All courses that are known from somewhere, by name. */
export function knownCourses(
  names: CourseNames,
  items: readonly Notification[],
  preferences: Preferences | null,
): (readonly [id: string, name: string])[] {
  const ids = new Set([
    ...Object.keys(names),
    ...items.flatMap(({ course_id }) => (course_id === undefined ? [] : [course_id])),
    ...Object.keys(preferences?.courses ?? {}),
  ]);
  const name = courseNameOf(names);
  return [...ids].map((id) => [id, name(id)] as const).sort(([, a], [, b]) => a.localeCompare(b));
}
