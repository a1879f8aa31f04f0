/** Two people have changed the same of a note at once: both versions, and which one is to hold. */

import type { AnnotationConflict } from "../../services/websocket/collaboration/annotations";
import { audienceWords } from "./threads";

interface Props {
  conflict: Pick<AnnotationConflict, "yours" | "theirs">;
  /** Their names, by id. */
  groups: Readonly<Record<string, string>>;
  onMine: () => void;
  onTheirs: () => void;
}

const FIELDS: Record<string, string> = { body: "Text", visibility: "For", tags: "Tags", motivation: "Kind" };

function shown(field: string, value: unknown, groups: Props["groups"]): string {
  if (Array.isArray(value)) return value.map((tag) => `#${tag}`).join(" ") || "none";
  if (field === "visibility") return audienceWords(String(value), groups);
  return String(value ?? "");
}

export function ConflictNote({ conflict, groups, onMine, onTheirs }: Props) {
  const { yours, theirs } = conflict as Record<"yours" | "theirs", Record<string, unknown>>;
  const fields = [...new Set([...Object.keys(yours), ...Object.keys(theirs)])];
  return (
    <div className="cw-note-conflict" role="alert">
      <p>This was changed in the meantime. Which one is to hold?</p>
      {fields.map((field) => (
        <dl key={field}>
          <div>
            <dt>{FIELDS[field] ?? field}, yours</dt>
            <dd>{shown(field, yours[field], groups)}</dd>
          </div>
          <div>
            <dt>{FIELDS[field] ?? field}, as it is now</dt>
            <dd>{shown(field, theirs[field], groups)}</dd>
          </div>
        </dl>
      ))}
      <div className="cw-note-ends">
        <button type="button" className="cw-button" data-quiet onClick={onTheirs}>
          Leave it as it is
        </button>
        <button type="button" className="cw-button" onClick={onMine}>
          Use mine
        </button>
      </div>
    </div>
  );
}
