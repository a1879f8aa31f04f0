/** What happy-dom lacks and the components use. */

import { cleanup } from "@testing-library/react";
import { afterEach, vi } from "vitest";

vi.stubGlobal("IS_REACT_ACT_ENVIRONMENT", true);
if (typeof document !== "undefined") document.hasFocus = () => true;
afterEach(cleanup);
