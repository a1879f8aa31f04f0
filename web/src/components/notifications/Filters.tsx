/** Choose what the inbox shows: state, category, priority, course; each with what waits there. */

import { AlarmClock, Archive, Inbox, type LucideIcon, MailOpen } from "lucide-react";
import type { CSSProperties } from "react";
import type { Category, Counts, NotificationFilter, Priority } from "../../contract";
import { categories, priorities } from "../../services/websocket/notifications/kinds";
import { kindOf, priorityLabel } from "./kinds";

interface Props {
  filter: NotificationFilter;
  onFilter: (filter: NotificationFilter) => void;
  counts: Counts | null;
  courses: readonly (readonly [id: string, name: string])[];
}

type StateFilter = NotificationFilter["state"];

const STATES: [StateFilter, string, LucideIcon][] = [
  [undefined, "Inbox", Inbox],
  ["unread", "Unread", MailOpen],
  ["snoozed", "Snoozed", AlarmClock],
  ["archived", "Archived", Archive],
];

/** A filter with other choices; what is not chosen is left out. */
function chosen(filter: NotificationFilter, patch: { [Name in keyof NotificationFilter]: unknown }) {
  const entries = Object.entries({ ...filter, ...patch });
  return Object.fromEntries(
    entries.filter(([, value]) => value !== undefined && (!Array.isArray(value) || value.length > 0)),
  ) as NotificationFilter;
}

export function Filters({ filter, onFilter, counts, courses }: Props) {
  const picked = filter.category ?? [];
  const toggle = (category: Category): void => {
    const rest = picked.filter((one) => one !== category);
    onFilter(chosen(filter, { category: rest.length < picked.length ? rest : [...picked, category] }));
  };
  return (
    <section className="cw-filters" aria-label="Filter notifications">
      <fieldset className="cw-filter-row">
        <legend className="cw-hidden">Show</legend>
        {STATES.map(([state, label, Icon]) => (
          <button
            key={label}
            type="button"
            className="cw-filter"
            aria-pressed={filter.state === state}
            onClick={() => onFilter(chosen(filter, { state }))}
          >
            <Icon size={16} aria-hidden="true" />
            <span>{label}</span>
            {state === "unread" && <Waiting count={counts?.unread ?? 0} />}
          </button>
        ))}
      </fieldset>
      <h3 className="cw-filters-title">Categories</h3>
      <fieldset className="cw-filter-row">
        <legend className="cw-hidden">Categories</legend>
        {categories.map((category) => {
          const { label, Icon, hue } = kindOf(category);
          return (
            <button
              key={category}
              type="button"
              className="cw-filter"
              data-category
              style={{ "--cw-hue": hue } as CSSProperties}
              aria-pressed={picked.includes(category)}
              onClick={() => toggle(category)}
            >
              <Icon size={16} aria-hidden="true" />
              <span>{label}</span>
              <Waiting count={counts?.by_category[category] ?? 0} />
            </button>
          );
        })}
      </fieldset>
      <div className="cw-filter-selects">
        <label className="cw-select">
          <span>Priority</span>
          <select
            value={filter.priority?.[0] ?? ""}
            onChange={({ target }) =>
              onFilter(chosen(filter, { priority: atLeast(target.value as Priority | "") }))
            }
          >
            <option value="">Any priority</option>
            {priorities.slice(1).map((priority) => (
              <option key={priority} value={priority}>
                {priority === "urgent" ? "Urgent only" : `${priorityLabel(priority)} and above`}
              </option>
            ))}
          </select>
        </label>
        {courses.length > 0 && (
          <label className="cw-select">
            <span>Course</span>
            <select
              value={filter.course_id ?? ""}
              onChange={({ target }) => onFilter(chosen(filter, { course_id: target.value || undefined }))}
            >
              <option value="">All courses</option>
              {courses.map(([id, name]) => (
                <option key={id} value={id}>
                  {name}
                </option>
              ))}
            </select>
          </label>
        )}
      </div>
    </section>
  );
}

const atLeast = (priority: Priority | ""): Priority[] =>
  priority === "" ? [] : priorities.slice(priorities.indexOf(priority));

function Waiting({ count }: { count: number }) {
  if (count === 0) return null;
  return (
    <span className="cw-filter-count">
      <span aria-hidden="true">{count > 99 ? "99+" : count}</span>
      <span className="cw-hidden">{count} unread</span>
    </span>
  );
}
