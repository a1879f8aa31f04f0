/** Runs the tests beside the sources; the recorded traces are read from `tests/traces`. */

import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";

/** The core, which needs neither React nor a page: without a DOM to begin with. */
const core = ["src/services/**/*.test.ts", "src/worker/**/*.test.ts"];

export default defineConfig({
  plugins: [react()],
  // Two copies of Yjs would not know each other's types.
  resolve: { dedupe: ["yjs"] },
  test: {
    restoreMocks: true,
    // For what hangs alone: at a load of 15 on two processors a test of many clicks took 5.6 s, and one that is given up
    // goes on beside the next and spoils it.
    testTimeout: 60_000,
    hookTimeout: 60_000,
    projects: [
      {
        extends: true,
        test: { name: "core", include: core, setupFiles: ["src/testing/warnings.ts"] },
      },
      {
        extends: true,
        test: {
          name: "pages",
          include: ["src/**/*.test.{ts,tsx}", "app/**/*.test.{ts,tsx}"],
          exclude: core,
          environment: "happy-dom",
          setupFiles: ["src/testing/warnings.ts", "src/testing/dom.ts"],
        },
      },
    ],
  },
});
