/** Where one writes: Enter sends, Shift+Enter breaks the line, and what is not sent yet stays for each room. */

import { CircleHelp, CornerUpLeft, SendHorizontal, VenetianMask, X } from "lucide-react";
import { type KeyboardEvent, type RefObject, useEffect, useId, useRef, useState } from "react";
import type { Message } from "../../contract";
import type { SendOptions } from "../../services/websocket/chat/sender";
import { Toggle } from "../Toggle";
import { MentionList } from "./MentionList";
import { type Callable, called } from "./mentions";
import { useAutoGrow } from "./useAutoGrow";
import { useMentionBox } from "./useMentionBox";

const LONGEST = 8_000;
/** From here on the space that is left is shown. */
const TELL_FROM = 7_500;
/** Whoever writes nothing for this long has stopped typing. */
const IDLE_MS = 4_000;

/** What was begun, by room or thread, for as long as the page lives. */
const drafts = new Map<string, string>();

interface Props {
  /** The room or the thread: each has its draft. */
  place: string;
  /** What the field is called. */
  label: string;
  field: RefObject<HTMLTextAreaElement | null>;
  people: readonly Callable[];
  replyTo?: Message | null;
  onCancelReply?: () => void;
  /** The room lets one write without one's name. */
  mayHide: boolean;
  onSend: (text: string, options: SendOptions) => void;
  onTyping?: (active: boolean) => void;
  /** Arrow up in an empty field. */
  onEditLast?: () => void;
  onHelp?: () => void;
}

export function Composer(props: Props) {
  const { place, label, field, people, replyTo, onCancelReply, mayHide, onSend, onTyping, onHelp } = props;
  const [text, setText] = useState(() => drafts.get(place) ?? "");
  const [anonymous, setAnonymous] = useState(false);
  useAutoGrow(field, text);
  const idle = useRef<ReturnType<typeof setTimeout>>(undefined);
  const typing = useRef(onTyping);
  typing.current = onTyping;
  const hidden = mayHide && anonymous;

  useEffect(
    () => () => {
      clearTimeout(idle.current);
      typing.current?.(false);
    },
    [],
  );

  const change = (next: string): void => {
    setText(next);
    drafts.set(place, next);
    clearTimeout(idle.current);
    // It would tell who writes what will have no author.
    const types = next.trim() !== "" && !hidden;
    onTyping?.(types);
    if (types) idle.current = setTimeout(() => typing.current?.(false), IDLE_MS);
  };
  const box = useMentionBox({ text, people, field, onText: change });
  const send = (): void => {
    const words = text.trim();
    if (words === "" || words.length > LONGEST) return;
    onTyping?.(false);
    clearTimeout(idle.current);
    const mentions = called(words, people);
    onSend(words, { mentions, anonymous: hidden, ...(replyTo && { replyTo: replyTo.id }) });
    setText("");
    drafts.delete(place);
    onCancelReply?.();
    field.current?.focus();
  };
  const keyed = (event: KeyboardEvent): void => {
    if (event.nativeEvent.isComposing || box.keyed(event)) return;
    if (event.key === "Enter" && !event.shiftKey) {
      event.preventDefault();
      send();
    } else if (event.key === "ArrowUp" && text === "" && props.onEditLast) {
      event.preventDefault();
      props.onEditLast();
    } else if (event.key === "Escape" && replyTo) {
      event.preventDefault();
      event.stopPropagation();
      onCancelReply?.();
    }
  };
  const left = LONGEST - text.trim().length;

  return (
    <form
      className="cw-composer-frame"
      onSubmit={(event) => {
        event.preventDefault();
        send();
      }}
    >
      <MentionList box={box} />
      {replyTo && <ReplyBar message={replyTo} onCancel={onCancelReply} />}
      <div className="cw-composer">
        <textarea
          ref={field}
          rows={1}
          value={text}
          aria-label={label}
          placeholder={label}
          {...box.attributes}
          onChange={(event) => {
            change(event.target.value);
            box.moved();
          }}
          onSelect={box.moved}
          onKeyDown={keyed}
          onBlur={() => onTyping?.(false)}
        />
        {text.length > TELL_FROM && (
          <span className="cw-left" data-over={left < 0 || undefined} role="status">
            {left < 0 ? `${-left} too many` : `${left} left`}
          </span>
        )}
        {onHelp && (
          <button
            type="button"
            className="cw-icon-button"
            aria-label="Formatting and keys"
            title="Formatting and keys"
            onClick={onHelp}
          >
            <CircleHelp size={18} aria-hidden="true" />
          </button>
        )}
        <button
          type="submit"
          className="cw-send"
          aria-label="Send message"
          disabled={text.trim() === "" || left < 0}
        >
          <SendHorizontal size={18} aria-hidden="true" />
        </button>
      </div>
      <div className="cw-under">
        {mayHide && (
          <AnonymousSwitch
            on={anonymous}
            onChange={(on) => {
              setAnonymous(on);
              if (on) onTyping?.(false);
            }}
          />
        )}
        {onHelp && (
          <span className="cw-hint" aria-hidden="true">
            <b>**bold**</b> <i>*italic*</i> <code>`code`</code> <span>&gt; quote</span> <span>- list</span>
          </span>
        )}
      </div>
    </form>
  );
}

function ReplyBar({ message, onCancel }: { message: Message; onCancel: (() => void) | undefined }) {
  return (
    <div className="cw-reply-bar">
      <CornerUpLeft size={16} aria-hidden="true" />
      <span className="cw-reply-words">
        <strong>Reply to {message.author?.name ?? "Anonymous"}</strong>
        <span>{message.text}</span>
      </span>
      <button type="button" className="cw-icon-button" aria-label="Do not reply" onClick={onCancel}>
        <X size={16} aria-hidden="true" />
      </button>
    </div>
  );
}

function AnonymousSwitch({ on, onChange }: { on: boolean; onChange: (on: boolean) => void }) {
  const id = useId();
  return (
    <span className="cw-switch-line">
      <Toggle
        id={id}
        checked={on}
        onCheckedChange={onChange}
        aria-describedby={on ? `${id}-hint` : undefined}
      />
      <label htmlFor={id}>
        <VenetianMask size={15} aria-hidden="true" /> Post anonymously
      </label>
      {on && (
        <span className="cw-muted" id={`${id}-hint`}>
          Others do not see your name. Staff can ask for it, and that is logged.
        </span>
      )}
    </span>
  );
}
