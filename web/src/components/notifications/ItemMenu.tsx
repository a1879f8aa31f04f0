/** What one can do with a notification, in a menu; putting it off until one of a few usual times always is. */

import { AlarmClock, Ellipsis, type LucideIcon } from "lucide-react";
import { DropdownMenu } from "radix-ui";
import { clock, dayName } from "../times";
import { snoozeChoices } from "./snoozing";

export interface ItemDeed {
  words: string;
  Icon: LucideIcon;
  run: () => void;
}

interface Props {
  title: string;
  /** Without any it is a menu for snoozing only. */
  deeds: readonly ItemDeed[];
  onSnooze: ((until: Date) => void) | null;
}

export function ItemMenu({ title, deeds, onSnooze }: Props) {
  const now = Date.now();
  const words = deeds.length > 0 ? "More" : "Snooze";
  return (
    <DropdownMenu.Root>
      <DropdownMenu.Trigger className="cw-icon-button" aria-label={`${words}: ${title}`} title={words}>
        {deeds.length > 0 ? (
          <Ellipsis size={18} aria-hidden="true" />
        ) : (
          <AlarmClock size={17} aria-hidden="true" />
        )}
      </DropdownMenu.Trigger>
      <DropdownMenu.Portal>
        <DropdownMenu.Content className="cw-menu" align="end" sideOffset={4} collisionPadding={8}>
          {deeds.map(({ words: label, Icon, run }) => (
            <DropdownMenu.Item key={label} className="cw-menu-item" onSelect={run}>
              <Icon size={15} aria-hidden="true" /> {label}
            </DropdownMenu.Item>
          ))}
          {onSnooze && (
            <DropdownMenu.Group>
              <DropdownMenu.Label className="cw-menu-label">Snooze</DropdownMenu.Label>
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
            </DropdownMenu.Group>
          )}
        </DropdownMenu.Content>
      </DropdownMenu.Portal>
    </DropdownMenu.Root>
  );
}
