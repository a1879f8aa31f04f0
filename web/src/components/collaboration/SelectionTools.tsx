/** What is done most with marked text, beside it: all of it is in the toolbar, too. */

import type { Editor } from "@tiptap/core";
import { useEditorState } from "@tiptap/react";
import { Bold, Italic } from "lucide-react";
import { Toolbar as Radix } from "radix-ui";
import type { FocusEvent, KeyboardEvent } from "react";
import type { DocumentMode, Motivation } from "../../contract";
import type { Bubble } from "./bubble";
import { LinkButton } from "./LinkButton";
import { MOD, NOTES, Tool } from "./Tool";

interface Props {
  editor: Editor;
  bubble: Bubble;
  mode: DocumentMode;
  kinds: readonly Motivation[];
  onAnnotate: (kind: Motivation) => void;
}

const BESIDE: readonly Motivation[] = ["highlighting", "commenting"];

export function SelectionTools({ editor, bubble, mode, kinds, onAnnotate }: Props) {
  // What happens in the form for links comes by here, too: React's tree goes on where the page's ends.
  const isInside = ({ target }: { target: EventTarget }): boolean =>
    target instanceof Node && bubble.element.contains(target);
  const back = (event: KeyboardEvent): void => {
    if (event.key !== "Escape" || !isInside(event)) return;
    event.preventDefault();
    bubble.dismiss(editor);
    editor.commands.focus();
  };
  const leave = (event: FocusEvent<HTMLElement>): void => {
    const to = event.relatedTarget;
    if (event.currentTarget.contains(to) || editor.view.dom.contains(to)) return;
    if (isInside(event)) bubble.leave(editor);
  };
  return (
    <Radix.Root
      className="cw-marked-tools"
      aria-label="Marked text"
      onKeyDown={back}
      onBlur={leave}
      // Between the buttons, too, what is marked stays marked.
      onMouseDown={(event) => isInside(event) && event.preventDefault()}
    >
      {mode === "edit" && <Marks editor={editor} bubble={bubble} />}
      <fieldset className="cw-toolbar-group" aria-label="Notes">
        {BESIDE.filter((kind) => kinds.includes(kind)).map((kind) => (
          <Tool
            key={kind}
            {...NOTES[kind]}
            words={kind === "commenting"}
            onClick={() => {
              bubble.dismiss(editor);
              onAnnotate(kind);
            }}
          />
        ))}
      </fieldset>
    </Radix.Root>
  );
}

function Marks({ editor, bubble }: Pick<Props, "editor" | "bubble">) {
  const now = useEditorState({
    editor,
    selector: ({ editor: one }) => ({
      bold: one.isActive("bold"),
      italic: one.isActive("italic"),
      link: one.isActive("link"),
    }),
  });
  return (
    <fieldset className="cw-toolbar-group" aria-label="Words">
      <Tool
        label="Bold"
        Icon={Bold}
        keys={`${MOD} B`}
        on={now.bold}
        onClick={() => editor.chain().focus().toggleBold().run()}
      />
      <Tool
        label="Italic"
        Icon={Italic}
        keys={`${MOD} I`}
        on={now.italic}
        onClick={() => editor.chain().focus().toggleItalic().run()}
      />
      <LinkButton editor={editor} on={now.link} onOpen={(isOpen) => bubble.hold(isOpen)} />
    </fieldset>
  );
}
