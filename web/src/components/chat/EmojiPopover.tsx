/** A button that lets one choose an emoji: a few at once, all others by name. */

import { Popover } from "radix-ui";
import { type ReactNode, useState } from "react";
import { Later, useLater } from "../later";
import { QUICK_EMOJI } from "./actions";

const emojiList = new Later(() => import("./EmojiList"));

interface Props {
  className: string;
  label: string;
  align: "start" | "end";
  tabIndex: number;
  onChoose: (emoji: string) => void;
  children: ReactNode;
}

export function EmojiPopover({ className, label, align, tabIndex, onChoose, children }: Props) {
  const [open, setOpen] = useState(false);
  const [all, setAll] = useState(false);
  const choose = (emoji: string): void => {
    setOpen(false);
    onChoose(emoji);
  };
  return (
    <Popover.Root
      open={open}
      onOpenChange={(next) => {
        setOpen(next);
        setAll(false);
      }}
    >
      <Popover.Trigger
        className={className}
        aria-label={label}
        title={label}
        data-react=""
        tabIndex={tabIndex}
      >
        {children}
      </Popover.Trigger>
      <Popover.Portal>
        <Popover.Content
          className="cw-popover cw-emoji-popover"
          align={align}
          side="top"
          sideOffset={6}
          collisionPadding={8}
          aria-label="Choose an emoji"
        >
          {all ? (
            <AllEmoji onChoose={choose} />
          ) : (
            <div className="cw-emoji-quick">
              {QUICK_EMOJI.map((emoji) => (
                <button
                  key={emoji}
                  type="button"
                  className="cw-emoji"
                  aria-label={`React with ${emoji}`}
                  onClick={() => choose(emoji)}
                >
                  {emoji}
                </button>
              ))}
              <button type="button" className="cw-link" onClick={() => setAll(true)}>
                All emoji
              </button>
            </div>
          )}
        </Popover.Content>
      </Popover.Portal>
    </Popover.Root>
  );
}

function AllEmoji({ onChoose }: { onChoose: (emoji: string) => void }) {
  const { Component, failed, again } = useLater(emojiList);
  if (Component) return <Component onChoose={onChoose} />;
  if (!failed) return <span className="cw-spinner" role="img" aria-label="Loading" />;
  return (
    <div role="alert">
      <p className="cw-muted">The other emoji could not be loaded.</p>
      <button type="button" className="cw-link" onClick={again}>
        Try again
      </button>
    </div>
  );
}
