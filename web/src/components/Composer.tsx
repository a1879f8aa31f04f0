/** Where one writes: Enter sends, Shift+Enter breaks the line, and what is not sent yet stays for each room. */

import { SendHorizontal } from "lucide-react";
import { type KeyboardEvent, type RefObject, useEffect, useRef, useState } from "react";
import { useAutoGrow } from "./useAutoGrow";

const LONGEST = 8_000;
/** From here on the space that is left is shown. */
const TELL_FROM = 7_500;
/** Whoever writes nothing for this long has stopped typing. */
const IDLE_MS = 4_000;

/** What was begun, by room, for as long as the page lives. */
const drafts = new Map<string, string>();

interface Props {
  roomId: string;
  name: string;
  field: RefObject<HTMLTextAreaElement | null>;
  onSend: (text: string) => void;
  onTyping: (active: boolean) => void;
  /** Arrow up in an empty field. */
  onEditLast: () => void;
}

export function Composer({ roomId, name, field, onSend, onTyping, onEditLast }: Props) {
  const [text, setText] = useState(() => drafts.get(roomId) ?? "");
  useAutoGrow(field, text);
  const idle = useRef<ReturnType<typeof setTimeout>>(undefined);
  const typing = useRef(onTyping);
  typing.current = onTyping;

  useEffect(
    () => () => {
      clearTimeout(idle.current);
      typing.current(false);
    },
    [],
  );

  const change = (next: string): void => {
    setText(next);
    drafts.set(roomId, next);
    clearTimeout(idle.current);
    onTyping(next.trim() !== "");
    if (next.trim() !== "") idle.current = setTimeout(() => typing.current(false), IDLE_MS);
  };
  const send = (): void => {
    const words = text.trim();
    if (words === "" || words.length > LONGEST) return;
    onTyping(false);
    clearTimeout(idle.current);
    onSend(words);
    setText("");
    drafts.delete(roomId);
    field.current?.focus();
  };
  const keyed = (event: KeyboardEvent): void => {
    if (event.nativeEvent.isComposing) return;
    if (event.key === "Enter" && !event.shiftKey) {
      event.preventDefault();
      send();
    } else if (event.key === "ArrowUp" && text === "") {
      event.preventDefault();
      onEditLast();
    }
  };
  const left = LONGEST - text.trim().length;

  return (
    <form
      className="cw-composer"
      onSubmit={(event) => {
        event.preventDefault();
        send();
      }}
    >
      <textarea
        ref={field}
        rows={1}
        value={text}
        aria-label={`Message ${name}`}
        placeholder={`Message ${name}`}
        onChange={(event) => change(event.target.value)}
        onKeyDown={keyed}
        onBlur={() => onTyping(false)}
      />
      {text.length > TELL_FROM && (
        <span className="cw-left" data-over={left < 0 || undefined} role="status">
          {left < 0 ? `${-left} too many` : `${left} left`}
        </span>
      )}
      <button
        type="submit"
        className="cw-send"
        aria-label="Send message"
        disabled={text.trim() === "" || left < 0}
      >
        <SendHorizontal size={18} aria-hidden="true" />
      </button>
    </form>
  );
}
