/** Choose people: one makes a direct conversation, more make a group with a name. */

import { Check, Search, X } from "lucide-react";
import { Dialog } from "radix-ui";
import { useEffect, useState } from "react";
import type { Member, RoomSummary } from "../../contract";
import type { ChatResult } from "../../hooks/useChatWebSocket";
import { knownPeople } from "../../services/websocket/chat/view";
import { CommandError, explain } from "../../services/websocket/errors";
import { Avatar } from "../Avatar";
import { useFocusBack } from "../useFocusBack";
import { RoleName } from "./Members";

interface Props {
  api: ChatResult;
  open: boolean;
  onOpenChange: (open: boolean) => void;
  onMade: (room: RoomSummary) => void;
}

export function NewChat({ api, open, onOpenChange, onMade }: Props) {
  const focus = useFocusBack();
  return (
    <Dialog.Root open={open} onOpenChange={onOpenChange}>
      <Dialog.Portal>
        <Dialog.Overlay className="cw-overlay" />
        <Dialog.Content className="cw-dialog" aria-describedby={undefined} {...focus}>
          <div className="cw-dialog-head">
            <Dialog.Title className="cw-dialog-title">New conversation</Dialog.Title>
            <Dialog.Close className="cw-icon-button" aria-label="Close">
              <X size={18} aria-hidden="true" />
            </Dialog.Close>
          </div>
          <Chooser
            api={api}
            onMade={(room) => {
              onOpenChange(false);
              onMade(room);
            }}
          />
        </Dialog.Content>
      </Dialog.Portal>
    </Dialog.Root>
  );
}

function Chooser({ api, onMade }: Pick<Props, "api" | "onMade">) {
  const { people: loadPeople, createRoom, chat } = api;
  const [people, setPeople] = useState<Member[] | null>(null);
  const [filter, setFilter] = useState("");
  const [chosen, setChosen] = useState<readonly string[]>([]);
  const [title, setTitle] = useState("");
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState("");

  useEffect(() => {
    let here = true;
    loadPeople().then(
      (found) => here && setPeople(found),
      () => here && setPeople([]),
    );
    return () => {
      here = false;
    };
  }, [loadPeople]);

  const wanted = filter.trim().toLocaleLowerCase();
  // Who is in hundreds of rooms waits for the last of them: those that are known show at once.
  const everybody = people ?? knownPeople(chat);
  const shown = everybody.filter(({ name }) => name.toLocaleLowerCase().includes(wanted));
  const isGroup = chosen.length > 1;
  const toggle = (id: string): void =>
    setChosen((before) => (before.includes(id) ? before.filter((one) => one !== id) : [...before, id]));

  const make = async (): Promise<void> => {
    if (chosen.length === 0 || busy) return;
    setBusy(true);
    setError("");
    try {
      const kind = isGroup ? "group" : "direct";
      const named = isGroup && title.trim() !== "";
      onMade(await createRoom({ kind, memberIds: [...chosen], ...(named && { title: title.trim() }) }));
    } catch (cause) {
      setBusy(false);
      setError(cause instanceof CommandError ? explain(cause) : "That did not work. Please try again.");
    }
  };

  return (
    <form
      className="cw-chooser"
      onSubmit={(event) => {
        event.preventDefault();
        void make();
      }}
    >
      <label className="cw-search">
        <Search size={16} aria-hidden="true" />
        <input
          type="search"
          data-first=""
          value={filter}
          placeholder="Find people"
          aria-label="Find people"
          onChange={(event) => setFilter(event.target.value)}
        />
      </label>
      <fieldset className="cw-choices">
        <legend className="cw-hidden">People</legend>
        {people === null && <p className="cw-muted">Loading…</p>}
        {people !== null && shown.length === 0 && (
          <p className="cw-muted">
            {wanted === "" ? "Nobody shares a room with you yet." : "Nobody has that name."}
          </p>
        )}
        {shown.map((member) => (
          <label key={member.user_id} className="cw-choice">
            <input
              type="checkbox"
              className="cw-hidden"
              checked={chosen.includes(member.user_id)}
              onChange={() => toggle(member.user_id)}
            />
            <Avatar
              id={member.user_id}
              name={member.name}
              url={member.avatar_url}
              size="small"
              status={chat.presence[member.user_id]?.status}
            />
            <span className="cw-person-name">
              {member.name}
              <RoleName member={member} />
            </span>
            <span className="cw-tick" aria-hidden="true">
              <Check size={14} strokeWidth={3} />
            </span>
          </label>
        ))}
      </fieldset>
      {isGroup && (
        <label className="cw-field">
          <span>Name of the group</span>
          <input
            value={title}
            maxLength={200}
            placeholder="Optional"
            onChange={(event) => setTitle(event.target.value)}
          />
        </label>
      )}
      <p className="cw-error" role="alert">
        {error}
      </p>
      <div className="cw-dialog-actions">
        <button type="submit" className="cw-button" disabled={chosen.length === 0 || busy}>
          {isGroup ? `Start a group of ${chosen.length + 1}` : "Start conversation"}
        </button>
      </div>
    </form>
  );
}
