/** Builds the campus into `dist`, and serves it in development. */

import { fileURLToPath } from "node:url";
import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

/** Where `coursewire demo` listens; the development server passes everything that is not a page on to it. */
const server = process.env["COURSEWIRE_URL"] ?? "http://localhost:3001";

export default defineConfig({
  root: fileURLToPath(new URL("app", import.meta.url)),
  plugins: [react()],
  // Two copies of Yjs would not know each other's types.
  resolve: { dedupe: ["yjs"] },
  // A service worker serves what is below its address, and is looked for under the same name for ever.
  worker: { rolldownOptions: { output: { entryFileNames: "[name].js" } } },
  build: {
    outDir: "../dist",
    emptyOutDir: true,
    // What changes only with its version keeps its name, and is not loaded again with every release of ours.
    rolldownOptions: {
      output: {
        codeSplitting: {
          groups: [
            { name: "react", test: /node_modules\/(?:react|react-dom|scheduler)\// },
            { name: "socket", test: /node_modules\/(?:socket\.io|engine\.io|@socket\.io)/ },
            { name: "radix", test: /node_modules\/(?:radix-ui|@radix-ui|@floating-ui)\// },
          ],
        },
      },
    },
  },
  server: {
    proxy: {
      "/socket.io": { target: server, ws: true },
      "/demo/": server,
      "/v1/": server,
    },
  },
});
