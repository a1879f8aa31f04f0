/** Why there is nothing to see, and the ways on. */

import type { ReactNode } from "react";

export interface PageStateProps {
  what: string;
  why: string;
  /** Try again without a reload, where that can help. */
  again?: () => void;
  /** Another way than to load the page anew. */
  children?: ReactNode;
}

export function PageState({ what, why, again, children }: PageStateProps) {
  return (
    <div className="page-state" role="alert">
      <p>{what}</p>
      <p className="cw-muted">{why}</p>
      <div className="page-ways">
        {again && (
          <button type="button" className="cw-button" onClick={again}>
            Try again
          </button>
        )}
        {children ?? (
          <button type="button" className="cw-button" data-quiet onClick={() => location.reload()}>
            Reload the page
          </button>
        )}
      </div>
    </div>
  );
}
