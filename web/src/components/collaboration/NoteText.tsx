/** Where one writes a note or a reply: Ctrl Enter sends, Escape leaves, `@` calls somebody. */

import { type KeyboardEvent, type ReactNode, useMemo, useRef, useState } from "react";
import { words } from "../../services/websocket/errors";
import { MentionList } from "../chat/MentionList";
import { useAutoGrow } from "../chat/useAutoGrow";
import { useMentionBox } from "../chat/useMentionBox";
import { callablesOf, fromWire, toWire } from "./calling";

/** Somebody who can be called. */
export interface Person {
  user_id: string;
  name: string;
}

interface Props {
  label: string;
  placeholder: string;
  initial?: string;
  /** It may be empty: a highlight needs no words. */
  optional?: boolean;
  people: readonly Person[];
  send: string;
  autoFocus?: boolean;
  /** Above the buttons: what else belongs to it. */
  children?: ReactNode;
  /** Throws when it was refused: what was written stays. */
  onSend: (text: string) => Promise<void>;
  onCancel: () => void;
}

const LONGEST = 4_000;
const TELL_FROM = 3_600;

export function NoteText(props: Props) {
  const { label, placeholder, initial = "", optional = false, people, send, children } = props;
  const [text, setText] = useState(() => fromWire(initial, people));
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState("");
  const field = useRef<HTMLTextAreaElement>(null);
  const callable = useMemo(() => callablesOf(people), [people]);
  const box = useMentionBox({ text, people: callable, field, onText: setText });
  useAutoGrow(field, text);
  const left = LONGEST - text.trim().length;
  const empty = text.trim() === "" && !optional;

  const submit = async (): Promise<void> => {
    if (busy || empty || left < 0) return;
    setBusy(true);
    setProblem("");
    try {
      await props.onSend(toWire(text.trim(), people));
      setText("");
    } catch (error) {
      setProblem(words(error));
    }
    setBusy(false);
  };
  const keyed = (event: KeyboardEvent): void => {
    if (event.nativeEvent.isComposing || box.keyed(event)) return;
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      void submit();
    } else if (event.key === "Escape") {
      event.preventDefault();
      event.stopPropagation();
      props.onCancel();
    }
  };
  return (
    <form
      className="cw-note-form"
      onSubmit={(event) => {
        event.preventDefault();
        void submit();
      }}
    >
      <MentionList box={box} />
      <textarea
        ref={field}
        rows={2}
        value={text}
        aria-label={label}
        placeholder={placeholder}
        // biome-ignore lint/a11y/noAutofocus: it appears because somebody asked to write here
        autoFocus={props.autoFocus}
        {...box.attributes}
        onChange={(event) => {
          setText(event.target.value);
          box.moved();
        }}
        onSelect={box.moved}
        onKeyDown={keyed}
      />
      {text.length > TELL_FROM && (
        <span className="cw-left" data-over={left < 0 || undefined} role="status">
          {left < 0 ? `${-left} too many` : `${left} left`}
        </span>
      )}
      {children}
      <p className="cw-error" role="alert">
        {problem}
      </p>
      <div className="cw-note-ends">
        <button type="button" className="cw-button" data-quiet onClick={props.onCancel}>
          Cancel
        </button>
        <button type="submit" className="cw-button" disabled={busy || empty || left < 0}>
          {send}
        </button>
      </div>
    </form>
  );
}
