/** The service worker of push messages, against a scope in memory. */

import { beforeEach, describe, expect, it, vi } from "vitest";
import { type PushWorkerOptions, servePush } from "./pushWorker";
import type { NotificationClick, Page, PushMessage, SubscriptionChange, WorkerScope } from "./scope";

const SITE = "https://campus.example.edu";

interface Shown {
  title: string;
  options: NotificationOptions;
}

/** A page that answers what it is told, or says nothing. */
class OpenPage implements Page {
  readonly heard: unknown[] = [];
  focuses = 0;
  focused = false;

  constructor(
    readonly url: string,
    readonly answer?: boolean,
  ) {}

  async focus(): Promise<void> {
    this.focuses += 1;
  }

  postMessage(message: unknown, transfer?: Transferable[]): void {
    this.heard.push(message);
    if (this.answer !== undefined) (transfer?.[0] as MessagePort | undefined)?.postMessage(this.answer);
  }
}

class Scope {
  readonly location = { origin: SITE };
  readonly shown: Shown[] = [];
  readonly opened: string[] = [];
  readonly subscribed: unknown[] = [];
  pages: OpenPage[] = [];
  readonly registration = {
    scope: `${SITE}/`,
    showNotification: async (title: string, options: NotificationOptions = {}) => {
      this.shown.push({ title, options });
    },
    pushManager: { subscribe: async (options: unknown) => this.subscribed.push(options) },
  };
  readonly clients = {
    matchAll: async () => this.pages,
    openWindow: async (url: string) => this.opened.push(url),
  };
  readonly #listeners = new Map<string, (event: never) => void>();

  addEventListener(type: string, listener: (event: never) => void): void {
    this.#listeners.set(type, listener);
  }

  /** Let something happen; resolves when the worker has done with it. */
  async happens(type: "push", event: Omit<PushMessage, "waitUntil">): Promise<void>;
  async happens(type: "notificationclick", event: Omit<NotificationClick, "waitUntil">): Promise<void>;
  async happens(type: "pushsubscriptionchange", event: Omit<SubscriptionChange, "waitUntil">): Promise<void>;
  async happens(type: string, event: object): Promise<void> {
    let work: Promise<unknown> = Promise.resolve();
    const waitUntil = (promise: Promise<unknown>): void => {
      work = promise;
    };
    this.#listeners.get(type)?.({ ...event, waitUntil } as never);
    await work;
  }

  push(payload: unknown): Promise<void> {
    const text = typeof payload === "string" ? payload : JSON.stringify(payload);
    return this.happens("push", { data: { json: () => JSON.parse(text) } });
  }
}

let scope: Scope;
const serve = (options: PushWorkerOptions = {}): void => {
  scope = new Scope();
  servePush(options, scope as unknown as WorkerScope);
};
beforeEach(() => serve({ home: "/notifications", icon: "/icon-192.png" }));

const message = {
  id: "n1",
  category: "grade",
  priority: "high",
  title: "Essay graded",
  body: "17 of 20 points.",
  url: `${SITE}/courses/cs101/essay`,
  tag: "n1",
};

describe("a message", () => {
  it("is shown with its text, and under its tag once", async () => {
    await scope.push(message);
    expect(scope.shown).toEqual([
      {
        title: "Essay graded",
        options: {
          body: "17 of 20 points.",
          tag: "n1",
          icon: "/icon-192.png",
          data: { coursewire: true, url: `${SITE}/courses/cs101/essay`, id: "n1" },
        },
      },
    ]);
  });

  it("is a digest without id and address, which leads home", async () => {
    await scope.push({ title: "Your daily digest: 2 notifications", body: "One\nTwo", tag: "daily-digest" });
    expect(scope.shown[0]).toMatchObject({
      options: { tag: "daily-digest", data: { coursewire: true, url: `${SITE}/notifications` } },
    });
  });

  it("stays until it is dismissed when it is urgent", async () => {
    await scope.push({ ...message, priority: "urgent" });
    expect(scope.shown[0]?.options.requireInteraction).toBe(true);
  });

  it("makes no sound for whoever looks at the site, unless it is urgent", async () => {
    const page = new OpenPage(`${SITE}/`);
    page.focused = true;
    scope.pages = [page];
    await scope.push(message);
    await scope.push({ ...message, priority: "urgent" });
    expect(scope.shown.map(({ options }) => options.silent)).toEqual([true, undefined]);
  });

  it.each([
    ["nothing", null],
    ["no JSON", "{"],
    ["a string", '"hello"'],
    ["null", "null"],
    ["a list", "[1]"],
    ["no title", "{}"],
    ["fields of other kinds", '{"title": {"a": 1}, "body": 7, "tag": [], "url": {}, "id": 9}'],
    ["an empty title", '{"title": "  "}'],
  ])("is told in general when it holds %s", async (_, text) => {
    await (text === null ? scope.happens("push", { data: null }) : scope.push(text));
    expect(scope.shown).toMatchObject([
      { title: "New notification", options: { tag: "coursewire", data: { url: `${SITE}/notifications` } } },
    ]);
  });

  it("is cut to what a notification holds", async () => {
    await scope.push({ title: "x".repeat(5_000), body: "y".repeat(5_000), tag: "z".repeat(5_000) });
    const { title, options } = scope.shown[0] as Shown;
    expect([title.length, options.body?.length, options.tag?.length]).toEqual([300, 300, 128]);
  });

  it.each([
    "javascript:alert(1)",
    "data:text/html,x",
    "https://evil.example/",
    "//evil.example/",
    "https://campus.example.edu.evil.example/",
    "https://campus.example.edu@evil.example/",
    "http://campus.example.edu/",
    "blob:https://campus.example.edu/1",
    "http://[",
    "",
  ])("leads home instead of to %s", async (url) => {
    await scope.push({ ...message, url });
    expect(scope.shown[0]?.options.data.url).toBe(`${SITE}/notifications`);
  });

  it("may lead to origins that are named, and by a path on our own", async () => {
    serve({ origins: ["https://lms.example.edu"] });
    await scope.push({ ...message, url: "https://lms.example.edu/essay" });
    await scope.push({ ...message, url: "/chat?room=1" });
    await scope.push({ ...message, url: "https://evil.example/" });
    expect(scope.shown.map(({ options }) => options.data.url)).toEqual([
      "https://lms.example.edu/essay",
      `${SITE}/chat?room=1`,
      `${SITE}/`,
    ]);
  });
});

describe("a click", () => {
  const url = `${SITE}/chat?room=1&message=2`;
  const asked = { type: "coursewire.push.asked" };
  const clicks = async (data: unknown = { coursewire: true, url, id: "n1" }): Promise<number> => {
    let closed = 0;
    const close = (): void => {
      closed += 1;
    };
    await scope.happens("notificationclick", { notification: { data, close } });
    return closed;
  };

  it("opens a window when no page is open", async () => {
    expect(await clicks()).toBe(1);
    expect(scope.opened).toEqual([url]);
  });

  it("is followed by the first page that says so, which gets the focus", async () => {
    scope.pages = [
      new OpenPage(`${SITE}/exam`, false),
      new OpenPage(`${SITE}/#/chat`, true),
      new OpenPage(url, true),
    ];
    await clicks();
    expect(scope.pages.map(({ focuses }) => focuses)).toEqual([0, 1, 0]);
    expect(scope.pages.map(({ heard }) => heard)).toEqual([
      [asked],
      [asked, { type: "coursewire.push.clicked", url, id: "n1" }],
      [asked],
    ]);
    expect(scope.opened).toEqual([]);
  });

  it("focuses a page that is there already, though it knows nothing of us", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    try {
      scope.pages = [new OpenPage(`${SITE}/exam`), new OpenPage(url)];
      const done = clicks();
      await vi.advanceTimersByTimeAsync(400);
      await done;
      expect(scope.pages.map(({ focuses }) => focuses)).toEqual([0, 1]);
      expect(scope.opened).toEqual([]);
    } finally {
      vi.useRealTimers();
    }
  });

  it("opens a window of its own for another site, and asks nobody", async () => {
    scope.pages = [new OpenPage(`${SITE}/#/chat`, true)];
    await clicks({ coursewire: true, url: "https://lms.example.edu/essay" });
    expect(scope.opened).toEqual(["https://lms.example.edu/essay"]);
    expect(scope.pages[0]?.heard).toEqual([]);
  });

  it("is left to others when the notification is not ours", async () => {
    expect(await clicks({ url })).toBe(0);
    expect(await clicks(null)).toBe(0);
    expect(scope.opened).toEqual([]);
  });
});

describe("another subscription", () => {
  const told = { type: "coursewire.push.renewed" };

  it("is made with the options of the old one, and the pages hear of it", async () => {
    scope.pages = [new OpenPage(`${SITE}/`)];
    const options = { userVisibleOnly: true, applicationServerKey: new ArrayBuffer(65) };
    const oldSubscription = { options } as unknown as PushSubscription;
    await scope.happens("pushsubscriptionchange", { oldSubscription, newSubscription: null });
    expect(scope.subscribed).toEqual([options]);
    expect(scope.pages[0]?.heard).toEqual([told]);
  });

  it("is left as it is when the browser has made it, or does not say what it was", async () => {
    scope.pages = [new OpenPage(`${SITE}/`)];
    const [oldSubscription, newSubscription] = [{ options: {} } as PushSubscription, {} as PushSubscription];
    await scope.happens("pushsubscriptionchange", { oldSubscription, newSubscription });
    await scope.happens("pushsubscriptionchange", {});
    expect(scope.subscribed).toEqual([]);
    expect(scope.pages[0]?.heard).toEqual([told, told]);
  });
});
