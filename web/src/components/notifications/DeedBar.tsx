/** Says what was done and takes it back, says what went wrong. Its live regions are there before their words. */

import { Undo2, X } from "lucide-react";
import type { Deeds } from "./useDeeds";

export function DeedBar({ deeds: { last, error, undo, forget } }: { deeds: Deeds }) {
  return (
    <div className="cw-deeds">
      <p className="cw-error" role="alert">
        {error}
      </p>
      <div className="cw-deed-region" role="status">
        {last && (
          <div className="cw-deed">
            <span>{last.words}</span>
            {last.before.length > 0 && (
              <button type="button" className="cw-link" onClick={undo}>
                <Undo2 size={15} aria-hidden="true" /> Undo
              </button>
            )}
            <button type="button" className="cw-icon-button" aria-label="Close" onClick={forget}>
              <X size={16} aria-hidden="true" />
            </button>
          </div>
        )}
      </div>
    </div>
  );
}
