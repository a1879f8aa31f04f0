/** Builds the campus into `dist`, and serves it in development. */

import { fileURLToPath } from "node:url";
import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

/** Where `coursewire demo` listens; the development server passes everything that is not a page on to it. */
const server = process.env["COURSEWIRE_URL"] ?? "http://localhost:3001";

export default defineConfig({
  root: fileURLToPath(new URL("app", import.meta.url)),
  plugins: [react()],
  // A service worker serves what is below its address, and is looked for under the same name for ever.
  worker: { rolldownOptions: { output: { entryFileNames: "[name].js" } } },
  build: { outDir: "../dist", emptyOutDir: true },
  server: {
    proxy: {
      "/socket.io": { target: server, ws: true },
      "/demo/": server,
      "/v1/": server,
    },
  },
});
