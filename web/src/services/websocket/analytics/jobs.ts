/** Jobs: which of two reports holds, what is over, what stands above what. */

import type { Job } from "../../../contract";

const OVER: ReadonlySet<Job["state"]> = new Set(["succeeded", "failed", "cancelled"]);

/** It has ended; nothing follows, unless it begins a new attempt. */
export const isOver = ({ state }: Job): boolean => OVER.has(state);

/**
 * Of two reports about a job the one with the higher revision holds, by whatever way it came. A value that was conflated and
 * comes late does not revive a job that has ended.
 */
export const isNewer = (job: Job, known: Job | undefined): boolean =>
  known === undefined || job.revision > known.revision;

/** The newest on top, as the server lists them. */
export const byCreation = (a: Job, b: Job): number =>
  a.created_at === b.created_at ? order(b.id, a.id) : order(b.created_at, a.created_at);

export const order = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
