/** Runs the tests beside the sources; the recorded traces are read from `tests/traces`. */

import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";

export default defineConfig({
  plugins: [react()],
  // Two copies of Yjs would not know each other's types.
  resolve: { dedupe: ["yjs"] },
  test: {
    include: ["src/**/*.test.{ts,tsx}", "app/**/*.test.{ts,tsx}"],
    environment: "happy-dom",
    setupFiles: ["src/testing/setup.ts"],
    restoreMocks: true,
    // For what hangs alone: at a load of 15 on two processors a test of many clicks took 5.6 s, and one that is given up
    // goes on beside the next and spoils it.
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
});
