/** The reactions to a message: how many of each, who, and one's own a click away. */

import { SmilePlus } from "lucide-react";
import { Tooltip } from "radix-ui";
import type { Message } from "../../contract";
import { reactors } from "../../services/websocket/chat/reactions";
import { type MessageActions, MOST_REACTIONS, type Rights } from "./actions";
import { EmojiPopover } from "./EmojiPopover";

interface Props {
  message: Message;
  actions: MessageActions;
  rights: Rights;
  reachable: boolean;
}

export function Reactions({ message, actions, rights, reachable }: Props) {
  const tabIndex = reachable ? 0 : -1;
  return (
    <fieldset className="cw-reactions">
      <legend className="cw-hidden">Reactions</legend>
      {message.reactions.map((reaction) => {
        const { emoji, count, mine = false } = reaction;
        const who = reactors(reaction, actions.people(), rights.me);
        return (
          <Tooltip.Root key={emoji} delayDuration={300}>
            <Tooltip.Trigger asChild>
              <button
                type="button"
                className="cw-reaction"
                aria-pressed={mine}
                aria-label={`${emoji} ${count}: ${who}`}
                tabIndex={tabIndex}
                disabled={!rights.canPost}
                onClick={() => actions.react(message, emoji, !mine)}
              >
                <span aria-hidden="true">{emoji}</span>
                <span aria-hidden="true">{count}</span>
              </button>
            </Tooltip.Trigger>
            <Tooltip.Portal>
              <Tooltip.Content className="cw-tooltip" sideOffset={6} collisionPadding={8}>
                {who}
              </Tooltip.Content>
            </Tooltip.Portal>
          </Tooltip.Root>
        );
      })}
      {rights.canPost && message.reactions.length < MOST_REACTIONS && (
        <EmojiPopover
          className="cw-reaction"
          label="Add a reaction"
          align="start"
          tabIndex={tabIndex}
          onChoose={(emoji) => actions.react(message, emoji, true)}
        >
          <SmilePlus size={14} aria-hidden="true" />
        </EmojiPopover>
      )}
    </fieldset>
  );
}
