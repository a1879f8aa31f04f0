/** Questions about one message: whether to delete it, what is wrong with it, who wrote it, who has read it. */

import { AlertDialog, Dialog, RadioGroup } from "radix-ui";
import { type ReactNode, useEffect, useState } from "react";
import type { Author, Message, Readers, ReportReason } from "../../contract";
import type { ChatResult } from "../../hooks/useChatWebSocket";
import { peopleOf } from "../../services/websocket/chat/view";
import { words } from "../../services/websocket/errors";
import { Avatar } from "../Avatar";
import { seconds } from "../times";
import { useFocusBack } from "../useFocusBack";
import type { Question } from "./actions";

interface Props {
  api: ChatResult;
  asked: { question: Question; message: Message } | null;
  onDone: () => void;
}

export function MessageDialogs({ api, asked, onDone }: Props) {
  const common = asked && { api, message: asked.message, onDone };
  return (
    <>
      {common && asked.question === "delete" && <DeleteQuestion {...common} />}
      {common && asked.question === "reveal" && <RevealQuestion {...common} />}
      {common && asked.question === "report" && <ReportForm {...common} />}
      {common && asked.question === "mute" && <MuteForm {...common} />}
      {common && asked.question === "readers" && <ReadersList {...common} />}
    </>
  );
}

interface One {
  api: ChatResult;
  message: Message;
  onDone: () => void;
}

/** The message is there when the button of its menu, or the question before this one, is not any more. */
const useBack = (message: Message) =>
  useFocusBack(() =>
    document
      .querySelector(`[data-message-id="${CSS.escape(message.id)}"]`)
      ?.closest<HTMLElement>("[data-row]"),
  );

/** Do something once; say why when it fails. */
function useAttempt(onDone: () => void) {
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState("");
  const attempt = async (doing: () => Promise<unknown>, stay = false): Promise<void> => {
    if (busy) return;
    setBusy(true);
    setProblem("");
    try {
      await doing();
      if (!stay) onDone();
    } catch (error) {
      setProblem(words(error));
    }
    setBusy(false);
  };
  return { busy, problem, attempt };
}

function Frame({
  message,
  title,
  lead,
  onDone,
  children,
}: {
  message: Message;
  title: string;
  lead: string;
  onDone: () => void;
  children: ReactNode;
}) {
  const focus = useBack(message);
  return (
    <Dialog.Root open onOpenChange={(open) => !open && onDone()}>
      <Dialog.Portal>
        <Dialog.Overlay className="cw-overlay" />
        <Dialog.Content className="cw-dialog" data-small {...focus}>
          <Dialog.Title className="cw-dialog-title">{title}</Dialog.Title>
          <Dialog.Description className="cw-muted">{lead}</Dialog.Description>
          {children}
        </Dialog.Content>
      </Dialog.Portal>
    </Dialog.Root>
  );
}

function Sure({
  message,
  title,
  lead,
  yes,
  no,
  danger,
  problem,
  busy,
  onYes,
  onDone,
}: {
  message: Message;
  title: string;
  lead: string;
  yes: string;
  no: string;
  danger?: boolean;
  problem: string;
  busy: boolean;
  onYes: () => void;
  onDone: () => void;
}) {
  const focus = useBack(message);
  return (
    <AlertDialog.Root open onOpenChange={(open) => !open && onDone()}>
      <AlertDialog.Portal>
        <AlertDialog.Overlay className="cw-overlay" />
        <AlertDialog.Content className="cw-dialog" data-small {...focus}>
          <AlertDialog.Title className="cw-dialog-title">{title}</AlertDialog.Title>
          <AlertDialog.Description className="cw-muted">{lead}</AlertDialog.Description>
          <p className="cw-error" role="alert">
            {problem}
          </p>
          <div className="cw-dialog-actions">
            <AlertDialog.Cancel className="cw-button" data-quiet>
              {no}
            </AlertDialog.Cancel>
            <button
              type="button"
              className="cw-button"
              data-danger={danger || undefined}
              disabled={busy}
              onClick={onYes}
            >
              {yes}
            </button>
          </div>
        </AlertDialog.Content>
      </AlertDialog.Portal>
    </AlertDialog.Root>
  );
}

function DeleteQuestion({ api, message, onDone }: One) {
  const { busy, problem, attempt } = useAttempt(onDone);
  return (
    <Sure
      message={message}
      title="Delete this message?"
      lead="It disappears for everybody. Its place stays marked."
      yes="Delete"
      no="Keep it"
      danger
      onYes={() => void attempt(() => api.deleteMessage(message))}
      {...{ busy, problem, onDone }}
    />
  );
}

function RevealQuestion({ api, message, onDone }: One) {
  const { busy, problem, attempt } = useAttempt(onDone);
  const [author, setAuthor] = useState<Author | null>(null);
  if (author) {
    return (
      <Frame
        message={message}
        title="Who wrote it"
        lead="Only you see this. That you asked is in the log of the staff."
        onDone={onDone}
      >
        <p className="cw-person">
          <Avatar id={author.user_id} name={author.name} url={author.avatar_url} size="small" />
          <span className="cw-person-name">{author.name}</span>
        </p>
        <div className="cw-dialog-actions">
          <Dialog.Close className="cw-button">Close</Dialog.Close>
        </div>
      </Frame>
    );
  }
  return (
    <Sure
      message={message}
      title="Reveal the author?"
      lead="It was written under the promise that others do not see the name. That you ask is logged, for all the staff of the course to see."
      yes="Reveal, and log it"
      no="Leave it"
      onYes={() => void attempt(async () => setAuthor(await api.revealAuthor(message)), true)}
      {...{ busy, problem, onDone }}
    />
  );
}

const REASONS: readonly (readonly [ReportReason, string])[] = [
  ["harassment", "It hurts or threatens somebody"],
  ["cheating", "It helps to cheat"],
  ["spam", "It is advertising or spam"],
  ["off_topic", "It does not belong here"],
  ["other", "Something else"],
];

function ReportForm({ api, message, onDone }: One) {
  const { busy, problem, attempt } = useAttempt(onDone);
  const [reason, setReason] = useState<ReportReason | null>(null);
  const [note, setNote] = useState("");
  const [sent, setSent] = useState(false);
  if (sent) {
    return (
      <Frame
        message={message}
        title="Thank you"
        lead="The staff of the course will look at it."
        onDone={onDone}
      >
        <div className="cw-dialog-actions">
          <Dialog.Close className="cw-button">Close</Dialog.Close>
        </div>
      </Frame>
    );
  }
  const send = async (): Promise<void> => {
    if (!reason) return;
    await api.reportMessage(message, reason, note.trim());
    setSent(true);
  };
  return (
    <Frame
      message={message}
      title="Report this message"
      lead="Only the staff of the course learns of it."
      onDone={onDone}
    >
      <form
        onSubmit={(event) => {
          event.preventDefault();
          void attempt(send, true);
        }}
      >
        <Choices label="What is wrong with it" options={REASONS} value={reason} onChange={setReason} />
        <label className="cw-field">
          <span>Anything that helps (optional)</span>
          <textarea
            rows={2}
            maxLength={1000}
            value={note}
            onChange={(event) => setNote(event.target.value)}
          />
        </label>
        <p className="cw-error" role="alert">
          {problem}
        </p>
        <div className="cw-dialog-actions">
          <Dialog.Close className="cw-button" data-quiet>
            Cancel
          </Dialog.Close>
          <button type="submit" className="cw-button" disabled={!reason || busy}>
            Report
          </button>
        </div>
      </form>
    </Frame>
  );
}

interface ChoicesProps<Value extends string> {
  label: string;
  options: readonly (readonly [Value, string])[];
  value: Value | null;
  onChange: (value: Value) => void;
}

function Choices<Value extends string>({ label, options, value, onChange }: ChoicesProps<Value>) {
  return (
    <RadioGroup.Root
      className="cw-radios"
      aria-label={label}
      value={value ?? ""}
      onValueChange={(next) => onChange(next as Value)}
    >
      {options.map(([one, words]) => (
        // biome-ignore lint/a11y/noLabelWithoutControl: Radix's radio is a button, which a label may hold
        <label key={one} className="cw-radio-line">
          <RadioGroup.Item value={one} className="cw-radio">
            <RadioGroup.Indicator className="cw-radio-dot" />
          </RadioGroup.Item>
          {words}
        </label>
      ))}
    </RadioGroup.Root>
  );
}

const MUTES = ["600", "3600", "86400", "604800"] as const;
const MUTE_OPTIONS: readonly (readonly [string, string])[] = [
  ...MUTES.map((value) => [value, muteWords(Number(value))] as const),
  ["ever", "Until somebody unmutes them"],
];

function muteWords(value: number): string {
  const days = value / 86_400;
  if (days < 1) return `For ${seconds(value)}`;
  return days === 1 ? "For a day" : `For ${days} days`;
}

function MuteForm({ api, message, onDone }: One) {
  const { busy, problem, attempt } = useAttempt(onDone);
  const [how, setHow] = useState<string>("3600");
  const { author } = message;
  if (!author) return null;
  const mute = (): Promise<unknown> =>
    api.moderateRoom(message.room_id, {
      action: "mute",
      userId: author.user_id,
      ...(how !== "ever" && { seconds: Number(how) }),
    });
  return (
    <Frame
      message={message}
      title={`Mute ${author.name}`}
      lead="They can still read, but not write here."
      onDone={onDone}
    >
      <form
        onSubmit={(event) => {
          event.preventDefault();
          void attempt(mute);
        }}
      >
        <Choices label="For how long" options={MUTE_OPTIONS} value={how} onChange={setHow} />
        <p className="cw-error" role="alert">
          {problem}
        </p>
        <div className="cw-dialog-actions">
          <Dialog.Close className="cw-button" data-quiet>
            Cancel
          </Dialog.Close>
          <button type="submit" className="cw-button" disabled={busy}>
            Mute
          </button>
        </div>
      </form>
    </Frame>
  );
}

function ReadersList({ api, message, onDone }: One) {
  const { readReceipts, chat } = api;
  const [readers, setReaders] = useState<Readers | null>(null);
  const [problem, setProblem] = useState("");
  useEffect(() => {
    let here = true;
    readReceipts(message.id).then(
      (found) => here && setReaders(found),
      (error: unknown) => here && setProblem(words(error)),
    );
    return () => {
      here = false;
    };
  }, [readReceipts, message.id]);
  const people = peopleOf(chat, message.room_id);
  const read = readers?.items.filter(({ read_number }) => read_number >= message.number) ?? [];
  const lead = readers ? readWords(readers) : "Asking…";
  return (
    <Frame message={message} title="Who has read it" lead={lead} onDone={onDone}>
      <p className="cw-error" role="alert">
        {problem}
      </p>
      <ul className="cw-people">
        {read.map(({ user_id }) => (
          <li key={user_id} className="cw-person">
            <Avatar id={user_id} name={people.get(user_id)?.name ?? user_id} size="small" />
            <span className="cw-person-name">{people.get(user_id)?.name ?? user_id}</span>
          </li>
        ))}
      </ul>
      <div className="cw-dialog-actions">
        <Dialog.Close className="cw-button">Close</Dialog.Close>
      </div>
    </Frame>
  );
}

function readWords({ receipts, read = 0, delivered = 0 }: Readers): string {
  if (receipts === "off") return "This conversation does not tell who has read what.";
  if (delivered === 0) return "It has reached nobody else yet.";
  return `Read by ${read}, delivered to ${delivered}.${receipts === "counts" ? " Large conversations tell no names." : ""}`;
}
