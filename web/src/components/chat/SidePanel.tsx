/** Something beside a conversation: a thread, a search, reports. On a phone it is a page of its own. Escape closes it. */

import { X } from "lucide-react";
import { type ReactNode, useEffect, useRef } from "react";

interface Props {
  title: string;
  /** Below the title, in small. */
  lead?: ReactNode;
  onClose: () => void;
  children: ReactNode;
}

export function SidePanel({ title, lead, onClose, children }: Props) {
  const panel = useRef<HTMLElement>(null);
  useEffect(() => {
    // What the panel gives the focus itself keeps it.
    if (!panel.current?.contains(document.activeElement)) panel.current?.focus();
  }, []);
  return (
    <aside
      className="cw-panel"
      ref={panel}
      aria-label={title}
      tabIndex={-1}
      onKeyDown={(event) => {
        // A menu or a dialog that was opened from here has its own Escape.
        if (event.key !== "Escape" || event.defaultPrevented) return;
        if (!panel.current?.contains(event.target as Node)) return;
        event.stopPropagation();
        onClose();
      }}
    >
      <header className="cw-panel-head">
        <div>
          <h2>{title}</h2>
          {lead && <p className="cw-muted">{lead}</p>}
        </div>
        <button type="button" className="cw-icon-button" aria-label={`Close ${title}`} onClick={onClose}>
          <X size={18} aria-hidden="true" />
        </button>
      </header>
      {children}
    </aside>
  );
}
