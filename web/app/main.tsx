/** The entry of the reference campus. */

import "@fontsource-variable/inter";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { ErrorBoundary } from "react-error-boundary";
import { Campus } from "./Campus";
import { linkTo } from "./links";
import { PageState } from "./PageState";
import { pageOf } from "./pages";
import { applyTheme, readTheme } from "./theme";
import "../src/components/styles";
import "./campus.css";
import "./page.css";
import "./sign-in.css";

// A mail leads to `/chat?room=...`; here pages stand behind the `#`.
if (location.pathname !== "/") location.replace(`/${linkTo(location.pathname + location.search)}`);
applyTheme(readTheme());
// The page is on its way while one signs in; whether it came is told where it stands.
const [, open = ""] = location.hash.split(/[/?]/u);
pageOf(open)
  .content.load()
  .catch(() => undefined);
const root = document.getElementById("root");
if (!root) throw new Error("index.html has no #root");
createRoot(root).render(
  <StrictMode>
    <ErrorBoundary fallback={<PageState what="The campus cannot be shown." why="Something has failed." />}>
      <Campus />
    </ErrorBoundary>
  </StrictMode>,
);
