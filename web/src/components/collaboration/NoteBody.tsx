/** Who wrote a note or a reply, when and what; its menu, its editing, and a conflict with somebody who edited it, too. */

import { EllipsisVertical, Pencil, Trash2 } from "lucide-react";
import { DropdownMenu } from "radix-ui";
import { useState } from "react";
import type { CollaborationResult } from "../../hooks/useCollaborationWebSocket";
import { AnnotationConflict } from "../../services/websocket/collaboration/annotations";
import type { ShownAnnotation } from "../../services/websocket/collaboration/view";
import { words } from "../../services/websocket/errors";
import { Avatar } from "../Avatar";
import { MessageHtml, MessageText } from "../chat/MessageText";
import { shortWhen } from "../times";
import { ConflictNote } from "./ConflictNote";
import { NoteText, type Person } from "./NoteText";
import { audienceWords, parseTags } from "./threads";

interface Props {
  annotation: ShownAnnotation;
  collaboration: CollaborationResult;
  userId: string;
  people: readonly Person[];
}

interface Change {
  body?: string;
  visibility?: string;
  tags?: string[];
}

export function NoteBody({ annotation, collaboration, userId, people }: Props) {
  const [editing, setEditing] = useState(false);
  const [conflict, setConflict] = useState<AnnotationConflict | null>(null);
  const [problem, setProblem] = useState("");
  const { mode, audiences, groups } = collaboration;
  const mine = annotation.author_id === userId;
  const isStaff = audiences.includes("staff");
  const mayWrite = mode === "comment" || mode === "edit";
  const made = Date.parse(annotation.created_at);

  const edit = async (change: Change): Promise<void> => {
    if (Object.keys(change).length === 0) return setEditing(false);
    try {
      await collaboration.editAnnotation(annotation.id, change);
      setEditing(false);
      setConflict(null);
    } catch (error) {
      if (!(error instanceof AnnotationConflict)) throw error;
      setConflict(error);
      setEditing(false);
    }
  };

  return (
    <div className="cw-note-body">
      <div className="cw-note-head">
        <Avatar
          id={annotation.author_id ?? annotation.author_name}
          name={annotation.author_name}
          size="small"
        />
        <span className="cw-note-who">
          <strong dir="auto">{annotation.author_name}</strong>
          <span>
            <time dateTime={annotation.created_at} title={new Date(made).toLocaleString()}>
              {shortWhen(made, Date.now())}
            </time>
            {annotation.edited_at !== undefined && " · edited"}
            {annotation.pending && " · sending…"}
          </span>
        </span>
        {mayWrite && (mine || isStaff) && !annotation.pending && (
          <Menu
            name={annotation.author_name}
            mayEdit={mine}
            onEdit={() => setEditing(true)}
            onDelete={() => {
              setProblem("");
              collaboration.remove(annotation.id).catch((error: unknown) => setProblem(words(error)));
            }}
          />
        )}
      </div>
      {editing ? (
        <EditNote
          annotation={annotation}
          audiences={audiences}
          groups={groups}
          people={people}
          onSave={edit}
          onCancel={() => setEditing(false)}
        />
      ) : annotation.html !== "" ? (
        <MessageHtml html={annotation.html} />
      ) : (
        annotation.body !== "" && <MessageText text={annotation.body} />
      )}
      {conflict && (
        <ConflictNote
          conflict={conflict}
          groups={groups}
          onMine={() => void edit(conflict.yours as Change).catch((error) => setProblem(words(error)))}
          onTheirs={() => setConflict(null)}
        />
      )}
      <p className="cw-error" role="alert">
        {problem}
      </p>
    </div>
  );
}

interface EditProps {
  annotation: ShownAnnotation;
  audiences: readonly string[];
  groups: Readonly<Record<string, string>>;
  people: readonly Person[];
  onSave: (change: Change) => Promise<void>;
  onCancel: () => void;
}

function EditNote({ annotation, audiences, groups, people, onSave, onCancel }: EditProps) {
  const isReply = annotation.parent_id !== undefined;
  const [audience, setAudience] = useState(annotation.visibility);
  const [tags, setTags] = useState(annotation.tags.join(", "));
  const save = (body: string): Promise<void> => {
    const wanted = parseTags(tags);
    return onSave({
      ...(body !== annotation.body && { body }),
      ...(!isReply && audience !== annotation.visibility && { visibility: audience }),
      ...(!isReply && wanted.join() !== annotation.tags.join() && { tags: wanted }),
    });
  };
  return (
    <NoteText
      label="Edit the note"
      placeholder="Note"
      initial={annotation.body}
      optional={annotation.motivation === "highlighting" && annotation.body === ""}
      people={people}
      send="Save"
      autoFocus
      onSend={save}
      onCancel={onCancel}
    >
      {!isReply && (
        <div className="cw-note-facts">
          <label>
            <span>For</span>
            <select value={audience} onChange={(event) => setAudience(event.target.value)}>
              {[...new Set([...audiences, annotation.visibility])].map((one) => (
                <option key={one} value={one}>
                  {audienceWords(one, groups)}
                </option>
              ))}
            </select>
          </label>
          <label>
            <span>Tags</span>
            <input value={tags} maxLength={400} onChange={(event) => setTags(event.target.value)} />
          </label>
        </div>
      )}
    </NoteText>
  );
}

interface MenuProps {
  name: string;
  mayEdit: boolean;
  onEdit: () => void;
  onDelete: () => void;
}

function Menu({ name, mayEdit, onEdit, onDelete }: MenuProps) {
  return (
    <DropdownMenu.Root>
      <DropdownMenu.Trigger className="cw-icon-button" data-small aria-label={`Note by ${name}: actions`}>
        <EllipsisVertical size={16} aria-hidden="true" />
      </DropdownMenu.Trigger>
      <DropdownMenu.Portal>
        <DropdownMenu.Content className="cw-menu" align="end" sideOffset={4} collisionPadding={8}>
          {mayEdit && (
            <DropdownMenu.Item className="cw-menu-item" onSelect={onEdit}>
              <Pencil size={15} aria-hidden="true" /> Edit
            </DropdownMenu.Item>
          )}
          <DropdownMenu.Item className="cw-menu-item" data-danger onSelect={onDelete}>
            <Trash2 size={15} aria-hidden="true" /> Delete
          </DropdownMenu.Item>
        </DropdownMenu.Content>
      </DropdownMenu.Portal>
    </DropdownMenu.Root>
  );
}
