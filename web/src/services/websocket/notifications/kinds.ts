/** The categories and priorities in the order in which they are offered. */

import type { Category, Priority } from "../../../contract";

/** Each name once, or tsc complains. */
const CATEGORIES: Record<Category, true> = {
  announcement: true,
  assignment: true,
  grade: true,
  message: true,
  discussion: true,
  collaboration: true,
  milestone: true,
  analysis: true,
  system: true,
};
const PRIORITIES: Record<Priority, true> = { low: true, normal: true, high: true, urgent: true };

export const categories = Object.keys(CATEGORIES) as Category[];
/** From the least to the most pressing. */
export const priorities = Object.keys(PRIORITIES) as Priority[];
