/** A browser that takes push messages, in memory: what it is asked, and what it answers. */

import type {
  PushBrowser,
  PushNews,
  PushRegistration,
} from "../services/websocket/notifications/push/browser";

/** As the server says it: base64url without padding. */
export const PUBLIC_KEY = "BAECAwQ";

const bytesOf = (key: string): ArrayBuffer =>
  Uint8Array.from(atob(key.replaceAll("-", "+").replaceAll("_", "/")), (one) => one.charCodeAt(0)).buffer;

export class MemoryPush implements PushBrowser {
  isSupported = true;
  current: NotificationPermission = "default";
  /** What the person answers when they are asked. */
  answer: NotificationPermission = "granted";
  /** How often they were. */
  asked = 0;
  isRegistered = false;
  subscription: PushSubscription | null = null;
  /** What of it fails. */
  broken: "register" | "subscribe" | "unsubscribe" | null = null;
  /** How many subscriptions there were. */
  made = 0;
  /** Notifications of the device: what stands in their `data`. */
  shown: unknown[] = [];
  news: PushNews | null = null;

  permission(): NotificationPermission {
    return this.current;
  }

  async askPermission(): Promise<NotificationPermission> {
    this.asked += 1;
    this.current = this.answer;
    return this.current;
  }

  async registration(): Promise<PushRegistration | null> {
    return this.isRegistered ? this.#registration : null;
  }

  async register(): Promise<PushRegistration> {
    if (this.broken === "register") throw new TypeError("404");
    this.isRegistered = true;
    return this.#registration;
  }

  listen(news: PushNews): () => void {
    this.news = news;
    return () => {
      this.news = null;
    };
  }

  /** Make one, as `subscribe` does. */
  subscribe(key: string = PUBLIC_KEY): PushSubscription {
    this.made += 1;
    const endpoint = `https://push.example.org/${this.made}`;
    const made = {
      endpoint,
      options: { applicationServerKey: bytesOf(key), userVisibleOnly: true },
      toJSON: () => ({ endpoint, keys: { p256dh: "p", auth: "a" } }),
      unsubscribe: async () => {
        if (this.broken === "unsubscribe") throw new DOMException("no", "AbortError");
        if (this.subscription === made) this.subscription = null;
        return true;
      },
    } as unknown as PushSubscription;
    this.subscription = made;
    return made;
  }

  readonly #registration = {
    pushManager: {
      getSubscription: async () => this.subscription,
      subscribe: async ({ applicationServerKey }: PushSubscriptionOptionsInit) => {
        if (this.broken === "subscribe") throw new DOMException("no push service", "AbortError");
        if (this.subscription) throw new DOMException("there is one", "InvalidStateError");
        return this.subscribe(String(applicationServerKey));
      },
    },
    getNotifications: async () =>
      this.shown.map((data) => ({
        data,
        close: () => {
          this.shown = this.shown.filter((one) => one !== data);
        },
      })),
  } as unknown as PushRegistration;
}
