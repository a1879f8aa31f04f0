/** All that one can do with a room: leave it, and for staff lock it, slow it down, set it up, see what was reported. */

import { Flag, Lock, LockOpen, LogOut, MoreVertical, Settings, Timer } from "lucide-react";
import { DropdownMenu } from "radix-ui";
import { useRef } from "react";
import type { RoomSummary } from "../../contract";
import type { ChatResult } from "../../hooks/useChatWebSocket";
import { words } from "../../services/websocket/errors";
import { seconds } from "../times";

interface Props {
  room: RoomSummary;
  api: ChatResult;
  onSettings: () => void;
  onReports: () => void;
  onLeft: () => void;
  onProblem: (words: string) => void;
}

const WAITS = [0, 10, 30, 60, 300, 900];

/** Whether this person may change what the room is called, and who is in it. */
export const canUpdate = (room: RoomSummary): boolean =>
  room.course_id === undefined || room.kind === "group"
    ? room.kind === "group" && room.joined
    : room.can_moderate;

export function RoomMenu({ room, api, onSettings, onReports, onLeft, onProblem }: Props) {
  const { moderateRoom, leaveRoom } = api;
  const chosen = useRef<(() => void) | null>(null);
  const trigger = useRef<HTMLButtonElement>(null);
  const canLeave = room.joined && (room.kind === "group" || room.kind === "discussion");
  const updates = canUpdate(room);
  if (!canLeave && !room.can_moderate && !updates) return null;
  const attempt = (doing: Promise<unknown>): void => {
    onProblem("");
    doing.catch((error: unknown) => onProblem(words(error)));
  };
  return (
    <DropdownMenu.Root>
      <DropdownMenu.Trigger
        ref={trigger}
        className="cw-icon-button"
        aria-label="More about this conversation"
      >
        <MoreVertical size={20} aria-hidden="true" />
      </DropdownMenu.Trigger>
      <DropdownMenu.Portal>
        <DropdownMenu.Content
          className="cw-menu"
          align="end"
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
          {updates && (
            <DropdownMenu.Item
              className="cw-menu-item"
              onSelect={() => {
                chosen.current = onSettings;
              }}
            >
              <Settings size={15} aria-hidden="true" /> Settings…
            </DropdownMenu.Item>
          )}
          {room.can_moderate && (
            <>
              <DropdownMenu.Item
                className="cw-menu-item"
                onSelect={() => attempt(moderateRoom(room.id, { action: room.locked ? "unlock" : "lock" }))}
              >
                {room.locked ? (
                  <LockOpen size={15} aria-hidden="true" />
                ) : (
                  <Lock size={15} aria-hidden="true" />
                )}
                {room.locked ? "Unlock" : "Lock: only staff writes"}
              </DropdownMenu.Item>
              <DropdownMenu.Sub>
                <DropdownMenu.SubTrigger className="cw-menu-item">
                  <Timer size={15} aria-hidden="true" /> Slow mode
                </DropdownMenu.SubTrigger>
                <DropdownMenu.Portal>
                  <DropdownMenu.SubContent className="cw-menu" sideOffset={4} collisionPadding={8}>
                    <DropdownMenu.RadioGroup
                      value={String(room.slow_mode_s)}
                      onValueChange={(value) =>
                        attempt(moderateRoom(room.id, { action: "slow_mode", seconds: Number(value) }))
                      }
                    >
                      {WAITS.map((wait) => (
                        <DropdownMenu.RadioItem key={wait} value={String(wait)} className="cw-menu-item">
                          {wait === 0 ? "Off" : seconds(wait)}
                        </DropdownMenu.RadioItem>
                      ))}
                    </DropdownMenu.RadioGroup>
                  </DropdownMenu.SubContent>
                </DropdownMenu.Portal>
              </DropdownMenu.Sub>
              <DropdownMenu.Item
                className="cw-menu-item"
                onSelect={() => {
                  chosen.current = onReports;
                }}
              >
                <Flag size={15} aria-hidden="true" /> Reports and log
              </DropdownMenu.Item>
            </>
          )}
          {canLeave && (
            <DropdownMenu.Item
              className="cw-menu-item"
              onSelect={() => {
                leaveRoom(room.id).then(onLeft, (error: unknown) => onProblem(words(error)));
              }}
            >
              <LogOut size={15} aria-hidden="true" /> Leave
            </DropdownMenu.Item>
          )}
        </DropdownMenu.Content>
      </DropdownMenu.Portal>
    </DropdownMenu.Root>
  );
}
