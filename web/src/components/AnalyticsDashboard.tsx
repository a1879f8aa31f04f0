/** How a course works now: figures, lines, jobs, what was reached and what needs a look; each part moves by itself. */

import { ToggleGroup } from "radix-ui";
import { useMemo, useState } from "react";
import type { Window } from "../contract";
import { type AnalyticsResult, useAnalyticsWebSocket } from "../hooks/useAnalyticsWebSocket";
import { useConnectionStatus } from "../hooks/useConnectionStatus";
import { explain } from "../services/websocket/errors";
import { AlertList } from "./analytics/AlertList";
import { AtRiskTable } from "./analytics/AtRiskTable";
import { Again, Card } from "./analytics/Card";
import { windowLabel, windows } from "./analytics/figures";
import { JobList } from "./analytics/JobList";
import { JobPanel } from "./analytics/JobPanel";
import { LiveState } from "./analytics/LiveState";
import { MetricTiles } from "./analytics/MetricTiles";
import { MilestoneFeed } from "./analytics/MilestoneFeed";
import { Narration } from "./analytics/Narration";
import { ObjectTable } from "./analytics/ObjectTable";
import { SeriesCard } from "./analytics/SeriesCard";
import { type CourseNames, courseNameOf } from "./notifications/courses";
import { useLate } from "./useLate";
import "./analytics/styles";

export interface AnalyticsDashboardProps {
  /** Which course; null: one's own jobs and milestones over all courses. */
  courseId: string | null;
  /** How courses are called, by id: those to choose from. */
  courses?: CourseNames;
  onCourseChange?: (courseId: string) => void;
  /** A job that is open by itself. */
  jobId?: string | null;
  /** The address of a job; without it titles lead nowhere. */
  jobLink?: (jobId: string) => string;
  onJobClose?: () => void;
}

const NO_NAMES: CourseNames = {};
const nothing = (): void => undefined;

/** It fills its container: give that a height. */
export function AnalyticsDashboard(props: AnalyticsDashboardProps) {
  const { courseId, courses = NO_NAMES, onCourseChange = nothing, jobId = null, jobLink } = props;
  const [window, setWindow] = useState<Window>("1h");
  const analytics = useAnalyticsWebSocket(courseId === null ? { window } : { courseId, window });
  const { scope, phase, metrics, jobs, milestones, alerts } = analytics;
  const courseName = useMemo(() => courseNameOf(courses), [courses]);
  const late = useLate(analytics.stale);
  return (
    <div className="cw-analytics" data-stale={late || undefined}>
      <header className="cw-analytics-head">
        <h2>Analytics</h2>
        {courseId !== null && (
          <CourseChoice courseId={courseId} courses={courses} onCourseChange={onCourseChange} />
        )}
        <LiveState state={analytics.connectionState} stale={analytics.stale} asOf={metrics?.at ?? null} />
        {courseId !== null && <WindowChoice window={window} onWindow={setWindow} />}
      </header>
      <Narration
        // What another course has is no news.
        key={`narration of ${courseId}`}
        isReady={phase === "ready"}
        isLive={!late}
        metrics={metrics}
        jobs={jobs}
        milestones={milestones}
        alerts={alerts}
      />
      <Refusal />
      {phase === "failed" ? (
        <div className="cw-empty" role="alert">
          <p>{courseId === null ? "This" : courseName(courseId)} could not be loaded.</p>
          <p className="cw-muted">{analytics.error}</p>
          <Again onClick={() => void analytics.reload()} />
        </div>
      ) : (
        <Parts
          // Another course begins anew, also in what is chosen.
          key={courseId}
          analytics={analytics}
          courseId={courseId}
          window={window}
          isStaff={scope === "course"}
          jobLink={jobLink}
        />
      )}
      {jobId !== null && (
        <JobPanel key={jobId} jobId={jobId} courseName={courseName} onClose={props.onJobClose ?? nothing} />
      )}
    </div>
  );
}

interface PartsProps {
  analytics: AnalyticsResult;
  courseId: string | null;
  window: Window;
  isStaff: boolean;
  jobLink: ((jobId: string) => string) | undefined;
}

function Parts({ analytics, courseId, window, isStaff, jobLink }: PartsProps) {
  const { scope, metrics, lists, loadMoreJobs, loadMoreMilestones, loadMoreAlerts, loadMoreAtRisk } =
    analytics;
  const { reload: again } = analytics;
  const reload = useMemo(() => () => void again(), [again]);
  const more = useMemo(
    () => ({
      jobs: () => void loadMoreJobs(),
      milestones: () => void loadMoreMilestones(),
      alerts: () => void loadMoreAlerts(),
      atRisk: () => void loadMoreAtRisk(),
    }),
    [loadMoreJobs, loadMoreMilestones, loadMoreAlerts, loadMoreAtRisk],
  );
  const things = metrics?.per_object ?? [];
  return (
    <>
      {courseId !== null && (
        <MetricTiles
          metrics={metrics}
          window={window}
          scope={scope}
          withheld={analytics.withheld}
          own={analytics.own}
          trail={analytics.trail}
          loading={analytics.phase === "loading"}
          onReload={reload}
        />
      )}
      <div className="cw-analytics-parts">
        {courseId !== null && (
          <div className="cw-analytics-wide">
            {scope === null && analytics.phase === "loading" && (
              // The chart's place: what stands below it on a phone does not move when it comes.
              <div className="cw-card cw-card-waits" aria-hidden="true" />
            )}
            {scope !== "own" && scope !== null && (
              <SeriesCard courseId={courseId} window={window} scope={scope} />
            )}
            {things.length > 0 && (
              <Card title="What is worked on" note={`the busiest ${things.length}`}>
                <ObjectTable items={things} scope={metrics?.scope ?? "cohort"} />
              </Card>
            )}
            {isStaff && (
              <Card title="At risk" note={analytics.atRisk.length || undefined}>
                <AtRiskTable
                  learners={analytics.atRisk}
                  status={lists.atRisk}
                  onReload={reload}
                  onMore={more.atRisk}
                />
              </Card>
            )}
          </div>
        )}
        <div className="cw-analytics-side">
          <Card title={isStaff ? "Jobs" : "Your jobs"}>
            <JobList
              jobs={analytics.jobs}
              status={lists.jobs}
              {...(jobLink && { jobLink })}
              onCancel={analytics.cancelJob}
              onReload={reload}
              onMore={more.jobs}
            />
          </Card>
          {isStaff && (
            <Card title="Needs a look">
              <AlertList
                alerts={analytics.alerts}
                status={lists.alerts}
                jobLink={jobLink}
                onReload={reload}
                onMore={more.alerts}
              />
            </Card>
          )}
          <Card title="Milestones">
            <MilestoneFeed
              milestones={analytics.milestones}
              status={lists.milestones}
              onReload={reload}
              onMore={more.milestones}
            />
          </Card>
        </div>
      </div>
    </>
  );
}

interface CourseChoiceProps {
  courseId: string;
  courses: CourseNames;
  onCourseChange: (courseId: string) => void;
}

function CourseChoice({ courseId, courses, onCourseChange }: CourseChoiceProps) {
  const name = courseNameOf(courses);
  const ids = [...new Set([...Object.keys(courses), courseId])].sort((a, b) =>
    name(a).localeCompare(name(b)),
  );
  if (ids.length === 1) return <span className="cw-course">{name(courseId)}</span>;
  return (
    <label className="cw-pick">
      <span className="cw-hidden">Course</span>
      <select value={courseId} onChange={(event) => onCourseChange(event.target.value)}>
        {ids.map((id) => (
          <option key={id} value={id}>
            {name(id)}
          </option>
        ))}
      </select>
    </label>
  );
}

function WindowChoice({ window, onWindow }: { window: Window; onWindow: (window: Window) => void }) {
  return (
    <ToggleGroup.Root
      type="single"
      className="cw-segments"
      aria-label="How far back"
      value={window}
      // A click on what is chosen would choose nothing.
      onValueChange={(value) => value && onWindow(value as Window)}
    >
      {windows.map((one) => (
        <ToggleGroup.Item key={one} value={one}>
          {windowLabel(one)}
        </ToggleGroup.Item>
      ))}
    </ToggleGroup.Root>
  );
}

/** The server does not let us in: waiting does not help, so it is said with a way to try again. */
function Refusal() {
  const { namespaces, retry } = useConnectionStatus();
  const status = namespaces["/analytics"];
  if (status?.state !== "unauthorized" && status?.state !== "unavailable") return null;
  return (
    <p className="cw-banner" data-tone="danger" role="alert">
      <span>{explain(status.error ?? { code: "unavailable", message: "" })}</span>
      <button type="button" className="cw-link" onClick={() => retry("/analytics")}>
        Try again
      </button>
    </p>
  );
}
