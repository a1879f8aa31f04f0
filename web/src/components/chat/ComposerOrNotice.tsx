/** The place to write, or why one cannot write here: an announcement room, a lock, a mute, not a member. */

import { Lock, Megaphone, MicOff, Timer } from "lucide-react";
import { type RefObject, useEffect, useMemo, useState } from "react";
import type { Message, RoomSummary } from "../../contract";
import type { ChatResult } from "../../hooks/useChatWebSocket";
import { words } from "../../services/websocket/errors";
import { clock, dayName, seconds } from "../times";
import { Composer } from "./Composer";
import { type Callable, GROUPS } from "./mentions";

interface Props {
  api: ChatResult;
  room: RoomSummary;
  threadId?: string;
  label: string;
  field: RefObject<HTMLTextAreaElement | null>;
  replyTo: Message | null;
  onCancelReply: () => void;
  onTyping?: (active: boolean) => void;
  onEditLast?: () => void;
  onHelp: () => void;
  onProblem: (words: string) => void;
}

export function ComposerOrNotice(props: Props) {
  const { api, room, threadId, label, field, replyTo, onCancelReply, onProblem } = props;
  const { chat, joinRoom, sendMessage } = api;
  const me = chat.me?.user_id;
  const members = chat.members[room.id];
  const people = useMemo<Callable[]>(() => {
    const known = members ?? room.others.map((one) => ({ ...one, roles: [] as string[] }));
    const named = known
      .filter(({ user_id }) => user_id !== me)
      .map(({ user_id, name, roles }) => ({
        name,
        userId: user_id,
        hint: roles.some((role) => role !== "learner") ? "Staff" : "",
      }));
    return room.kind === "direct" ? named : [...named, ...GROUPS];
  }, [members, room.others, room.kind, me]);

  const isOver = useMuteIsOver(room);
  if (!room.joined && !room.can_moderate) {
    return (
      <div className="cw-notice">
        <span>You are reading along.</span>
        <button
          type="button"
          className="cw-button"
          onClick={() => {
            joinRoom(room.id).catch((error: unknown) => onProblem(words(error)));
          }}
        >
          Join to write
        </button>
      </div>
    );
  }
  if (!room.can_post && !isOver) return <Notice room={room} />;
  const ofCourse = room.course_id !== undefined && room.kind !== "announcement" && room.kind !== "direct";
  return (
    <>
      <Composer
        place={threadId ?? room.id}
        label={label}
        field={field}
        people={people}
        replyTo={replyTo}
        onCancelReply={onCancelReply}
        mayHide={ofCourse && !room.can_moderate}
        onSend={(text, options) => sendMessage(room.id, text, { ...options, threadId })}
        onHelp={props.onHelp}
        {...(props.onTyping && { onTyping: props.onTyping })}
        {...(props.onEditLast && { onEditLast: props.onEditLast })}
      />
      {room.slow_mode_s > 0 && !room.can_moderate && (
        <p className="cw-slow">
          <Timer size={14} aria-hidden="true" /> Slow mode: one message every {seconds(room.slow_mode_s)}
        </p>
      )}
    </>
  );
}

/** Whether somebody was muted until a time that has passed: then they may write again without a word of the server. */
function useMuteIsOver({ muted_until, locked, kind }: RoomSummary): boolean {
  const until = muted_until === undefined ? null : Date.parse(muted_until);
  const [, again] = useState(0);
  useEffect(() => {
    const wait = until === null ? 0 : until - Date.now();
    // Browsers know no longer timers; a page that is open for weeks is loaded anew some time.
    if (wait <= 0 || wait > 2 ** 31 - 1) return;
    const timer = setTimeout(() => again((count) => count + 1), wait);
    return () => clearTimeout(timer);
  }, [until]);
  return until !== null && until <= Date.now() && !locked && kind !== "announcement";
}

function Notice({ room }: { room: RoomSummary }) {
  const until = room.muted_until === undefined ? null : Date.parse(room.muted_until);
  if (until !== null && until > Date.now()) {
    return (
      <div className="cw-notice">
        <MicOff size={16} aria-hidden="true" />
        <span>{mutedWords(until, Date.now())}</span>
      </div>
    );
  }
  if (room.locked) {
    return (
      <div className="cw-notice">
        <Lock size={16} aria-hidden="true" />
        <span>The staff has locked this conversation. It can still be read.</span>
      </div>
    );
  }
  return (
    <div className="cw-notice">
      <Megaphone size={16} aria-hidden="true" />
      <span>{room.kind === "announcement" ? "Only teachers write here." : "You cannot write here."}</span>
    </div>
  );
}

const YEAR_MS = 31_536_000_000;

function mutedWords(until: number, now: number): string {
  if (until - now > YEAR_MS) return "The staff has muted you here.";
  return `The staff has muted you here until ${dayName(until, now)}, ${clock(until)}.`;
}
