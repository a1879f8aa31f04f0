/** What stands on a page: the page itself, its outline while it is loaded, or that it could not be loaded or shown. */

import { useEffect } from "react";
import { ErrorBoundary } from "react-error-boundary";
import { useLater } from "../src/components/later";
import { PageState } from "./PageState";
import { loadPages, type Page } from "./pages";

const LINES = [38, 62, 54, 70, 46];

/** A page that fails takes none of the others with it, nor the way to them. */
export function PageContent({ page }: { page: Page }) {
  return (
    <ErrorBoundary
      fallbackRender={({ resetErrorBoundary }) => (
        <PageState
          what={`${page.title} cannot be shown.`}
          why="Something on this page has failed. The other pages go on."
          again={resetErrorBoundary}
        />
      )}
    >
      <Content page={page} />
    </ErrorBoundary>
  );
}

function Content({ page }: { page: Page }) {
  const { Component, failed, again } = useLater(page.content);
  // The others after the one that was asked for.
  const isLoaded = Component !== null;
  useEffect(() => {
    if (isLoaded) void loadPages();
  }, [isLoaded]);
  if (Component) return <Component />;
  if (failed) {
    return (
      <PageState
        what={`${page.title} could not be loaded.`}
        why="The server cannot be reached right now, or there is a newer version."
        again={again}
      />
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
