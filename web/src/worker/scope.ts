/** What the push worker needs of a service worker's global scope; TypeScript has either these types or those of a page. */

interface Waiting {
  waitUntil(work: Promise<unknown>): void;
}

export interface PushMessage extends Waiting {
  readonly data: { json(): unknown } | null;
}

export interface NotificationClick extends Waiting {
  readonly notification: Pick<Notification, "data" | "close">;
}

export interface SubscriptionChange extends Waiting {
  /** Not every browser tells. */
  readonly oldSubscription?: PushSubscription | null;
  readonly newSubscription?: PushSubscription | null;
}

/** A page of this site that is open. */
export interface Page {
  readonly url: string;
  readonly focused: boolean;
  focus(): Promise<unknown>;
  postMessage(message: unknown, transfer?: Transferable[]): void;
}

export interface WorkerScope {
  readonly location: { readonly origin: string };
  readonly registration: Pick<ServiceWorkerRegistration, "scope" | "showNotification" | "pushManager">;
  readonly clients: {
    matchAll(options: { type: "window"; includeUncontrolled: true }): Promise<readonly Page[]>;
    openWindow(url: string): Promise<unknown>;
  };
  addEventListener(type: "push", listener: (event: PushMessage) => void): void;
  addEventListener(type: "notificationclick", listener: (event: NotificationClick) => void): void;
  addEventListener(type: "pushsubscriptionchange", listener: (event: SubscriptionChange) => void): void;
}
