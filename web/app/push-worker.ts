/** The campus's service worker, served as `/push-worker.js`; its address may say where clicks lead. */

import { servePush } from "../src/worker/pushWorker";

const { search } = self.location;
const asked = new URLSearchParams(search);

// A newer version takes over at once: it answers no requests, so no page depends on the older one.
self.addEventListener("install", () => {
  void (self as unknown as { skipWaiting(): Promise<void> }).skipWaiting();
});

servePush({
  home: asked.get("home") ?? "/notifications",
  origins: asked.getAll("origin"),
  icon: asked.get("icon") ?? "/icon-192.png",
});
