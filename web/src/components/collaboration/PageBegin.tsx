/** Begins a note on a page: at what is marked, or, without a mouse, at a block that one chooses from a list. */

import { Toolbar } from "radix-ui";
import { useId, useState } from "react";
import type { Motivation } from "../../contract";
import { NoteTools } from "./Tool";

interface Props {
  kinds: readonly Motivation[];
  onBegin: (kind: Motivation) => void;
}

export const PageBegin = ({ kinds, onBegin }: Props) => (
  <Toolbar.Root className="cw-toolbar" aria-label="Notes at what is marked">
    <NoteTools kinds={kinds} onBegin={onBegin} />
  </Toolbar.Root>
);

export interface Block {
  from: number;
  to: number;
  words: string;
}

interface BlockProps {
  /** Asked when the list is opened. */
  blocks: () => readonly Block[];
  onBegin: (block: Block) => void;
}

/** So much of each tells which it is. */
const LONGEST = 60;

export function BlockBegin({ blocks, onBegin }: BlockProps) {
  const [found, setFound] = useState<readonly Block[] | null>(null);
  const [chosen, setChosen] = useState(0);
  const id = useId();
  if (found === null)
    return (
      <button type="button" className="cw-link cw-block-begin" onClick={() => setFound(blocks())}>
        Note on a paragraph…
      </button>
    );
  const block = found[chosen];
  return (
    <form
      className="cw-block-form"
      onSubmit={(event) => {
        event.preventDefault();
        if (block) onBegin(block);
        setFound(null);
      }}
    >
      <label htmlFor={id}>Which one?</label>
      <select
        id={id}
        value={chosen}
        // biome-ignore lint/a11y/noAutofocus: it appears because somebody asked for it
        autoFocus
        onChange={(event) => setChosen(Number(event.target.value))}
      >
        {found.map(({ from, words }, index) => (
          <option key={from} value={index}>
            {words.length > LONGEST ? `${words.slice(0, LONGEST)}…` : words}
          </option>
        ))}
      </select>
      <div className="cw-note-ends">
        <button type="button" className="cw-button" data-quiet onClick={() => setFound(null)}>
          Cancel
        </button>
        <button type="submit" className="cw-button" disabled={!block}>
          Write a note
        </button>
      </div>
    </form>
  );
}
