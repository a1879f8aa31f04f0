/** Whom an `@` may mean. The focus stays in the field. */

import { Users } from "lucide-react";
import { useEffect, useRef } from "react";
import { Avatar } from "../Avatar";
import type { MentionBox } from "./useMentionBox";

export function MentionList({ box }: { box: MentionBox }) {
  const chosen = useRef<HTMLDivElement>(null);
  const { open, options, index } = box;
  useEffect(() => {
    if (open && index >= 0) chosen.current?.scrollIntoView?.({ block: "nearest" });
  }, [open, index]);
  return (
    <>
      <span className="cw-hidden" role="status">
        {open ? `${options.length} ${options.length === 1 ? "suggestion" : "suggestions"}` : ""}
      </span>
      {open && (
        <div className="cw-menu cw-mentions" role="listbox" id={box.listId} aria-label="People to mention">
          {options.map((one, at) => (
            <div
              key={one.userId ?? one.name}
              ref={at === index ? chosen : undefined}
              role="option"
              id={box.optionId(at)}
              aria-selected={at === index}
              tabIndex={-1}
              className="cw-menu-item"
              data-highlighted={at === index || undefined}
              // Before the field loses the focus.
              onPointerDown={(event) => {
                event.preventDefault();
                box.choose(one);
              }}
            >
              {one.userId === null ? (
                <Users size={18} aria-hidden="true" className="cw-mention-group" />
              ) : (
                <Avatar id={one.userId} name={one.name} size="small" />
              )}
              <span className="cw-mention-name">
                {one.userId === null ? `@${one.name}` : one.name}
                <span className="cw-role">{one.hint}</span>
              </span>
            </div>
          ))}
        </div>
      )}
    </>
  );
}
