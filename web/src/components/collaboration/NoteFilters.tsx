/** Which notes are shown: by kind, open or resolved, by tag, one's own. */

import { ToggleGroup } from "radix-ui";
import { useId } from "react";
import type { Motivation } from "../../contract";
import { Toggle } from "../Toggle";
import { KINDS, type NoteFilter } from "./threads";

interface Props {
  filter: NoteFilter;
  tags: readonly string[];
  audiences: readonly string[];
  onFilter: (filter: NoteFilter) => void;
}

const STATES = [
  ["open", "Open"],
  ["resolved", "Resolved"],
  ["all", "All"],
] as const;

export function NoteFilters({ filter, tags, onFilter }: Props) {
  const id = useId();
  return (
    <div className="cw-note-filters">
      <ToggleGroup.Root
        type="single"
        className="cw-toggle"
        aria-label="State"
        value={filter.state}
        // A click on what is chosen would choose nothing.
        onValueChange={(state) => state && onFilter({ ...filter, state: state as NoteFilter["state"] })}
      >
        {STATES.map(([value, label]) => (
          <ToggleGroup.Item key={value} value={value}>
            {label}
          </ToggleGroup.Item>
        ))}
      </ToggleGroup.Root>
      <div className="cw-note-picks">
        <label>
          <span className="cw-hidden">Kind</span>
          <select
            value={filter.kind}
            onChange={(event) => onFilter({ ...filter, kind: event.target.value as Motivation | "all" })}
          >
            <option value="all">All kinds</option>
            {KINDS.map(([kind, label]) => (
              <option key={kind} value={kind}>
                {label}s
              </option>
            ))}
          </select>
        </label>
        {tags.length > 0 && (
          <label>
            <span className="cw-hidden">Tag</span>
            <select
              value={filter.tag ?? ""}
              onChange={(event) => onFilter({ ...filter, tag: event.target.value || null })}
            >
              <option value="">All tags</option>
              {tags.map((tag) => (
                <option key={tag} value={tag}>
                  #{tag}
                </option>
              ))}
            </select>
          </label>
        )}
      </div>
      <p className="cw-setting">
        <label htmlFor={id}>Only threads that I am in</label>
        <Toggle id={id} checked={filter.mine} onCheckedChange={(mine) => onFilter({ ...filter, mine })} />
      </p>
    </div>
  );
}
