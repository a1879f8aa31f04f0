/** The inbox as a page: filters beside the list, and one bar for what was done last. */

import { CheckCheck, Settings2 } from "lucide-react";
import { useMemo } from "react";
import { useNotificationsWebSocket } from "../hooks/useNotificationsWebSocket";
import { type CourseNames, courseNameOf, knownCourses } from "./notifications/courses";
import { DeedBar } from "./notifications/DeedBar";
import { Filters } from "./notifications/Filters";
import type { Ways } from "./notifications/NoticeLink";
import { NotificationList } from "./notifications/NotificationList";
import { StaleBanner } from "./notifications/StaleBanner";
import { useDeeds } from "./notifications/useDeeds";
import "./styles";

export interface NotificationInboxProps extends Ways {
  /** How courses are called, by id. */
  courses?: CourseNames;
  /** Where the preferences are; without it there is no way to them. */
  preferencesLink?: string;
}

const NO_NAMES: CourseNames = {};

export function NotificationInbox({
  courses = NO_NAMES,
  preferencesLink,
  linkTo,
  onNavigate,
}: NotificationInboxProps) {
  const api = useNotificationsWebSocket();
  const { items, counts, filter, setFilter, markAll, hasMore } = api;
  const deeds = useDeeds(api);
  const ways = { linkTo, onNavigate };
  const courseName = useMemo(() => courseNameOf(courses), [courses]);
  const unread = items.filter(({ read_at }) => read_at === undefined);
  const canRead = filter.state === undefined || filter.state === "unread";
  const readAll = (): void => {
    // What is not loaded cannot be put back, so there is a way back only where all of it is here.
    deeds.run(`All marked as read.`, hasMore ? [] : unread, () => markAll("read"));
  };
  return (
    <div className="cw-inbox">
      <header className="cw-inbox-head">
        <h2>Notifications</h2>
        {canRead && (
          <button
            type="button"
            className="cw-button"
            data-quiet
            disabled={unread.length === 0 && !hasMore}
            onClick={readAll}
          >
            <CheckCheck size={16} aria-hidden="true" /> <span>Mark all as read</span>
          </button>
        )}
        {preferencesLink !== undefined && (
          <a className="cw-icon-button" href={preferencesLink} aria-label="Preferences" title="Preferences">
            <Settings2 size={19} aria-hidden="true" />
          </a>
        )}
      </header>
      <Filters
        filter={filter}
        onFilter={setFilter}
        counts={counts}
        courses={knownCourses(courses, items, api.preferences)}
      />
      <div className="cw-inbox-main">
        <StaleBanner />
        <NotificationList api={api} actions={deeds.actions} courseName={courseName} ways={ways} />
        <DeedBar deeds={deeds} />
      </div>
    </div>
  );
}
