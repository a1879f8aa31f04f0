/** Who is in a room; for staff, whom to let write again. */

import { Users } from "lucide-react";
import { Popover } from "radix-ui";
import { useEffect, useState } from "react";
import type { Member, RoomSummary } from "../../contract";
import type { ChatResult } from "../../hooks/useChatWebSocket";
import { words } from "../../services/websocket/errors";
import { Avatar } from "../Avatar";

interface Props {
  room: RoomSummary;
  api: ChatResult;
  onOpenDirect: (userId: string) => void;
}

export function Members({ room, api, onOpenDirect }: Props) {
  const { chat, loadMembers, moderateRoom } = api;
  const [problem, setProblem] = useState("");
  const members = chat.members[room.id];
  const missing = members === undefined;
  useEffect(() => {
    // Without names the head can still say how many there are.
    if (missing) loadMembers(room.id).catch(() => undefined);
  }, [missing, loadMembers, room.id]);
  const unmute = (userId: string): void => {
    setProblem("");
    moderateRoom(room.id, { action: "unmute", userId })
      .then(() => loadMembers(room.id))
      .catch((error: unknown) => setProblem(words(error)));
  };
  return (
    <Popover.Root onOpenChange={(open) => open && void loadMembers(room.id).catch(() => undefined)}>
      <Popover.Trigger
        className="cw-icon-button"
        aria-label={`Members of this conversation, ${room.member_count}`}
      >
        <Users size={20} aria-hidden="true" />
      </Popover.Trigger>
      <Popover.Portal>
        <Popover.Content
          className="cw-popover"
          align="end"
          sideOffset={6}
          collisionPadding={8}
          aria-label="Members"
        >
          <h3 className="cw-popover-title">Members</h3>
          <p className="cw-error" role="alert">
            {problem}
          </p>
          <ul className="cw-people">
            {(members ?? []).map((member) => (
              <li key={member.user_id} className="cw-person">
                <Avatar
                  id={member.user_id}
                  name={member.name}
                  url={member.avatar_url}
                  size="small"
                  status={chat.presence[member.user_id]?.status}
                />
                <span className="cw-person-name">
                  {member.name}
                  {member.user_id === chat.me?.user_id && <span className="cw-muted"> (you)</span>}
                  <RoleName member={member} />
                  {isMuted(member) && <span className="cw-role">Muted</span>}
                </span>
                {isMuted(member) && room.can_moderate && (
                  <button type="button" className="cw-link" onClick={() => unmute(member.user_id)}>
                    Unmute<span className="cw-hidden"> {member.name}</span>
                  </button>
                )}
                {member.user_id !== chat.me?.user_id && (
                  <Popover.Close asChild>
                    <button type="button" className="cw-link" onClick={() => onOpenDirect(member.user_id)}>
                      Message<span className="cw-hidden"> {member.name}</span>
                    </button>
                  </Popover.Close>
                )}
              </li>
            ))}
          </ul>
        </Popover.Content>
      </Popover.Portal>
    </Popover.Root>
  );
}

const isMuted = ({ muted_until }: Member): boolean =>
  muted_until !== undefined && Date.parse(muted_until) > Date.now();

const ROLES: Record<string, string> = {
  administrator: "Administrator",
  instructor: "Teacher",
  teaching_assistant: "Teaching assistant",
  content_developer: "Author",
  mentor: "Mentor",
};

/** The role that says most; nothing for a learner. */
export function RoleName({ member }: { member: Member }) {
  const role = Object.keys(ROLES).find((one) => member.roles.includes(one));
  return role ? <span className="cw-role">{ROLES[role]}</span> : null;
}
