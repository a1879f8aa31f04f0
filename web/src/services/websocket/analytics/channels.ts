/** The channels of `/analytics`: a course for its staff, its cohort for everybody enrolled, a job, and one's own. */

export const courseChannel = (courseId: string): string => `course:${courseId}`;
export const cohortChannel = (courseId: string): string => `cohort:${courseId}`;
export const jobChannel = (jobId: string): string => `job:${jobId}`;

export interface Channel {
  kind: "course" | "cohort" | "job" | "user";
  id: string;
}

/** What a channel is about; null for one that is not of `/analytics`. Ids may hold colons. */
export function parsed(channel: string): Channel | null {
  const colon = channel.indexOf(":");
  const kind = channel.slice(0, colon);
  if (kind !== "course" && kind !== "cohort" && kind !== "job" && kind !== "user") return null;
  return { kind, id: channel.slice(colon + 1) };
}
