/** One button of a toolbar, and those that begin a note. */

import {
  Highlighter,
  type LucideIcon,
  MessageCircleQuestionMark,
  MessageSquarePlus,
  SquareCheckBig,
} from "lucide-react";
import { Toolbar } from "radix-ui";
import type { Motivation } from "../../contract";

const isMac = typeof navigator !== "undefined" && /Mac|iP/u.test(navigator.platform);
/** What stands for "Mod" on this keyboard. */
export const MOD = isMac ? "⌘" : "Ctrl";

interface ToolProps {
  label: string;
  Icon: LucideIcon;
  keys?: string | undefined;
  /** Whether it holds where the caret is; undefined: it does something, once. */
  on?: boolean;
  off?: boolean;
  /** Show the label as well, where there is room. */
  words?: boolean;
  onClick: () => void;
}

export function Tool({ label, Icon, keys, on, off = false, words = false, onClick }: ToolProps) {
  return (
    <Toolbar.Button
      className="cw-tool"
      data-words={words || undefined}
      aria-label={label}
      aria-pressed={on}
      // Not `disabled`: the focus would be lost with the last step that can be undone.
      aria-disabled={off || undefined}
      title={keys ? `${label} (${keys})` : label}
      // What is marked in the text stays marked.
      onMouseDown={(event) => event.preventDefault()}
      onClick={() => !off && onClick()}
    >
      <Icon size={17} aria-hidden="true" />
      {words && <span>{label}</span>}
    </Toolbar.Button>
  );
}

export const NOTES: Record<Motivation, { label: string; Icon: LucideIcon; keys?: string }> = {
  commenting: { label: "Comment", Icon: MessageSquarePlus, keys: `${MOD} Alt M` },
  questioning: { label: "Question", Icon: MessageCircleQuestionMark },
  highlighting: { label: "Highlight", Icon: Highlighter, keys: `${MOD} Alt H` },
  assessing: { label: "Assess", Icon: SquareCheckBig },
};

interface NoteToolsProps {
  /** Those that one may make here. */
  kinds: readonly Motivation[];
  /** Whether keys begin them, too. */
  hasKeys?: boolean;
  onBegin: (kind: Motivation) => void;
}

export function NoteTools({ kinds, hasKeys = false, onBegin }: NoteToolsProps) {
  return (
    <fieldset className="cw-toolbar-group" data-notes aria-label="Notes">
      {kinds.map((kind) => {
        const { label, Icon, keys } = NOTES[kind];
        return (
          <Tool
            key={kind}
            label={label}
            Icon={Icon}
            keys={hasKeys ? keys : undefined}
            words={kind === "commenting"}
            onClick={() => onBegin(kind)}
          />
        );
      })}
    </fieldset>
  );
}
