/** One person's services: made once, connected while somebody uses them. Knows no React. */

import { type AnalyticsServiceOptions, AnalyticsWebSocketService } from "./analyticsWebSocket";
import { ChatWebSocketService } from "./chatWebSocket";
import { CollaborationWebSocketService } from "./collaborationWebSocket";
import { ConnectionStatusStore } from "./connectionStatus";
import { browserEnvironment, type Environment } from "./environment";
import { type NotificationsServiceOptions, NotificationsWebSocketService } from "./notificationsWebSocket";
import type { State } from "./protocol";
import type { AuthToken } from "./token";

export interface CoursewireOptions
  extends Omit<NotificationsServiceOptions, "status">,
    Pick<AnalyticsServiceOptions, "activity"> {
  userId: string;
  authToken: AuthToken;
}

/** What every service has. */
interface Service {
  readonly namespace: string;
  readonly state: State;
  connect(userId: string, authToken: AuthToken): void;
  disconnect(): void;
  retry(): void;
}

export class Coursewire {
  readonly userId: string;
  readonly status = new ConnectionStatusStore();
  readonly analytics: AnalyticsWebSocketService;
  readonly chat: ChatWebSocketService;
  readonly collaboration: CollaborationWebSocketService;
  readonly notifications: NotificationsWebSocketService;

  readonly #environment: Environment;
  readonly #uses = new Map<Service, number>();
  #authToken: AuthToken;

  constructor({ userId, authToken, ...options }: CoursewireOptions) {
    this.userId = userId;
    this.#authToken = authToken;
    this.#environment = options.environment ?? browserEnvironment();
    const shared = { ...options, environment: this.#environment, status: this.status };
    this.analytics = new AnalyticsWebSocketService(shared);
    this.chat = new ChatWebSocketService(shared);
    this.collaboration = new CollaborationWebSocketService(shared);
    this.notifications = new NotificationsWebSocketService(shared);
  }

  /**
   * Keep a service connected until the returned function is called by everyone who uses it. It then disconnects at the end
   * of the turn: a component that is unmounted and mounted again (React's StrictMode) stays connected.
   */
  use(service: Service): () => void {
    const uses = (this.#uses.get(service) ?? 0) + 1;
    this.#uses.set(service, uses);
    if (uses === 1) service.connect(this.userId, this.#authToken);
    let used = true;
    return () => {
      if (!used) return;
      used = false;
      this.#uses.set(service, (this.#uses.get(service) ?? 1) - 1);
      this.#environment.setTimer(() => {
        if (this.#uses.get(service) !== 0) return;
        this.#uses.delete(service);
        service.disconnect();
      }, 0);
    };
  }

  /** A newer token for all that is connected, and for what will be. */
  renew(authToken: AuthToken): void {
    this.#authToken = authToken;
    for (const [service, uses] of this.#uses) if (uses > 0) service.connect(this.userId, authToken);
  }

  /** Try again now, where the service does not by itself. It is one sign-in: those that were refused it try with it. */
  retry(namespace: string): void {
    for (const service of this.#uses.keys())
      if (service.namespace === namespace || service.state === "unauthorized") service.retry();
  }

  /**
   * Await it before somebody signs out, while still connected: push messages of theirs must not come to whoever uses this
   * browser next, nor may what this device keeps of their documents stay. Takes 2 s at the most, and does not fail. Edits
   * that are not sent by then are lost; `collaboration.isUnsaved` says beforehand whether there are any.
   */
  async signOut(): Promise<void> {
    await Promise.all([this.notifications.push.release(), this.collaboration.forgetDevice(this.userId)]);
  }
}
