/** What every test starts with: a focused page, no leftovers, no warnings. */

import { cleanup } from "@testing-library/react";
import { afterEach, beforeEach, vi } from "vitest";

vi.stubGlobal("IS_REACT_ACT_ENVIRONMENT", true);
if (typeof document !== "undefined") document.hasFocus = () => true;
afterEach(cleanup);

// A warning in a test is a mistake in the code or in the test.
beforeEach(() => {
  for (const level of ["error", "warn"] as const) {
    vi.spyOn(console, level).mockImplementation((...words: unknown[]) => {
      throw new Error(`console.${level}: ${words.join(" ")}`);
    });
  }
});
