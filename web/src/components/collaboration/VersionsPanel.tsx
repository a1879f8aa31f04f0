/** The states that a document had: saved by name, or by themselves; to look at, to compare, to bring back. */

import { History, X } from "lucide-react";
import { type FormEvent, useEffect, useId, useState } from "react";
import type { Version } from "../../contract";
import type { CollaborationResult } from "../../hooks/useCollaborationWebSocket";
import { words } from "../../services/websocket/errors";
import { clock, dayName } from "../times";
import { nameOf } from "./names";
import { VersionView } from "./VersionView";

interface Props {
  collaboration: CollaborationResult;
  names: ReadonlyMap<string, string>;
  onClose: () => void;
}

const REASONS: Record<NonNullable<Version["automatic"]>, string> = {
  interval: "Saved while it was edited",
  before_restore: "What was there before a restore",
  session_end: "Saved when the last one left",
};

export const versionWords = (version: Version): string =>
  version.title || (version.automatic ? REASONS[version.automatic] : `Version ${version.number}`);

export function VersionsPanel({ collaboration, names, onClose }: Props) {
  const { versions, mode, loadVersions, loadMoreVersions, documentId } = collaboration;
  const [open, setOpen] = useState<Version | null>(null);
  const id = useId();
  useEffect(() => {
    if (documentId !== null) void loadVersions();
  }, [loadVersions, documentId]);
  return (
    <section className="cw-versions" aria-labelledby={id}>
      <header className="cw-panel-head">
        <h3 id={id}>Versions</h3>
        <button type="button" className="cw-icon-button" aria-label="Close the versions" onClick={onClose}>
          <X size={18} aria-hidden="true" />
        </button>
      </header>
      <div className="cw-versions-list">
        {mode === "edit" && <SaveForm onSave={collaboration.saveVersion} />}
        {versions.phase === "failed" && (
          <div className="cw-panel-empty" role="alert">
            <p>The versions could not be loaded.</p>
            <p className="cw-muted">{versions.error}</p>
            <button type="button" className="cw-button" data-quiet onClick={() => void loadVersions()}>
              Try again
            </button>
          </div>
        )}
        {(versions.phase === "loading" || versions.phase === "idle") && versions.items.length === 0 && (
          <p className="cw-panel-empty" role="status">
            Loading…
          </p>
        )}
        {versions.phase === "ready" && versions.items.length === 0 && (
          <div className="cw-panel-empty">
            <History size={28} strokeWidth={1.4} aria-hidden="true" />
            <p>No version was saved yet. One is kept by itself while the text is edited.</p>
          </div>
        )}
        <ul className="cw-version-items">
          {versions.items.map((version) => (
            <li key={version.id}>
              <button type="button" className="cw-version" onClick={() => setOpen(version)}>
                <strong data-automatic={version.automatic !== undefined || undefined}>
                  {versionWords(version)}
                </strong>
                <span>{whenWords(version)}</span>
                {version.editors.length > 0 && (
                  <span>{version.editors.map((one) => nameOf(names, one)).join(", ")}</span>
                )}
              </button>
            </li>
          ))}
        </ul>
        {versions.hasMore && (
          <button type="button" className="cw-button" data-quiet onClick={() => void loadMoreVersions()}>
            Show older versions
          </button>
        )}
      </div>
      {open && (
        <VersionView
          version={open}
          versions={versions.items}
          collaboration={collaboration}
          names={names}
          onClose={() => setOpen(null)}
        />
      )}
    </section>
  );
}

export function whenWords({ saved_at }: Version): string {
  const at = Date.parse(saved_at);
  return `${dayName(at, Date.now())}, ${clock(at)}`;
}

function SaveForm({ onSave }: { onSave: (title: string) => Promise<unknown> }) {
  const [title, setTitle] = useState("");
  const [busy, setBusy] = useState(false);
  const [said, setSaid] = useState("");
  const [problem, setProblem] = useState("");
  const save = async (event: FormEvent): Promise<void> => {
    event.preventDefault();
    const name = title.trim();
    if (name === "" || busy) return;
    setBusy(true);
    setProblem("");
    try {
      await onSave(name);
      setTitle("");
      setSaid(`“${name}” is saved.`);
    } catch (error) {
      setProblem(words(error));
    }
    setBusy(false);
  };
  return (
    <form className="cw-version-form" onSubmit={(event) => void save(event)}>
      <label className="cw-field">
        <span>Name this version</span>
        <input
          value={title}
          maxLength={200}
          placeholder="First draft"
          onChange={(event) => setTitle(event.target.value)}
        />
      </label>
      <button type="submit" className="cw-button" disabled={busy || title.trim() === ""}>
        Save
      </button>
      <span className="cw-hidden" role="status">
        {said}
      </span>
      <p className="cw-error" role="alert">
        {problem}
      </p>
    </form>
  );
}
