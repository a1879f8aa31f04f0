/** A new document: what it is called, and what it begins with. The server fills it, once. */

import { X } from "lucide-react";
import { Dialog, RadioGroup } from "radix-ui";
import { useEffect, useRef, useState } from "react";
import type { DocumentPage, Template } from "../../contract";
import { words } from "../../services/websocket/errors";
import { useFocusBack } from "../useFocusBack";

export interface Wish {
  title: string;
  template?: string;
  group?: string;
}

interface Props {
  /** For whom one may make documents. */
  allowed: Pick<DocumentPage, "may_make" | "groups">;
  loadTemplates: () => Promise<readonly Template[]>;
  onMake: (wish: Wish) => Promise<void>;
  onDone: () => void;
}

const EMPTY = "";
const EVERYBODY = "";

export function NewDocument({ allowed, loadTemplates, onMake, onDone }: Props) {
  const { may_make: forAll, groups } = allowed;
  const [templates, setTemplates] = useState<readonly Template[]>([]);
  const [title, setTitle] = useState("");
  const [template, setTemplate] = useState(EMPTY);
  const [group, setGroup] = useState(forAll ? EVERYBODY : (groups[0]?.id ?? EVERYBODY));
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState("");
  const load = useRef(loadTemplates);

  useEffect(() => {
    let here = true;
    load.current().then(
      (found) => here && setTemplates(found),
      // An empty document can be made all the same.
      () => undefined,
    );
    return () => {
      here = false;
    };
  }, []);

  const make = async (): Promise<void> => {
    const name = title.trim();
    if (name === "" || busy) return;
    setBusy(true);
    setProblem("");
    try {
      await onMake({
        title: name,
        ...(template !== EMPTY && { template }),
        ...(group !== EVERYBODY && { group }),
      });
      onDone();
    } catch (error) {
      setProblem(words(error));
      setBusy(false);
    }
  };
  const focus = useFocusBack();
  const choices: readonly (readonly [id: string, title: string, description: string])[] = [
    [EMPTY, "Empty", "Nothing but a blank page."],
    ...templates.map((one) => [one.id, one.title, one.description] as const),
  ];
  return (
    <Dialog.Root open onOpenChange={(open) => !open && onDone()}>
      <Dialog.Portal>
        <Dialog.Overlay className="cw-overlay" />
        <Dialog.Content className="cw-dialog" aria-describedby={undefined} {...focus}>
          <div className="cw-dialog-head">
            <Dialog.Title className="cw-dialog-title">New document</Dialog.Title>
            <Dialog.Close className="cw-icon-button" aria-label="Close">
              <X size={18} aria-hidden="true" />
            </Dialog.Close>
          </div>
          <form
            className="cw-chooser"
            onSubmit={(event) => {
              event.preventDefault();
              void make();
            }}
          >
            <label className="cw-field" style={{ marginTop: 0 }}>
              <span>Title</span>
              <input
                data-first=""
                value={title}
                maxLength={200}
                placeholder="Lab report, group 3"
                onChange={(event) => setTitle(event.target.value)}
              />
            </label>
            {groups.length > 0 && (
              <label className="cw-field">
                <span>For</span>
                <select value={group} onChange={(event) => setGroup(event.target.value)}>
                  {forAll && <option value={EVERYBODY}>Everybody in the course</option>}
                  {groups.map((one) => (
                    <option key={one.id} value={one.id}>
                      {one.title || `Group ${one.id}`}
                    </option>
                  ))}
                </select>
              </label>
            )}
            <RadioGroup.Root
              className="cw-templates"
              aria-label="Begins with"
              value={template}
              onValueChange={setTemplate}
            >
              {choices.map(([id, name, description]) => (
                <RadioGroup.Item key={id} value={id} className="cw-template">
                  <strong>{name}</strong>
                  <span>{description}</span>
                </RadioGroup.Item>
              ))}
            </RadioGroup.Root>
            <p className="cw-error" role="alert">
              {problem}
            </p>
            <div className="cw-dialog-actions">
              <Dialog.Close className="cw-button" data-quiet>
                Cancel
              </Dialog.Close>
              <button type="submit" className="cw-button" disabled={busy || title.trim() === ""}>
                Make it
              </button>
            </div>
          </form>
        </Dialog.Content>
      </Dialog.Portal>
    </Dialog.Root>
  );
}
