/** What push messages need of a browser: its permission, our worker, and its subscription. Tests pass their own. */

import { type Clicked, workerSays } from "./messages";
import { isOfRecord } from "./record";

export type PushRegistration = Pick<ServiceWorkerRegistration, "pushManager" | "getNotifications">;

export interface PushNews {
  /** Something is otherwise than before: the permission, or the record, in another tab. */
  changed(): void;
  /** The browser has replaced the subscription. */
  renewed(): void;
  /** Whether this page follows clicks on notifications. */
  asked(): boolean;
  clicked(clicked: Clicked): void;
}

export interface PushBrowser {
  readonly isSupported: boolean;
  permission(): NotificationPermission;
  /** Ask the person; some browsers do so only within a click, before anything else is waited for. */
  askPermission(): Promise<NotificationPermission>;
  /** Our worker, if it was ever registered. */
  registration(): Promise<PushRegistration | null>;
  /** Our worker, registered and active. Rejects when it cannot be loaded. */
  register(): Promise<PushRegistration>;
  /** Returns how to stop. */
  listen(news: PushNews): () => void;
}

export interface PushOptions {
  /** The address of the service worker, on the page's own origin: `/push-worker.js`. */
  worker: string;
  /** What it is registered for; the worker's folder if left out. */
  scope?: string;
  type?: WorkerType;
  browser?: PushBrowser;
}

/** The browser's own. */
export function browserPush({ worker, scope, type }: PushOptions): PushBrowser {
  const base = globalThis.document?.baseURI;
  const script = new URL(worker, base);
  const place = scope === undefined ? new URL("./", script) : new URL(scope, base);
  const workers = globalThis.navigator?.serviceWorker as ServiceWorkerContainer | undefined;
  return {
    // On pages without TLS there are no service workers, and on an iPhone no push outside of the home screen.
    isSupported: workers !== undefined && "PushManager" in globalThis && "Notification" in globalThis,
    permission: () => Notification.permission,
    askPermission: () => Notification.requestPermission(),
    registration: async () => {
      const found = await workers?.getRegistration(place.href);
      // Another worker of the site may have a wider scope.
      return found?.scope === place.href ? found : null;
    },
    register: async () => {
      if (!workers) throw new TypeError("there are no service workers here");
      const options = { scope: place.href, type: type ?? "classic" } as const;
      return active(await workers.register(script, options));
    },
    listen: ({ changed, renewed, asked, clicked }) => {
      const heard = ({ data, ports }: MessageEvent): void => {
        const said = workerSays(data);
        if (said?.type === "coursewire.push.renewed") renewed();
        else if (said?.type === "coursewire.push.asked") ports[0]?.postMessage(asked());
        else if (said) clicked(said);
      };
      const stored = (event: StorageEvent): void => {
        if (isOfRecord(event)) changed();
      };
      const ended = new AbortController();
      workers?.addEventListener("message", heard, { signal: ended.signal });
      globalThis.addEventListener?.("storage", stored, { signal: ended.signal });
      void watchPermission(changed, ended.signal);
      return () => ended.abort();
    },
  };
}

/** A worker that is installed at this moment takes no subscription yet. */
function active(registration: ServiceWorkerRegistration): Promise<ServiceWorkerRegistration> {
  const worker = registration.active ?? registration.waiting ?? registration.installing;
  return new Promise((resolve, reject) => {
    const look = (): void => {
      if (registration.active?.state === "activated") resolve(registration);
      else if (!worker || worker.state === "redundant") reject(new TypeError("the worker did not start"));
      else return;
      worker?.removeEventListener("statechange", look);
    };
    worker?.addEventListener("statechange", look);
    look();
  });
}

/** Somebody who has undone a block sees it at once. */
async function watchPermission(changed: () => void, signal: AbortSignal): Promise<void> {
  try {
    const status = await navigator.permissions.query({ name: "notifications" });
    status.addEventListener("change", changed, { signal });
  } catch {
    // Not every browser tells; coming back to the page looks again.
  }
}
