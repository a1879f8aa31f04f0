/** What one wants to hear of, and how; every change is kept at once. */

import { ArrowLeft } from "lucide-react";
import { useEffect, useId, useState } from "react";
import type { CourseLevel, Priority } from "../contract";
import { useNotificationsWebSocket } from "../hooks/useNotificationsWebSocket";
import { words } from "../services/websocket/errors";
import { priorities } from "../services/websocket/notifications/kinds";
import type { PreferencesChange } from "../services/websocket/notifications/preferences";
import { type CourseNames, knownCourses } from "./notifications/courses";
import { priorityLabel } from "./notifications/kinds";
import { PreferenceGrid } from "./notifications/PreferenceGrid";
import { PushSwitch } from "./notifications/PushSwitch";
import { QuietHoursForm } from "./notifications/QuietHoursForm";
import { StaleBanner } from "./notifications/StaleBanner";
import "./styles";

export interface NotificationPreferencesProps {
  /** How courses are called, by id. */
  courses?: CourseNames;
  /** Where the inbox is; without it there is no way back. */
  inboxLink?: string;
}

const LEVELS: Record<CourseLevel, string> = {
  all: "Everything",
  mentions: "Only what is meant for me",
  muted: "Nothing",
};
const NO_NAMES: CourseNames = {};

export function NotificationPreferences({ courses = NO_NAMES, inboxLink }: NotificationPreferencesProps) {
  const { items, preferences, loadPreferences, updatePreferences, push } = useNotificationsWebSocket();
  const id = useId();
  const [failed, setFailed] = useState("");
  const [said, setSaid] = useState("");
  const [tries, setTries] = useState(0);
  useEffect(() => {
    void tries;
    let here = true;
    loadPreferences().catch((cause: unknown) => here && setFailed(words(cause)));
    return () => {
      here = false;
    };
  }, [loadPreferences, tries]);
  const change = (wish: PreferencesChange): void => {
    setFailed("");
    setSaid("");
    updatePreferences(wish).then(
      () => setSaid("Saved."),
      (cause: unknown) => setFailed(words(cause)),
    );
  };
  const known = knownCourses(courses, items, preferences);
  return (
    <div className="cw-preferences">
      <header className="cw-inbox-head">
        {inboxLink !== undefined && (
          <a className="cw-icon-button" href={inboxLink} aria-label="Back to the inbox" title="Back">
            <ArrowLeft size={20} aria-hidden="true" />
          </a>
        )}
        <h2>Preferences</h2>
        <span className="cw-said" role="status">
          {said}
        </span>
      </header>
      <StaleBanner />
      <div className="cw-preferences-body">
        <p className="cw-error" role="alert">
          {failed}
        </p>
        {!preferences && failed && (
          <button
            type="button"
            className="cw-button"
            onClick={() => {
              setFailed("");
              setTries(tries + 1);
            }}
          >
            Try again
          </button>
        )}
        {!preferences && !failed && (
          <p className="cw-muted" role="status">
            Loading your preferences…
          </p>
        )}
        {preferences && (
          <>
            <section aria-labelledby={`${id}-ways`}>
              <h3 id={`${id}-ways`}>How they reach you</h3>
              <PushSwitch push={push} />
              <PreferenceGrid preferences={preferences} onChange={change} />
            </section>
            <section aria-labelledby={`${id}-quiet`}>
              <h3 id={`${id}-quiet`}>When they may interrupt</h3>
              <div className="cw-pref">
                <span>
                  <label htmlFor={`${id}-least`}>Least priority</label>
                  <span className="cw-pref-hint" id={`${id}-hint`}>
                    What is below comes to the inbox in silence.
                  </span>
                </span>
                <select
                  id={`${id}-least`}
                  aria-describedby={`${id}-hint`}
                  className="cw-choice-select"
                  value={preferences.least_priority}
                  onChange={({ target }) => change({ least_priority: target.value as Priority })}
                >
                  {priorities.map((priority) => (
                    <option key={priority} value={priority}>
                      {priorityLabel(priority)}
                    </option>
                  ))}
                </select>
              </div>
              <QuietHoursForm preferences={preferences} onChange={change} />
              <p className="cw-pref-hint">Urgent and mandatory notifications always pass.</p>
            </section>
            {known.length > 0 && (
              <section aria-labelledby={`${id}-courses`}>
                <h3 id={`${id}-courses`}>What your courses may tell</h3>
                {known.map(([id, name]) => (
                  <label key={id} className="cw-pref">
                    <strong>{name}</strong>
                    <select
                      className="cw-choice-select"
                      value={preferences.courses[id] ?? "all"}
                      onChange={({ target }) => change({ courses: { [id]: target.value as CourseLevel } })}
                    >
                      {Object.entries(LEVELS).map(([level, label]) => (
                        <option key={level} value={level}>
                          {label}
                        </option>
                      ))}
                    </select>
                  </label>
                ))}
              </section>
            )}
          </>
        )}
      </div>
    </div>
  );
}
