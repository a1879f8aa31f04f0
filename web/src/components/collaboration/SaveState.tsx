/** Whether what one has written is safe. It never says so before it is. */

import { CircleAlert, Cloud, CloudOff, HardDriveDownload, LoaderCircle } from "lucide-react";
import { useEffect, useState } from "react";
import type { DocumentMode } from "../../contract";
import type { SaveState as State } from "../../services/websocket/collaboration/state";

interface Props {
  state: State;
  mode: DocumentMode | null;
  isConnected: boolean;
  keeps: boolean;
}

/** Good news waits for a pause: it would flicker between two letters. */
const PAUSE_MS = 700;

export const saveWords: Record<State, string> = {
  saved: "All changes saved",
  saving: "Saving…",
  keeping: "Offline. Keeping your changes on this device…",
  kept: "Offline. Your changes are kept on this device",
  offline: "Offline. Your changes are lost when you close this page",
  refused: "Some of your changes were not taken",
};

const ICONS = {
  saved: Cloud,
  saving: LoaderCircle,
  keeping: HardDriveDownload,
  kept: HardDriveDownload,
  offline: CloudOff,
  refused: CircleAlert,
};

/** What to show: late to say that all is well, at once to say that it is not. */
export function useCalm(state: State): State {
  const [calm, setCalm] = useState(state);
  const isGood = state === "saved" || state === "kept";
  useEffect(() => {
    if (!isGood) return setCalm(state);
    const timer = setTimeout(() => setCalm(state), PAUSE_MS);
    return () => clearTimeout(timer);
  }, [state, isGood]);
  // What is kept is not saved yet, however long it was.
  return isGood && calm !== "saved" ? calm : state;
}

export function SaveState({ state, mode, isConnected, keeps }: Props) {
  const shown = useCalm(state);
  if (mode !== "edit" && (shown === "saved" || shown === "saving")) {
    const words = isConnected
      ? mode === "comment"
        ? "You can read and comment"
        : "You can read"
      : "Offline. What you see may be old";
    return (
      <span className="cw-save" data-state={isConnected ? "saved" : "kept"}>
        {words}
      </span>
    );
  }
  const Icon = ICONS[shown];
  const offline = shown === "saved" && !isConnected;
  return (
    <span className="cw-save" data-state={offline ? "kept" : shown}>
      <Icon size={14} aria-hidden="true" />
      {offline
        ? keeps
          ? "Offline. You can go on writing"
          : "Offline. Nothing is kept on this device"
        : saveWords[shown]}
    </span>
  );
}
