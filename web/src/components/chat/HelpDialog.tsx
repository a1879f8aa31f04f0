/** How text is formatted, and which keys there are. */

import { X } from "lucide-react";
import { Dialog } from "radix-ui";
import { useFocusBack } from "../useFocusBack";
import { SHORTCUTS } from "./actions";

const FORMATS: readonly (readonly [string, string])[] = [
  ["**bold**", "Bold"],
  ["*italic*", "Italic"],
  ["~~strike~~", "Struck out"],
  ["`code`", "Code; three of them around several lines"],
  ["> quote", "Quote"],
  ["- item", "List; 1. for numbers"],
  ["[words](https://…)", "Link"],
  ["@name @staff @room", "Call somebody, the staff, or everybody"],
];
const WRITING: readonly (readonly [string, string])[] = [
  ["Enter", "Send"],
  ["Shift Enter", "Break the line"],
  ["↑", "In an empty field: edit one's last message"],
  ["@", "Call somebody: ↑ ↓ choose, Enter takes, Esc closes"],
  ["Shift Tab", "To the messages"],
  ["Ctrl K", "Search"],
  ["?", "This help, outside of fields"],
];

interface Props {
  open: boolean;
  onOpenChange: (open: boolean) => void;
}

export function HelpDialog({ open, onOpenChange }: Props) {
  const focus = useFocusBack();
  return (
    <Dialog.Root open={open} onOpenChange={onOpenChange}>
      <Dialog.Portal>
        <Dialog.Overlay className="cw-overlay" />
        <Dialog.Content className="cw-dialog cw-help" aria-describedby={undefined} {...focus}>
          <div className="cw-dialog-head">
            <Dialog.Title className="cw-dialog-title">Formatting and keys</Dialog.Title>
            <Dialog.Close className="cw-icon-button" aria-label="Close">
              <X size={18} aria-hidden="true" />
            </Dialog.Close>
          </div>
          {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a scrollable region must be reachable by keyboard */}
          <section className="cw-help-body" tabIndex={0} aria-label="Lists">
            <Table title="Formatting" rows={FORMATS} code />
            <Table title="While writing" rows={WRITING} />
            <Table title="On a message" rows={SHORTCUTS} />
          </section>
        </Dialog.Content>
      </Dialog.Portal>
    </Dialog.Root>
  );
}

interface TableProps {
  title: string;
  rows: readonly (readonly [string, string])[];
  code?: boolean;
}

function Table({ title, rows, code = false }: TableProps) {
  return (
    <>
      <h3>{title}</h3>
      <dl className="cw-keys">
        {rows.map(([keys, words]) => (
          <div key={keys}>
            <dt>{code ? <code>{keys}</code> : keys.split(" ").map((key) => <kbd key={key}>{key}</kbd>)}</dt>
            <dd>{words}</dd>
          </div>
        ))}
      </dl>
    </>
  );
}
