/** One message: who says it, to what, its words, reactions, how far it has got, and what one can do with it. */

import { CornerUpLeft, MessageSquareReply, Pin, SmilePlus } from "lucide-react";
import { memo, useState } from "react";
import type { Message } from "../../contract";
import type { Progress } from "../../services/websocket/chat/view";
import { Avatar } from "../Avatar";
import { clock, duration } from "../times";
import type { MessageActions, Rights } from "./actions";
import type { MessageRow } from "./conversation";
import { EmojiPopover } from "./EmojiPopover";
import { MessageEditor } from "./MessageEditor";
import { MessageMenu } from "./MessageMenu";
import { MessageStatus } from "./MessageStatus";
import { MessageHtml, MessageText } from "./MessageText";
import { QuoteBox } from "./QuoteBox";
import { Reactions } from "./Reactions";

export interface MessageBubbleProps {
  row: MessageRow;
  /** Has the one stop of the Tab key. */
  active: boolean;
  showName: boolean;
  progress: Progress | null;
  editing: boolean;
  actions: MessageActions;
  rights: Rights;
}

const ROW_FIELDS = ["message", "outgoing", "first", "last", "mine", "key"] as const;
const FIELDS = ["active", "showName", "editing", "actions", "rights"] as const;

/** Drawn again only when something of its own changed. */
export const MessageBubble = memo(Bubble, (before, after) => {
  const sameProgress =
    before.progress?.status === after.progress?.status &&
    before.progress?.readBy === after.progress?.readBy &&
    before.progress?.others === after.progress?.others;
  return (
    sameProgress &&
    ROW_FIELDS.every((field) => before.row[field] === after.row[field]) &&
    FIELDS.every((field) => before[field] === after[field])
  );
});

export function nameOf({ author, anonymous, mine }: MessageRow): string {
  if (anonymous && !author) return mine ? "You, anonymously" : "Anonymous";
  return author?.name ?? "Somebody";
}

function Bubble(props: MessageBubbleProps) {
  const { row, active, showName, editing, actions, rights } = props;
  const { message, mine, first, last, author } = row;
  const name = nameOf(row);
  const [near, setNear] = useState(false);
  return (
    <article
      className="cw-group"
      data-mine={mine || undefined}
      data-first={first || undefined}
      data-last={last || undefined}
      data-row={row.key}
      tabIndex={active ? 0 : -1}
      aria-label={`${mine && !row.anonymous ? "You" : name}, ${clock(row.at)}`}
      onPointerEnter={() => setNear(true)}
      onPointerLeave={() => setNear(false)}
    >
      {!mine && (
        <span className="cw-group-face">
          {last && (
            <Avatar id={author?.user_id ?? "anonymous"} name={author ? name : "?"} url={author?.avatar_url} />
          )}
        </span>
      )}
      <div className="cw-group-body">
        {first && ((!mine && showName) || (mine && row.anonymous)) && <div className="cw-author">{name}</div>}
        {message && editing ? (
          <MessageEditor message={message} save={actions.edit} done={() => actions.startEdit(null)} />
        ) : (
          <>
            <Words {...props} near={near || active} />
            {message && message.reactions.length > 0 && message.state === "sent" && (
              <Reactions message={message} actions={actions} rights={rights} reachable={active} />
            )}
            {message?.thread && message.thread.replies > 0 && !rights.inThread && (
              <ThreadLink message={message} actions={actions} active={active} />
            )}
          </>
        )}
      </div>
    </article>
  );
}

function Words(props: MessageBubbleProps & { near: boolean }) {
  const { row, near, active, actions, rights, progress } = props;
  const { message, outgoing, mine } = row;
  const gone = message !== null && message.state !== "sent";
  const failed = outgoing?.status === "failed";
  return (
    <>
      <div className="cw-row" data-mine={mine || undefined}>
        <div
          className="cw-bubble"
          data-mine={mine || undefined}
          data-gone={gone || undefined}
          data-failed={failed || undefined}
          data-calls-me={(rights.me !== null && message?.mentions.includes(rights.me)) || undefined}
          data-message-id={message?.id}
        >
          {message?.quote && !gone && (
            <QuoteBox quote={message.quote} onOpen={actions.jump} reachable={active} />
          )}
          {gone ? (
            <span className="cw-text">
              {message.state === "deleted" ? "Message deleted" : "Message hidden by the staff"}
            </span>
          ) : message ? (
            <MessageHtml html={message.html} />
          ) : (
            <MessageText text={outgoing?.text ?? ""} />
          )}
          <span className="cw-meta">
            {message?.pinned && !gone && (
              <span role="img" aria-label="Pinned" title="Pinned">
                <Pin size={12} aria-hidden="true" />
              </span>
            )}
            {message?.edited_at && !gone && <span>edited</span>}
            <time dateTime={new Date(row.at).toISOString()}>{clock(row.at)}</time>
            {mine && !gone && <MessageStatus progress={progress} outgoing={outgoing} />}
          </span>
        </div>
        {message && (
          <Tools
            message={message}
            mine={mine}
            gone={gone}
            near={near}
            active={active}
            {...{ actions, rights }}
          />
        )}
      </div>
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
    </>
  );
}

interface ToolsProps {
  message: Message;
  mine: boolean;
  gone: boolean;
  near: boolean;
  active: boolean;
  actions: MessageActions;
  rights: Rights;
}

/** Beside the bubble. All but the menu only where somebody is near: thirty messages are in the page at once. */
function Tools({ message, mine, gone, near, active, actions, rights }: ToolsProps) {
  if (gone && !(message.state === "hidden" && (mine || rights.canModerate))) return null;
  const tabIndex = active ? 0 : -1;
  return (
    <span className="cw-tools">
      {near && !gone && rights.canPost && (
        <>
          <EmojiPopover
            className="cw-icon-button cw-more"
            label="React"
            align={mine ? "end" : "start"}
            tabIndex={tabIndex}
            onChoose={(emoji) => actions.react(message, emoji, true)}
          >
            <SmilePlus size={16} aria-hidden="true" />
          </EmojiPopover>
          <button
            type="button"
            className="cw-icon-button cw-more"
            aria-label="Reply"
            tabIndex={tabIndex}
            onClick={() => actions.reply(message)}
          >
            <CornerUpLeft size={16} aria-hidden="true" />
          </button>
        </>
      )}
      <MessageMenu message={message} mine={mine} tabIndex={tabIndex} actions={actions} rights={rights} />
    </span>
  );
}

function ThreadLink({
  message,
  actions,
  active,
}: {
  message: Message;
  actions: MessageActions;
  active: boolean;
}) {
  const { replies, last_at } = message.thread ?? { replies: 0 };
  return (
    <button
      type="button"
      className="cw-thread-link"
      tabIndex={active ? 0 : -1}
      onClick={() => actions.openThread(message)}
    >
      <MessageSquareReply size={14} aria-hidden="true" />
      <span>
        {replies} {replies === 1 ? "answer" : "answers"}
      </span>
      {last_at && (
        <span className="cw-muted">last {duration(Math.max(0, Date.now() - Date.parse(last_at)))} ago</span>
      )}
    </button>
  );
}
