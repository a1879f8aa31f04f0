/** All that one can do with a message. */

import {
  Copy,
  CornerUpLeft,
  Eye,
  EyeOff,
  Flag,
  Link,
  MessageSquareReply,
  MicOff,
  MoreHorizontal,
  Pencil,
  Pin,
  PinOff,
  Trash2,
  UserSearch,
  Users,
} from "lucide-react";
import { DropdownMenu } from "radix-ui";
import { type ReactNode, useRef } from "react";
import type { Message } from "../../contract";
import { type MessageActions, QUICK_EMOJI, type Rights } from "./actions";

interface Props {
  message: Message;
  mine: boolean;
  tabIndex: number;
  actions: MessageActions;
  rights: Rights;
}

export function MessageMenu({ message, mine, tabIndex, actions, rights }: Props) {
  const chosen = useRef<(() => void) | null>(null);
  const trigger = useRef<HTMLButtonElement>(null);
  const hidden = message.state === "hidden";
  /** What takes the focus itself waits until the menu is gone. */
  const after = (then: () => void) => () => {
    chosen.current = then;
  };
  const others = !mine && message.author !== undefined;
  const remove = (
    <Item danger icon={<Trash2 size={15} />} onSelect={after(() => actions.ask("delete", message))}>
      Delete…
    </Item>
  );
  return (
    <DropdownMenu.Root modal={false}>
      <DropdownMenu.Trigger
        ref={trigger}
        className="cw-icon-button cw-more"
        aria-label="Message actions"
        data-menu=""
        tabIndex={tabIndex}
      >
        <MoreHorizontal size={16} aria-hidden="true" />
      </DropdownMenu.Trigger>
      <DropdownMenu.Portal>
        <DropdownMenu.Content
          className="cw-menu"
          align={mine ? "end" : "start"}
          sideOffset={4}
          collisionPadding={8}
          onCloseAutoFocus={(event) => {
            if (chosen.current) event.preventDefault();
            // What is opened gives it back there.
            trigger.current?.focus();
            chosen.current?.();
            chosen.current = null;
          }}
        >
          {hidden && rights.canModerate && (
            <Item icon={<Eye size={15} />} onSelect={() => actions.hide(message, false)}>
              Show again
            </Item>
          )}
          {hidden ? (
            mine && remove
          ) : (
            <>
              {rights.canPost && (
                <Item icon={<CornerUpLeft size={15} />} onSelect={after(() => actions.reply(message))}>
                  Reply
                </Item>
              )}
              {!rights.inThread && (
                <Item
                  icon={<MessageSquareReply size={15} />}
                  onSelect={after(() => actions.openThread(message))}
                >
                  {message.thread ? "Open thread" : "Answer in a thread"}
                </Item>
              )}
              <Item
                icon={<Copy size={15} />}
                onSelect={() => void navigator.clipboard?.writeText(message.text)}
              >
                Copy text
              </Item>
              <Item icon={<Link size={15} />} onSelect={() => actions.copyLink(message)}>
                Copy link
              </Item>
              {rights.canPin && (
                <Item
                  icon={message.pinned ? <PinOff size={15} /> : <Pin size={15} />}
                  onSelect={() => actions.pin(message, !message.pinned)}
                >
                  {message.pinned ? "Take the pin off" : "Pin"}
                </Item>
              )}
              {mine && rights.receipts !== "off" && (
                <Item icon={<Users size={15} />} onSelect={after(() => actions.ask("readers", message))}>
                  Who has read it…
                </Item>
              )}
              {mine && (
                <Item icon={<Pencil size={15} />} onSelect={after(() => actions.startEdit(message))}>
                  Edit
                </Item>
              )}
              {!mine && (
                <Item icon={<Flag size={15} />} onSelect={after(() => actions.ask("report", message))}>
                  Report…
                </Item>
              )}
              {rights.canModerate && !mine && (
                <>
                  <DropdownMenu.Separator className="cw-menu-line" />
                  <DropdownMenu.Label className="cw-menu-label">Staff</DropdownMenu.Label>
                  {message.anonymous && !message.author && (
                    <Item
                      icon={<UserSearch size={15} />}
                      onSelect={after(() => actions.ask("reveal", message))}
                    >
                      Reveal author…
                    </Item>
                  )}
                  <Item icon={<EyeOff size={15} />} onSelect={() => actions.hide(message, true)}>
                    Hide
                  </Item>
                  {others && (
                    <Item icon={<MicOff size={15} />} onSelect={after(() => actions.ask("mute", message))}>
                      Mute {message.author?.name}…
                    </Item>
                  )}
                </>
              )}
              {(mine || rights.canModerate) && remove}
              {rights.canPost && <QuickReactions message={message} actions={actions} />}
            </>
          )}
        </DropdownMenu.Content>
      </DropdownMenu.Portal>
    </DropdownMenu.Root>
  );
}

function QuickReactions({ message, actions }: Pick<Props, "message" | "actions">) {
  return (
    <DropdownMenu.Group className="cw-menu-emoji" aria-label="React">
      {QUICK_EMOJI.map((emoji) => {
        const mine = message.reactions.find((one) => one.emoji === emoji)?.mine ?? false;
        return (
          <DropdownMenu.Item
            key={emoji}
            className="cw-emoji"
            aria-label={mine ? `Take back ${emoji}` : `React with ${emoji}`}
            data-mine={mine || undefined}
            onSelect={() => actions.react(message, emoji, !mine)}
          >
            {emoji}
          </DropdownMenu.Item>
        );
      })}
    </DropdownMenu.Group>
  );
}

interface ItemProps {
  icon: ReactNode;
  danger?: boolean;
  onSelect: () => void;
  children: ReactNode;
}

function Item({ icon, danger, onSelect, children }: ItemProps) {
  return (
    <DropdownMenu.Item className="cw-menu-item" data-danger={danger || undefined} onSelect={onSelect}>
      <span aria-hidden="true" className="cw-menu-icon">
        {icon}
      </span>
      {children}
    </DropdownMenu.Item>
  );
}
