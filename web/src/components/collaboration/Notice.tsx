/** Something that did not work, said where one looks, until it is closed. */

import { X } from "lucide-react";

export function Notice({ words, onClose }: { words: string; onClose: () => void }) {
  return (
    <div role="alert">
      {words !== "" && (
        <p className="cw-banner" data-tone="danger">
          <span>{words}</span>
          <button type="button" className="cw-icon-button" aria-label="Close this message" onClick={onClose}>
            <X size={16} aria-hidden="true" />
          </button>
        </p>
      )}
    </div>
  );
}
