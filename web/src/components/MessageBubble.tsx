/** One message: its words, how far it has got, and what its author can do with it. */

import { AlertCircle, Check, CheckCheck, Clock3, Copy, MoreHorizontal, Pencil, Trash2 } from "lucide-react";
import { DropdownMenu } from "radix-ui";
import { type KeyboardEvent, memo, useEffect, useRef, useState } from "react";
import type { Message } from "../contract";
import type { Progress } from "../services/websocket/chat/view";
import type { Entry } from "./conversation";
import { MessageText } from "./MessageText";
import { clock } from "./times";
import { useAutoGrow } from "./useAutoGrow";

export interface BubbleActions {
  retry: (key: string) => void;
  discard: (key: string) => void;
  /** Resolves when saved; rejects with plain words. */
  edit: (message: Message, text: string) => Promise<void>;
  remove: (message: Message) => void;
}

interface Props {
  entry: Entry;
  mine: boolean;
  progress: Progress | null;
  editing: boolean;
  onEdit: (message: Message | null) => void;
  actions: BubbleActions;
}

/** Drawn again only when something of its own changed: a room may hold two thousand. */
export const MessageBubble = memo(Bubble, (before, after) => {
  const sameEntry =
    before.entry.message === after.entry.message && before.entry.outgoing === after.entry.outgoing;
  const sameProgress =
    before.progress?.status === after.progress?.status &&
    before.progress?.readBy === after.progress?.readBy &&
    before.progress?.others === after.progress?.others;
  const sameActions = before.actions === after.actions && before.onEdit === after.onEdit;
  return (
    sameEntry && sameProgress && sameActions && before.editing === after.editing && before.mine === after.mine
  );
});

function Bubble({ entry, mine, progress, editing, onEdit, actions }: Props) {
  const { message, outgoing } = entry;
  if (message && editing) {
    return <Editor message={message} save={actions.edit} done={() => onEdit(null)} />;
  }
  const gone = message !== null && message.state !== "sent";
  const failed = outgoing?.status === "failed";
  return (
    <div className="cw-row" data-mine={mine || undefined}>
      <div
        className="cw-bubble"
        data-mine={mine || undefined}
        data-gone={gone || undefined}
        data-failed={failed || undefined}
        data-message-id={message?.id}
      >
        {gone ? (
          <span className="cw-text">
            {message.state === "deleted" ? "Message deleted" : "Message hidden"}
          </span>
        ) : (
          <MessageText text={message?.text ?? outgoing?.text ?? ""} />
        )}
        <span className="cw-meta">
          {message?.edited_at && !gone && <span>edited</span>}
          <time dateTime={new Date(entry.at).toISOString()}>{clock(entry.at)}</time>
          {mine && !gone && <StatusIcon progress={progress} sending={outgoing !== null} failed={failed} />}
        </span>
      </div>
      {message && !gone && <Menu message={message} mine={mine} onEdit={onEdit} actions={actions} />}
      {outgoing && failed && (
        <div className="cw-failed">
          <span>{outgoing.error}</span>
          <button type="button" className="cw-link" onClick={() => actions.retry(outgoing.key)}>
            Retry
          </button>
          <button type="button" className="cw-link" onClick={() => actions.discard(outgoing.key)}>
            Discard
          </button>
        </div>
      )}
    </div>
  );
}

interface IconProps {
  progress: Progress | null;
  sending: boolean;
  failed: boolean;
}

function StatusIcon({ progress, sending, failed }: IconProps) {
  const size = { width: 14, height: 14, strokeWidth: 2.25, "aria-hidden": true } as const;
  const status = failed ? "failed" : sending ? "sending" : (progress?.status ?? "sent");
  const label = {
    failed: "Not sent",
    sending: "Sending",
    sent: "Sent",
    delivered: "Delivered",
    read: readBy(progress),
  }[status];
  return (
    <span className="cw-status" data-status={status} role="img" aria-label={label} title={label}>
      {status === "failed" && <AlertCircle {...size} />}
      {status === "sending" && <Clock3 {...size} />}
      {status === "sent" && <Check {...size} />}
      {(status === "delivered" || status === "read") && <CheckCheck {...size} />}
    </span>
  );
}

function readBy(progress: Progress | null): string {
  if (!progress || progress.others <= 1) return "Read";
  return `Read by ${progress.readBy} of ${progress.others}`;
}

interface MenuProps {
  message: Message;
  mine: boolean;
  onEdit: (message: Message) => void;
  actions: BubbleActions;
}

function Menu({ message, mine, onEdit, actions }: MenuProps) {
  const chosen = useRef<(() => void) | null>(null);
  return (
    <DropdownMenu.Root modal={false}>
      <DropdownMenu.Trigger className="cw-icon-button cw-more" aria-label="Message actions">
        <MoreHorizontal size={16} aria-hidden="true" />
      </DropdownMenu.Trigger>
      <DropdownMenu.Portal>
        <DropdownMenu.Content
          className="cw-menu"
          align={mine ? "end" : "start"}
          sideOffset={4}
          collisionPadding={8}
          onCloseAutoFocus={(event) => {
            // What was chosen takes the focus itself: the editor, or the question.
            if (chosen.current) event.preventDefault();
            chosen.current?.();
            chosen.current = null;
          }}
        >
          <DropdownMenu.Item
            className="cw-menu-item"
            onSelect={() => void navigator.clipboard?.writeText(message.text)}
          >
            <Copy size={15} aria-hidden="true" /> Copy text
          </DropdownMenu.Item>
          {mine && (
            <>
              <DropdownMenu.Item
                className="cw-menu-item"
                onSelect={() => {
                  chosen.current = () => onEdit(message);
                }}
              >
                <Pencil size={15} aria-hidden="true" /> Edit
              </DropdownMenu.Item>
              <DropdownMenu.Item
                className="cw-menu-item"
                data-danger
                onSelect={() => {
                  chosen.current = () => actions.remove(message);
                }}
              >
                <Trash2 size={15} aria-hidden="true" /> Delete…
              </DropdownMenu.Item>
            </>
          )}
        </DropdownMenu.Content>
      </DropdownMenu.Portal>
    </DropdownMenu.Root>
  );
}

interface EditorProps {
  message: Message;
  save: BubbleActions["edit"];
  done: () => void;
}

function Editor({ message, save, done }: EditorProps) {
  const [text, setText] = useState(message.text);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState("");
  const field = useRef<HTMLTextAreaElement>(null);
  useAutoGrow(field, text);
  useEffect(() => {
    field.current?.focus();
    field.current?.setSelectionRange(field.current.value.length, field.current.value.length);
  }, []);

  const submit = async (): Promise<void> => {
    const wanted = text.trim();
    if (wanted === "" || busy) return;
    if (wanted === message.text) return done();
    setBusy(true);
    try {
      await save(message, wanted);
      done();
    } catch (cause) {
      setBusy(false);
      setError(cause instanceof Error ? cause.message : String(cause));
    }
  };
  const keyed = (event: KeyboardEvent): void => {
    if (event.nativeEvent.isComposing) return;
    if (event.key === "Escape") {
      event.preventDefault();
      done();
    } else if (event.key === "Enter" && !event.shiftKey) {
      event.preventDefault();
      void submit();
    }
  };

  return (
    <form
      className="cw-editor"
      onSubmit={(event) => {
        event.preventDefault();
        void submit();
      }}
    >
      <textarea
        ref={field}
        aria-label="Edit message"
        value={text}
        maxLength={8000}
        rows={1}
        onChange={(event) => setText(event.target.value)}
        onKeyDown={keyed}
      />
      <div className="cw-editor-actions">
        <span className="cw-error" role="alert">
          {error}
        </span>
        <button type="button" className="cw-button" data-quiet onClick={done}>
          Cancel
        </button>
        <button type="submit" className="cw-button" disabled={busy || text.trim() === ""}>
          Save
        </button>
      </div>
    </form>
  );
}
