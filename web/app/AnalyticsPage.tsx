/** Analytics in the campus: which course and which job are open stands in the address. */

import { useChatWebSocket } from "../src";
import { AnalyticsDashboard } from "../src/components/AnalyticsDashboard";
import { usePlace } from "./session";
import { useCourses } from "./useCourses";

const addressOf = (course: string | null, job: string | null = null): string =>
  `#/analytics${job === null ? "" : `/jobs/${encodeURIComponent(job)}`}${
    course === null ? "" : `?course=${encodeURIComponent(course)}`
  }`;

export default function AnalyticsPage() {
  const place = usePlace();
  const courses = useCourses();
  const { chat } = useChatWebSocket();
  const course = place.course ?? Object.keys(courses)[0] ?? null;
  // The courses are known with the rooms: without a moment's patience one's own page would flash by.
  if (course === null && chat.phase === "loading") return <p className="page-waits">Loading…</p>;
  return (
    <AnalyticsDashboard
      courseId={course}
      courses={courses}
      onCourseChange={(id) => {
        location.hash = addressOf(id);
      }}
      jobId={place.job}
      jobLink={(id) => addressOf(place.course, id)}
      onJobClose={() => {
        location.hash = addressOf(place.course);
      }}
    />
  );
}
