/** All emoji by group, found by name; one stop of the Tab key, the arrows move. Loaded when it is opened. */

import { Search } from "lucide-react";
import { type KeyboardEvent, useMemo, useRef, useState } from "react";
import groups from "unicode-emoji-json/data-by-group.json";

/** As many as fit beside each other; the arrows up and down go as far. */
const COLUMNS = 8;
/** More is not looked through by eye. */
const MOST_FOUND = 200;

interface Emoji {
  emoji: string;
  name: string;
}

export default function EmojiList({ onChoose }: { onChoose: (emoji: string) => void }) {
  const [wanted, setWanted] = useState("");
  const box = useRef<HTMLDivElement>(null);
  const words = wanted.trim().toLowerCase();
  const shown = useMemo(() => (words === "" ? groups : found(words)), [words]);
  const none = shown.every(({ emojis }) => emojis.length === 0);

  const keyed = (event: KeyboardEvent): void => {
    const buttons = [...(box.current?.querySelectorAll<HTMLElement>(".cw-emoji") ?? [])];
    const at = buttons.indexOf(document.activeElement as HTMLElement);
    const steps = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: COLUMNS, ArrowUp: -COLUMNS }[event.key];
    if (steps === undefined || (at < 0 && event.key !== "ArrowDown")) return;
    event.preventDefault();
    if (at >= 0 && at + steps < 0) box.current?.querySelector("input")?.focus();
    else buttons[at < 0 ? 0 : Math.min(buttons.length - 1, at + steps)]?.focus();
  };

  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: the keys of the search field and of the buttons in it
    <div className="cw-emoji-list" ref={box} onKeyDown={keyed}>
      <label className="cw-search">
        <Search size={16} aria-hidden="true" />
        <input
          type="search"
          // biome-ignore lint/a11y/noAutofocus: one has just asked for this list
          autoFocus
          value={wanted}
          placeholder="Find an emoji"
          aria-label="Find an emoji"
          onChange={(event) => setWanted(event.target.value)}
        />
      </label>
      <div className="cw-emoji-groups">
        {none && <p className="cw-muted">No emoji has that name.</p>}
        {shown.map(({ name, emojis }) => (
          <section key={name} aria-label={name}>
            <h4 className="cw-menu-label">{name}</h4>
            <div className="cw-emoji-grid">
              {(emojis as Emoji[]).map((one) => (
                <button
                  key={one.emoji}
                  type="button"
                  className="cw-emoji"
                  tabIndex={-1}
                  title={one.name}
                  aria-label={one.name}
                  onClick={() => onChoose(one.emoji)}
                >
                  {one.emoji}
                </button>
              ))}
            </div>
          </section>
        ))}
      </div>
    </div>
  );
}

function found(words: string): { name: string; emojis: Emoji[] }[] {
  const emojis = groups.flatMap((group) => group.emojis as Emoji[]);
  return [{ name: "Found", emojis: emojis.filter(({ name }) => name.includes(words)).slice(0, MOST_FOUND) }];
}
