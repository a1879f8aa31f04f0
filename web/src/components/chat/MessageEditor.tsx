/** Gives a message another text. Where somebody else was faster, it shows both and lets one choose. */

import { type KeyboardEvent, useEffect, useRef, useState } from "react";
import type { Message } from "../../contract";
import { EditConflict } from "../../services/websocket/chat/changes";
import { words } from "../../services/websocket/errors";
import { MessageHtml } from "./MessageText";
import { useAutoGrow } from "./useAutoGrow";

interface Props {
  message: Message;
  save: (message: Message, text: string) => Promise<void>;
  done: () => void;
}

export function MessageEditor({ message, save, done }: Props) {
  // What one began to edit; an event may bring another version meanwhile, and that is the conflict.
  const [base, setBase] = useState(message);
  const [text, setText] = useState(message.text);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState("");
  const [theirs, setTheirs] = useState<Message | null>(null);
  const field = useRef<HTMLTextAreaElement>(null);
  useAutoGrow(field, text);
  useEffect(() => {
    field.current?.focus();
    field.current?.setSelectionRange(field.current.value.length, field.current.value.length);
  }, []);

  const submit = async (over: Message): Promise<void> => {
    const wanted = text.trim();
    if (wanted === "" || busy) return;
    if (wanted === over.text) return done();
    setBusy(true);
    setError("");
    try {
      await save(over, wanted);
      done();
    } catch (cause) {
      setBusy(false);
      if (!(cause instanceof EditConflict)) return setError(words(cause));
      setTheirs(cause.current);
      setBase(cause.current);
    }
  };
  const keyed = (event: KeyboardEvent): void => {
    if (event.nativeEvent.isComposing) return;
    if (event.key === "Escape") {
      event.preventDefault();
      event.stopPropagation();
      done();
    } else if (event.key === "Enter" && !event.shiftKey && theirs === null) {
      event.preventDefault();
      void submit(base);
    }
  };

  return (
    <form
      className="cw-editor"
      onSubmit={(event) => {
        event.preventDefault();
        void submit(base);
      }}
    >
      {theirs && (
        <section className="cw-conflict" role="alert" aria-label="Changed in the meantime">
          <strong>
            {theirs.state === "sent"
              ? "This message was changed in the meantime. It says now:"
              : "This message was taken back in the meantime."}
          </strong>
          {theirs.state === "sent" && (
            <div className="cw-conflict-theirs">
              <MessageHtml html={theirs.html} />
            </div>
          )}
          <span>Your text is below. Which one shall stay?</span>
        </section>
      )}
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
          {theirs ? "Keep theirs" : "Cancel"}
        </button>
        {theirs?.state !== "deleted" && (
          <button type="submit" className="cw-button" disabled={busy || text.trim() === ""}>
            {theirs ? "Save mine" : "Save"}
          </button>
        )}
      </div>
    </form>
  );
}
