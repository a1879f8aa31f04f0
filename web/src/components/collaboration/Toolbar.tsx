/** What one can do with the text: one stop of the Tab key, arrows within, Alt F10 from the text and Escape back. */

import type { Editor } from "@tiptap/core";
import { useEditorState } from "@tiptap/react";
import {
  Bold,
  ChevronDown,
  Code,
  Italic,
  List,
  ListOrdered,
  type LucideIcon,
  Redo2,
  Strikethrough,
  Underline,
  Undo2,
} from "lucide-react";
import { DropdownMenu, Toolbar as Radix } from "radix-ui";
import type { KeyboardEvent } from "react";
import type { DocumentMode, Motivation } from "../../contract";
import { LinkButton } from "./LinkButton";
import { MOD, NoteTools, Tool } from "./Tool";

interface Props {
  editor: Editor;
  mode: DocumentMode;
  /** Kinds of notes that one may make here. */
  kinds: readonly Motivation[];
  onAnnotate: (kind: Motivation) => void;
}

export function Toolbar({ editor, mode, kinds, onAnnotate }: Props) {
  const editing = mode === "edit";
  const back = (event: KeyboardEvent): void => {
    if (event.key !== "Escape") return;
    event.preventDefault();
    editor.commands.focus();
  };
  return (
    <Radix.Root className="cw-toolbar" aria-label="Formatting and notes" onKeyDown={back}>
      {editing && <Editing editor={editor} />}
      {mode !== "view" && <NoteTools kinds={kinds} hasKeys onBegin={onAnnotate} />}
    </Radix.Root>
  );
}

function Editing({ editor }: { editor: Editor }) {
  const now = useEditorState({ editor, selector: ({ editor: one }) => stateOf(one) });
  const run = (name: string) => () => {
    const chain = editor.chain().focus() as unknown as Record<string, () => { run: () => boolean }>;
    chain[name]?.().run();
  };
  return (
    <>
      <fieldset className="cw-toolbar-group" aria-label="Steps">
        <Tool label="Undo" Icon={Undo2} keys={`${MOD} Z`} off={!now.canUndo} onClick={run("undo")} />
        <Tool label="Redo" Icon={Redo2} keys={`${MOD} Shift Z`} off={!now.canRedo} onClick={run("redo")} />
      </fieldset>
      <BlockMenu editor={editor} block={now.block} />
      <fieldset className="cw-toolbar-group" aria-label="Words">
        {MARKS.map(({ name, label, Icon, keys, command }) => (
          <Tool key={name} label={label} Icon={Icon} keys={keys} on={now[name]} onClick={run(command)} />
        ))}
        <LinkButton editor={editor} on={now.link} />
      </fieldset>
      <fieldset className="cw-toolbar-group" aria-label="Lists">
        <Tool label="Bullets" Icon={List} on={now.bulletList} onClick={run("toggleBulletList")} />
        <Tool label="Numbers" Icon={ListOrdered} on={now.orderedList} onClick={run("toggleOrderedList")} />
      </fieldset>
    </>
  );
}

type Toggle = "bold" | "italic" | "underline" | "strike" | "code";

const MARKS: readonly { name: Toggle; label: string; Icon: LucideIcon; keys: string; command: string }[] = [
  { name: "bold", label: "Bold", Icon: Bold, keys: `${MOD} B`, command: "toggleBold" },
  { name: "italic", label: "Italic", Icon: Italic, keys: `${MOD} I`, command: "toggleItalic" },
  { name: "underline", label: "Underline", Icon: Underline, keys: `${MOD} U`, command: "toggleUnderline" },
  {
    name: "strike",
    label: "Strike out",
    Icon: Strikethrough,
    keys: `${MOD} Shift S`,
    command: "toggleStrike",
  },
  { name: "code", label: "Code", Icon: Code, keys: `${MOD} E`, command: "toggleCode" },
];

const BLOCKS: readonly (readonly [name: string, label: string, set: (editor: Editor) => void])[] = [
  ["paragraph", "Text", (editor) => editor.chain().focus().clearNodes().run()],
  ["heading1", "Heading 1", (editor) => editor.chain().focus().setHeading({ level: 1 }).run()],
  ["heading2", "Heading 2", (editor) => editor.chain().focus().setHeading({ level: 2 }).run()],
  ["heading3", "Heading 3", (editor) => editor.chain().focus().setHeading({ level: 3 }).run()],
  ["blockquote", "Quote", (editor) => editor.chain().focus().toggleBlockquote().run()],
  ["codeBlock", "Code block", (editor) => editor.chain().focus().toggleCodeBlock().run()],
];

function stateOf(editor: Editor) {
  const level = [1, 2, 3].find((one) => editor.isActive("heading", { level: one }));
  const block = editor.isActive("codeBlock")
    ? "codeBlock"
    : level !== undefined
      ? `heading${level}`
      : editor.isActive("blockquote")
        ? "blockquote"
        : "paragraph";
  return {
    block,
    canUndo: editor.can().undo(),
    canRedo: editor.can().redo(),
    bold: editor.isActive("bold"),
    italic: editor.isActive("italic"),
    underline: editor.isActive("underline"),
    strike: editor.isActive("strike"),
    code: editor.isActive("code"),
    link: editor.isActive("link"),
    bulletList: editor.isActive("bulletList"),
    orderedList: editor.isActive("orderedList"),
  };
}

function BlockMenu({ editor, block }: { editor: Editor; block: string }) {
  const label = BLOCKS.find(([name]) => name === block)?.[1] ?? "Text";
  return (
    <DropdownMenu.Root>
      <Radix.Button asChild>
        <DropdownMenu.Trigger className="cw-tool" data-wide aria-label={`Kind of text: ${label}`}>
          {label} <ChevronDown size={14} aria-hidden="true" />
        </DropdownMenu.Trigger>
      </Radix.Button>
      <DropdownMenu.Portal>
        <DropdownMenu.Content
          className="cw-menu"
          align="start"
          sideOffset={6}
          collisionPadding={8}
          // Back to the text, not to the button.
          onCloseAutoFocus={(event) => {
            event.preventDefault();
            editor.commands.focus();
          }}
        >
          <DropdownMenu.RadioGroup value={block}>
            {BLOCKS.map(([name, words, set]) => (
              <DropdownMenu.RadioItem
                key={name}
                value={name}
                className="cw-menu-item"
                data-block={name}
                onSelect={() => set(editor)}
              >
                {words}
              </DropdownMenu.RadioItem>
            ))}
          </DropdownMenu.RadioGroup>
        </DropdownMenu.Content>
      </DropdownMenu.Portal>
    </DropdownMenu.Root>
  );
}
