/** A warning in a test is a mistake in the code or in the test. */

import { beforeEach, vi } from "vitest";

beforeEach(() => {
  for (const level of ["error", "warn"] as const) {
    vi.spyOn(console, level).mockImplementation((...words: unknown[]) => {
      throw new Error(`console.${level}: ${words.join(" ")}`);
    });
  }
});
