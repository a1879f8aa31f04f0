/** Makes a link of what is marked, changes it, or takes it away. */

import type { Editor } from "@tiptap/core";
import { Link } from "lucide-react";
import { Popover, Toolbar as Radix } from "radix-ui";
import { useId, useState } from "react";

interface Props {
  editor: Editor;
  on: boolean;
  onOpen?: (isOpen: boolean) => void;
}

/** As people type addresses: without `https://`. */
const completed = (address: string): string =>
  /^[a-z][a-z0-9+.-]*:/iu.test(address) || address.startsWith("/") ? address : `https://${address}`;

export function LinkButton({ editor, on, onOpen }: Props) {
  const [open, openOrClose] = useState(false);
  const setOpen = (next: boolean): void => {
    onOpen?.(next);
    openOrClose(next);
  };
  const [address, setAddress] = useState("");
  const [problem, setProblem] = useState("");
  const id = useId();
  const show = (next: boolean): void => {
    if (next) {
      const { href } = editor.getAttributes("link") as { href?: string };
      setAddress(href ?? "");
      setProblem("");
    }
    setOpen(next);
  };
  const save = (): void => {
    const wanted = address.trim();
    const chain = editor.chain().extendMarkRange("link");
    if (wanted === "") chain.unsetLink().run();
    else if (!linked(editor, completed(wanted)))
      return setProblem(
        editor.isActive("code") || editor.isActive("codeBlock")
          ? "Code cannot be a link."
          : "This cannot be linked: an address begins with https:// or mailto:.",
      );
    setOpen(false);
  };
  return (
    <Popover.Root open={open} onOpenChange={show}>
      <Radix.Button asChild>
        <Popover.Trigger
          className="cw-tool"
          aria-label="Link"
          title="Link"
          aria-pressed={on}
          onMouseDown={(event) => event.preventDefault()}
        >
          <Link size={17} aria-hidden="true" />
        </Popover.Trigger>
      </Radix.Button>
      <Popover.Portal>
        <Popover.Content
          className="cw-popover cw-link-form"
          aria-label="Link"
          sideOffset={6}
          collisionPadding={8}
          onCloseAutoFocus={(event) => {
            event.preventDefault();
            editor.commands.focus();
          }}
        >
          <form
            onSubmit={(event) => {
              event.preventDefault();
              save();
            }}
          >
            <label className="cw-field" htmlFor={id}>
              <span>Address</span>
              <input
                id={id}
                value={address}
                inputMode="url"
                placeholder="https://"
                aria-describedby={`${id}-problem`}
                onChange={(event) => setAddress(event.target.value)}
              />
            </label>
            <p className="cw-error" role="alert" id={`${id}-problem`}>
              {problem}
            </p>
            <div className="cw-dialog-actions">
              {on && (
                <button
                  type="button"
                  className="cw-button"
                  data-quiet
                  onClick={() => {
                    editor.chain().extendMarkRange("link").unsetLink().run();
                    setOpen(false);
                  }}
                >
                  Take it away
                </button>
              )}
              <button type="submit" className="cw-button">
                {on ? "Change" : "Link"}
              </button>
            </div>
          </form>
        </Popover.Content>
      </Popover.Portal>
    </Popover.Root>
  );
}

/** Where nothing is marked the address itself is written. False when it may not be linked. */
function linked(editor: Editor, href: string): boolean {
  const { empty } = editor.state.selection;
  if (!empty || editor.isActive("link"))
    return editor.chain().extendMarkRange("link").setLink({ href }).run();
  if (!editor.can().setLink({ href })) return false;
  return editor
    .chain()
    .insertContent({ type: "text", text: href, marks: [{ type: "link", attrs: { href } }] })
    .run();
}
