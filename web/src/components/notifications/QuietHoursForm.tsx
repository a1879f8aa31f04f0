/** When nothing may interrupt: from, until, on which days, by whose clock. */

import { useEffect, useId, useState } from "react";
import type { Preferences, QuietHours, Weekday } from "../../contract";
import { ALL_DAYS, type PreferencesChange } from "../../services/websocket/notifications/preferences";
import { Toggle } from "../Toggle";

interface Props {
  preferences: Preferences;
  onChange: (change: PreferencesChange) => void;
}

const DAYS: Record<Weekday, [short: string, long: string]> = {
  mon: ["Mo", "Monday"],
  tue: ["Tu", "Tuesday"],
  wed: ["We", "Wednesday"],
  thu: ["Th", "Thursday"],
  fri: ["Fr", "Friday"],
  sat: ["Sa", "Saturday"],
  sun: ["Su", "Sunday"],
};

const ownZone = (): string => Intl.DateTimeFormat().resolvedOptions().timeZone;

const usual = (): QuietHours => ({ start: "22:00", end: "07:00", days: ALL_DAYS, time_zone: ownZone() });

export function QuietHoursForm({ preferences, onChange }: Props) {
  const id = useId();
  const quiet = preferences.quiet_hours;
  const set = (patch: Partial<QuietHours>): void => {
    if (quiet) onChange({ quiet_hours: { ...quiet, ...patch } });
  };
  const toggle = (day: Weekday): void => {
    if (!quiet) return;
    const days = ALL_DAYS.filter((one) => quiet.days.includes(one) !== (one === day));
    // Quiet hours on no day are none: that is what the switch is for.
    if (days.length > 0) set({ days });
  };
  return (
    <>
      <div className="cw-pref">
        <span>
          <label htmlFor={`${id}-quiet`}>Quiet hours</label>
          <span className="cw-pref-hint" id={`${id}-hint`}>
            Nothing pops up, and emails and push messages wait until the end.
          </span>
        </span>
        <Toggle
          id={`${id}-quiet`}
          aria-describedby={`${id}-hint`}
          checked={quiet !== undefined}
          onCheckedChange={(on) => onChange({ quiet_hours: on ? usual() : "off" })}
        />
      </div>
      {quiet && (
        <div className="cw-quiet">
          <Clock label="From" value={quiet.start} onValue={(start) => set({ start })} />
          <Clock label="Until" value={quiet.end} onValue={(end) => set({ end })} />
          <Zone value={quiet.time_zone} onValue={(time_zone) => set({ time_zone })} />
          <fieldset className="cw-days">
            <legend>On the evenings of</legend>
            {ALL_DAYS.map((day) => (
              <button
                key={day}
                type="button"
                className="cw-day-button"
                aria-label={DAYS[day][1]}
                aria-pressed={quiet.days.includes(day)}
                onClick={() => toggle(day)}
              >
                {DAYS[day][0]}
              </button>
            ))}
          </fieldset>
        </div>
      )}
    </>
  );
}

interface FieldProps {
  value: string;
  onValue: (value: string) => void;
}

/** Sent when one leaves the field: half a time is none. */
function Clock({ label, value, onValue }: FieldProps & { label: string }) {
  const [typed, setTyped] = useState(value);
  useEffect(() => setTyped(value), [value]);
  const done = (): void => {
    if (/^\d\d:\d\d$/u.test(typed) && typed !== value) onValue(typed);
    else setTyped(value);
  };
  return (
    <label className="cw-field">
      <span>{label}</span>
      <input type="time" value={typed} onChange={({ target }) => setTyped(target.value)} onBlur={done} />
    </label>
  );
}

function Zone({ value, onValue }: FieldProps) {
  const zones = new Set([value, ownZone(), ...Intl.supportedValuesOf("timeZone")]);
  return (
    <label className="cw-field">
      <span>Time zone</span>
      <select value={value} onChange={({ target }) => onValue(target.value)}>
        {[...zones].sort().map((zone) => (
          <option key={zone} value={zone}>
            {zone.replaceAll("_", " ")}
          </option>
        ))}
      </select>
    </label>
  );
}
