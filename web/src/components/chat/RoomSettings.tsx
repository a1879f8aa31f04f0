/** What a room is called, whether reading is told there, and who is in it. */

import { X } from "lucide-react";
import { Dialog } from "radix-ui";
import { useEffect, useId, useState } from "react";
import type { Member, RoomSummary } from "../../contract";
import type { ChatResult } from "../../hooks/useChatWebSocket";
import { words } from "../../services/websocket/errors";
import { Avatar } from "../Avatar";
import { Toggle } from "../Toggle";
import { useFocusBack } from "../useFocusBack";

interface Props {
  api: ChatResult;
  room: RoomSummary;
  onDone: () => void;
}

export function RoomSettings({ api, room, onDone }: Props) {
  const { updateRoom } = api;
  const id = useId();
  const [title, setTitle] = useState(room.title);
  const [receipts, setReceipts] = useState(room.receipts !== "off");
  const [out, setOut] = useState<readonly string[]>([]);
  const [added, setAdded] = useState<readonly string[]>([]);
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState("");
  const focus = useFocusBack();
  const wanted = title.trim();
  const change = {
    ...(wanted !== room.title && wanted !== "" && { title: wanted }),
    ...(receipts !== (room.receipts !== "off") && {
      receipts: receipts ? ("on" as const) : ("off" as const),
    }),
    ...(out.length > 0 && { remove_member_ids: [...out] }),
    ...(added.length > 0 && { add_member_ids: [...added] }),
  };
  const save = async (): Promise<void> => {
    if (Object.keys(change).length === 0) return onDone();
    setBusy(true);
    setProblem("");
    try {
      await updateRoom(room.id, change);
      onDone();
    } catch (error) {
      setProblem(words(error));
      setBusy(false);
    }
  };
  return (
    <Dialog.Root open onOpenChange={(open) => !open && onDone()}>
      <Dialog.Portal>
        <Dialog.Overlay className="cw-overlay" />
        <Dialog.Content className="cw-dialog" aria-describedby={undefined} {...focus}>
          <div className="cw-dialog-head">
            <Dialog.Title className="cw-dialog-title">Settings of this conversation</Dialog.Title>
            <Dialog.Close className="cw-icon-button" aria-label="Close">
              <X size={18} aria-hidden="true" />
            </Dialog.Close>
          </div>
          <form
            className="cw-chooser"
            onSubmit={(event) => {
              event.preventDefault();
              void save();
            }}
          >
            <label className="cw-field" style={{ marginTop: 0 }}>
              <span>Name</span>
              <input
                data-first=""
                value={title}
                maxLength={200}
                onChange={(event) => setTitle(event.target.value)}
              />
            </label>
            <p className="cw-setting">
              <label htmlFor={id}>
                Show how far others have read
                <span className="cw-role">By name up to 20 members, as counts above.</span>
              </label>
              <Toggle id={id} checked={receipts} onCheckedChange={setReceipts} />
            </p>
            {room.kind === "group" && <GroupMembers {...{ api, room, out, setOut, added, setAdded }} />}
            <p className="cw-error" role="alert">
              {problem}
            </p>
            <div className="cw-dialog-actions">
              <Dialog.Close className="cw-button" data-quiet>
                Cancel
              </Dialog.Close>
              <button type="submit" className="cw-button" disabled={busy}>
                Save
              </button>
            </div>
          </form>
        </Dialog.Content>
      </Dialog.Portal>
    </Dialog.Root>
  );
}

interface GroupProps {
  api: ChatResult;
  room: RoomSummary;
  out: readonly string[];
  setOut: (ids: readonly string[]) => void;
  added: readonly string[];
  setAdded: (ids: readonly string[]) => void;
}

function GroupMembers({ api, room, out, setOut, added, setAdded }: GroupProps) {
  const { chat, people } = api;
  const [others, setOthers] = useState<readonly Member[]>([]);
  const members = chat.members[room.id] ?? [];
  useEffect(() => {
    let here = true;
    people().then(
      (found) => here && setOthers(found),
      () => undefined,
    );
    return () => {
      here = false;
    };
  }, [people]);
  const inside = new Set(members.map(({ user_id }) => user_id));
  const toggle = (ids: readonly string[], one: string): string[] =>
    ids.includes(one) ? ids.filter((id) => id !== one) : [...ids, one];
  const line = (member: Member, stays: boolean, onToggle: () => void) => (
    <li key={member.user_id} className="cw-person" data-out={!stays || undefined}>
      <Avatar id={member.user_id} name={member.name} url={member.avatar_url} size="small" />
      <span className="cw-person-name">{member.name}</span>
      <button type="button" className="cw-link" onClick={onToggle}>
        {stays ? "Remove" : "Add"}
        <span className="cw-hidden"> {member.name}</span>
      </button>
    </li>
  );
  return (
    <section aria-label="Members of the group" className="cw-group-members">
      <ul className="cw-people">
        {members
          .filter(({ user_id }) => user_id !== chat.me?.user_id)
          .map((member) =>
            line(member, !out.includes(member.user_id), () => setOut(toggle(out, member.user_id))),
          )}
        {others
          .filter(({ user_id }) => !inside.has(user_id))
          .map((member) =>
            line(member, added.includes(member.user_id), () => setAdded(toggle(added, member.user_id))),
          )}
      </ul>
    </section>
  );
}
