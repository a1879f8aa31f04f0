/** Edits that could not become part of their document: said once, and offered as text to copy or to save. */

import { CircleAlert, Copy, Download, X } from "lucide-react";
import { Dialog } from "radix-ui";
import { useState } from "react";
import type { UnsentCopy } from "../../services/websocket/collaboration/state";
import { clock, dayName } from "../times";
import { useFocusBack } from "../useFocusBack";

interface Props {
  copies: readonly UnsentCopy[];
  onDiscard: (id: string) => void;
}

const REASONS: Record<UnsentCopy["reason"], string> = {
  epoch: "The document was begun anew while you were away.",
  mode: "You may not edit this document any more.",
  refused: "The server did not take this edit.",
  too_large: "This was too much for one document.",
  gone: "The document is not here any more.",
};

export function UnsentCopies({ copies, onDiscard }: Props) {
  const [open, setOpen] = useState(false);
  const focus = useFocusBack();
  if (copies.length === 0) return null;
  return (
    <>
      <p className="cw-banner" data-tone="danger" role="alert">
        <CircleAlert size={16} aria-hidden="true" />
        <span>
          {copies.length === 1 ? "Something you wrote" : `${copies.length} things you wrote`} could not be
          saved here. It is kept as a copy.
        </span>
        <button type="button" className="cw-link" onClick={() => setOpen(true)}>
          Look at it
        </button>
      </p>
      <Dialog.Root open={open} onOpenChange={setOpen}>
        <Dialog.Portal>
          <Dialog.Overlay className="cw-overlay" />
          <Dialog.Content className="cw-dialog cw-copies" aria-describedby={undefined} {...focus}>
            <div className="cw-dialog-head">
              <Dialog.Title className="cw-dialog-title">What could not be saved</Dialog.Title>
              <Dialog.Close className="cw-icon-button" aria-label="Close">
                <X size={18} aria-hidden="true" />
              </Dialog.Close>
            </div>
            <ul className="cw-copy-list">
              {copies.map((copy) => (
                <OneCopy key={copy.id} copy={copy} onDiscard={() => onDiscard(copy.id)} />
              ))}
            </ul>
          </Dialog.Content>
        </Dialog.Portal>
      </Dialog.Root>
    </>
  );
}

function OneCopy({ copy, onDiscard }: { copy: UnsentCopy; onDiscard: () => void }) {
  const [copied, setCopied] = useState("");
  const at = new Date(copy.at).getTime();
  const take = (): void => {
    navigator.clipboard.writeText(copy.text).then(
      () => setCopied("Copied."),
      () => setCopied("This browser does not let us copy: mark the text and copy it."),
    );
  };
  const save = (): void => {
    const url = URL.createObjectURL(new Blob([copy.text], { type: "text/plain" }));
    const link = document.createElement("a");
    link.href = url;
    link.download = `${copy.title || "document"}.txt`;
    link.click();
    URL.revokeObjectURL(url);
  };
  return (
    <li>
      <p>
        <strong>{copy.title}</strong>{" "}
        <span className="cw-muted">
          {dayName(at, Date.now())}, {clock(at)}
        </span>
      </p>
      <p className="cw-muted">{REASONS[copy.reason]}</p>
      <textarea readOnly rows={5} value={copy.text} aria-label={`Copy of ${copy.title}`} />
      <div className="cw-note-ends">
        <span role="status">{copied}</span>
        <button type="button" className="cw-button" data-quiet onClick={onDiscard}>
          Throw away
        </button>
        <button type="button" className="cw-button" data-quiet onClick={save}>
          <Download size={15} aria-hidden="true" /> Save as a file
        </button>
        <button type="button" className="cw-button" onClick={take}>
          <Copy size={15} aria-hidden="true" /> Copy
        </button>
      </div>
    </li>
  );
}
