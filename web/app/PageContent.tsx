/** What stands on a page: the page itself, its outline while it is loaded, or that it could not be. */

import { useEffect } from "react";
import { useLater } from "../src/components/later";
import { loadPages, type Page } from "./pages";

const LINES = [38, 62, 54, 70, 46];

export function PageContent({ page }: { page: Page }) {
  const { Component, failed, again } = useLater(page.content);
  // The others after the one that was asked for.
  const isLoaded = Component !== null;
  useEffect(() => {
    if (isLoaded) void loadPages();
  }, [isLoaded]);
  if (Component) return <Component />;
  if (failed) {
    return (
      <div className="page-state" role="alert">
        <p>{page.title} could not be loaded.</p>
        <p className="cw-muted">The server cannot be reached right now, or there is a newer version.</p>
        <div className="page-ways">
          <button type="button" className="cw-button" onClick={again}>
            Try again
          </button>
          <button type="button" className="cw-button" data-quiet onClick={() => location.reload()}>
            Reload the page
          </button>
        </div>
      </div>
    );
  }
  return (
    <div className="page-loading" role="status">
      <span className="cw-hidden">Loading {page.title}</span>
      {LINES.map((width) => (
        <span className="cw-skeleton" key={width} style={{ width: `${width}%` }} aria-hidden="true" />
      ))}
    </div>
  );
}
