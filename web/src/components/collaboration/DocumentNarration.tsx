/** The one live region of a document: says who comes and goes, where others edit, and what becomes of one's own edits. */

import { useEffect, useRef, useState } from "react";
import type { DocumentMode, Participant } from "../../contract";
import type { SaveState } from "../../services/websocket/collaboration/state";
import { DocumentNarrator } from "./news";
import { saveWords, useCalm } from "./SaveState";

interface Props {
  userId: string;
  /** They are known: who comes from now on is news. */
  isReady: boolean;
  participants: readonly Participant[];
  places: ReadonlyMap<string, string>;
  saveState: SaveState;
  mode: DocumentMode | null;
}

/** How often we look whether something may be said. */
const TICK_MS = 1_000;

const MODES: Record<DocumentMode, string> = {
  edit: "You can edit this document now.",
  comment: "You can read and comment here, but not edit any more.",
  view: "You can only read here now.",
};

export function DocumentNarration(props: Props) {
  const { userId, isReady, participants, places, mode } = props;
  const [narrator] = useState(() => new DocumentNarrator());
  const [words, setWords] = useState("");
  const saveState = useCalm(props.saveState);
  const saved = useRef<SaveState>("saved");
  const told = useRef<DocumentMode | null>(null);

  useEffect(() => {
    if (!isReady) return;
    const others = participants.filter(({ user_id }) => user_id !== userId);
    narrator.see(others.map(({ user_id, name }) => ({ user_id, name, place: places.get(user_id) ?? null })));
  }, [narrator, isReady, participants, places, userId]);

  useEffect(() => {
    const before = saved.current;
    // Each letter is saved, or kept: only what is not usual is told, and that it is over.
    if (saveState === "saving" || saveState === "keeping") return;
    saved.current = saveState;
    if (before !== saveState) narrator.tell(`${saveWords[saveState]}.`);
  }, [narrator, saveState]);

  useEffect(() => {
    const before = told.current;
    told.current = mode;
    if (mode !== null && before !== null && before !== mode) narrator.tell(MODES[mode]);
  }, [narrator, mode]);

  useEffect(() => {
    const timer = setInterval(() => {
      const next = narrator.say(Date.now());
      if (next !== null) setWords(next);
    }, TICK_MS);
    return () => clearInterval(timer);
  }, [narrator]);

  return (
    <span className="cw-hidden" role="status">
      {words}
    </span>
  );
}
