/** Put a notification off until one of a few usual times. */

import { AlarmClock } from "lucide-react";
import { DropdownMenu } from "radix-ui";
import { clock, dayName } from "../times";
import { snoozeChoices } from "./snoozing";

interface Props {
  title: string;
  onSnooze: (until: Date) => void;
}

export function SnoozeMenu({ title, onSnooze }: Props) {
  const now = Date.now();
  return (
    <DropdownMenu.Root>
      <DropdownMenu.Trigger className="cw-icon-button" aria-label={`Snooze: ${title}`} title="Snooze">
        <AlarmClock size={17} aria-hidden="true" />
      </DropdownMenu.Trigger>
      <DropdownMenu.Portal>
        <DropdownMenu.Content className="cw-menu" align="end" sideOffset={4} collisionPadding={8}>
          <DropdownMenu.Label className="cw-menu-label">Show it again</DropdownMenu.Label>
          {snoozeChoices(now).map(({ label, until }) => (
            <DropdownMenu.Item
              key={label}
              className="cw-menu-item"
              onSelect={() => onSnooze(new Date(until))}
            >
              {label}
              <span className="cw-menu-hint">
                {dayName(until, now)}, {clock(until)}
              </span>
            </DropdownMenu.Item>
          ))}
        </DropdownMenu.Content>
      </DropdownMenu.Portal>
    </DropdownMenu.Root>
  );
}
