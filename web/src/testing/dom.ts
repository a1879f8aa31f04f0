/** What every test of a page starts with: a focused page with sizes, and no leftovers. */

import { cleanup, configure } from "@testing-library/react";
import { afterEach, vi } from "vitest";

// How long something that will come is waited for: no test may fail because the machine has other work.
configure({ asyncUtilTimeout: 20_000 });
vi.stubGlobal("IS_REACT_ACT_ENVIRONMENT", true);
document.hasFocus = () => true;
// No layout is made in tests: a list is a screen high and a row a line, or no list would show anything.
const isList = (element: Element): boolean => element.getAttribute("role") === "log";
const sizes: [string, (element: Element) => number][] = [
  ["offsetHeight", () => 40],
  ["clientHeight", (element) => (isList(element) ? 2_000 : 0)],
  ["clientWidth", (element) => (isList(element) ? 400 : 0)],
];
for (const [name, size] of sizes) {
  Object.defineProperty(HTMLElement.prototype, name, {
    get(this: HTMLElement) {
      return size(this);
    },
  });
}
afterEach(cleanup);
