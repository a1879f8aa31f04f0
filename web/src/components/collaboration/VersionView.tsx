/** One version: as it reads, or compared with another, with what was added and removed by whom; and the way back to it. */

import { RotateCcw, X } from "lucide-react";
import { AlertDialog, Dialog, ToggleGroup } from "radix-ui";
import { type CSSProperties, useEffect, useState } from "react";
import type { Comparison, Version, VersionContent } from "../../contract";
import type { CollaborationResult } from "../../hooks/useCollaborationWebSocket";
import { words } from "../../services/websocket/errors";
import { hue } from "../people";
import { useFocusBack } from "../useFocusBack";
import { nameOf } from "./names";
import { ServerHtml } from "./ServerHtml";
import { versionWords, whenWords } from "./VersionsPanel";

interface Props {
  version: Version;
  versions: readonly Version[];
  collaboration: CollaborationResult;
  names: ReadonlyMap<string, string>;
  onClose: () => void;
}

type Shown = { content: VersionContent } | { comparison: Comparison } | { problem: string } | null;

/** What it is compared with: the document as it is now, or another version. */
const NOW = "now";

export function VersionView({ version, versions, collaboration, names, onClose }: Props) {
  const { readVersion, compareVersions, mode } = collaboration;
  const [way, setWay] = useState<"read" | "compare">("read");
  const [other, setOther] = useState(NOW);
  const [shown, setShown] = useState<Shown>(null);
  const [asking, setAsking] = useState(false);

  useEffect(() => {
    let here = true;
    setShown(null);
    const asked =
      way === "read"
        ? readVersion(version.id).then((content) => ({ content }))
        : compareVersions(version.id, other === NOW ? undefined : other).then((comparison) => ({
            comparison,
          }));
    asked.then(
      (found) => here && setShown(found),
      (error: unknown) => here && setShown({ problem: words(error) }),
    );
    return () => {
      here = false;
    };
  }, [readVersion, compareVersions, version.id, way, other]);

  const focus = useFocusBack();
  return (
    <Dialog.Root open onOpenChange={(open) => !open && onClose()}>
      <Dialog.Portal>
        <Dialog.Overlay className="cw-overlay" />
        <Dialog.Content className="cw-dialog cw-version-view" aria-describedby={undefined} {...focus}>
          <div className="cw-dialog-head">
            <span>
              <Dialog.Title className="cw-dialog-title">{versionWords(version)}</Dialog.Title>
              <span className="cw-muted">{whenWords(version)}</span>
            </span>
            <Dialog.Close className="cw-icon-button" aria-label="Close">
              <X size={18} aria-hidden="true" />
            </Dialog.Close>
          </div>
          <div className="cw-version-tools">
            <ToggleGroup.Root
              type="single"
              className="cw-toggle"
              aria-label="How to show it"
              value={way}
              onValueChange={(value) => value && setWay(value as typeof way)}
            >
              <ToggleGroup.Item value="read">As it was</ToggleGroup.Item>
              <ToggleGroup.Item value="compare">What changed</ToggleGroup.Item>
            </ToggleGroup.Root>
            {way === "compare" && (
              <label className="cw-version-with">
                <span>until</span>
                <select value={other} onChange={(event) => setOther(event.target.value)}>
                  <option value={NOW}>now</option>
                  {versions
                    .filter(({ id }) => id !== version.id)
                    .map((one) => (
                      <option key={one.id} value={one.id}>
                        {versionWords(one)}, {whenWords(one)}
                      </option>
                    ))}
                </select>
              </label>
            )}
          </div>
          {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a scrollable region must be reachable by keyboard */}
          <section className="cw-version-body" tabIndex={0} aria-label={way === "read" ? "Text" : "Changes"}>
            {shown === null && <p role="status">Loading…</p>}
            {shown && "problem" in shown && <p role="alert">{shown.problem}</p>}
            {shown && "content" in shown && <ServerHtml html={shown.content.html} />}
            {shown && "comparison" in shown && <Compared comparison={shown.comparison} names={names} />}
          </section>
          {mode === "edit" && (
            <div className="cw-dialog-actions">
              <button type="button" className="cw-button" onClick={() => setAsking(true)}>
                <RotateCcw size={15} aria-hidden="true" /> Bring this version back
              </button>
            </div>
          )}
          {asking && (
            <Sure
              version={version}
              onNo={() => setAsking(false)}
              onYes={async () => {
                await collaboration.restoreVersion(version.id);
                onClose();
              }}
            />
          )}
        </Dialog.Content>
      </Dialog.Portal>
    </Dialog.Root>
  );
}

function Compared({ comparison, names }: { comparison: Comparison; names: ReadonlyMap<string, string> }) {
  const { runs, truncated } = comparison;
  const changed = runs.some(({ change }) => change !== "kept");
  const authors = [
    ...new Set(runs.flatMap(({ change, user_id }) => (change === "kept" ? [] : (user_id ?? "")))),
  ];
  if (!changed) return <p className="cw-muted">Nothing has changed between the two.</p>;
  return (
    <>
      <ul className="cw-compare-who" aria-label="Who changed something">
        {authors.map((id) => (
          <li key={id} style={hueOf(id)}>
            {nameOf(names, id || undefined)}
          </li>
        ))}
      </ul>
      <div className="cw-compare">
        {runs.map((run, index) => {
          // biome-ignore lint/suspicious/noArrayIndexKey: the runs of one comparison never change
          if (run.change === "kept") return <span key={index}>{run.text}</span>;
          const Tag = run.change === "added" ? "ins" : "del";
          const who = nameOf(names, run.user_id);
          return (
            // biome-ignore lint/suspicious/noArrayIndexKey: as above
            <Tag key={index} title={`${run.change} by ${who}`} style={hueOf(run.user_id ?? "")}>
              <span className="cw-hidden">
                {run.change} by {who}:{" "}
              </span>
              {run.text}
            </Tag>
          );
        })}
      </div>
      {truncated && <p className="cw-muted">There is more: only the first part is shown.</p>}
    </>
  );
}

/** The same person has the same colour here as on their face. */
const hueOf = (userId: string): CSSProperties =>
  ({ "--cw-hue": hue(userId), ...(userId === "" && { "--cw-chroma": 0 }) }) as CSSProperties;

interface SureProps {
  version: Version;
  onYes: () => Promise<void>;
  onNo: () => void;
}

function Sure({ version, onYes, onNo }: SureProps) {
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState("");
  const yes = async (): Promise<void> => {
    setBusy(true);
    setProblem("");
    try {
      await onYes();
    } catch (error) {
      setProblem(words(error));
      setBusy(false);
    }
  };
  const focus = useFocusBack();
  return (
    <AlertDialog.Root open onOpenChange={(open) => !open && onNo()}>
      <AlertDialog.Portal>
        <AlertDialog.Overlay className="cw-overlay" />
        <AlertDialog.Content className="cw-dialog" data-small {...focus}>
          <AlertDialog.Title className="cw-dialog-title">
            Bring “{versionWords(version)}” back?
          </AlertDialog.Title>
          <AlertDialog.Description className="cw-muted">
            Everybody in the document sees the old text. What is there now is saved as a version before.
          </AlertDialog.Description>
          <p className="cw-error" role="alert">
            {problem}
          </p>
          <div className="cw-dialog-actions">
            <AlertDialog.Cancel className="cw-button" data-quiet>
              Leave it
            </AlertDialog.Cancel>
            <button type="button" className="cw-button" disabled={busy} onClick={() => void yes()}>
              Bring it back
            </button>
          </div>
        </AlertDialog.Content>
      </AlertDialog.Portal>
    </AlertDialog.Root>
  );
}
