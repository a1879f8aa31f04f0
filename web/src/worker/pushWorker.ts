/** The service worker of push messages: shows them, leads to what they are about, and keeps the subscription. */

import {
  type Asked,
  type Clicked,
  type Renewed,
  shownData,
} from "../services/websocket/notifications/push/messages";
import { noticeOf, type Places } from "./notice";
import type { NotificationClick, Page, PushMessage, SubscriptionChange, WorkerScope } from "./scope";

export interface PushWorkerOptions {
  /** Where a click leads when the message names no address that may be opened; the worker's scope if left out. */
  home?: string;
  /** Origins beside our own whose addresses may be opened: `https://lms.example.edu`. */
  origins?: readonly string[];
  /** A picture beside the text: PNG, 192 pixels wide. */
  icon?: string;
}

/** A page answers within this, or is taken for one that does not know us: Firefox lets a click open something for 1 s. */
const ANSWER_MS = 400;

/** Listen in a service worker, which may have other listeners of its own. */
export function servePush(
  options: PushWorkerOptions = {},
  scope: WorkerScope = globalThis as unknown as WorkerScope,
): void {
  const places: Places = {
    home: new URL(options.home ?? "./", scope.registration.scope).href,
    origins: new Set([scope.location.origin, ...(options.origins ?? [])]),
  };
  scope.addEventListener("push", (event) => event.waitUntil(show(scope, event, places, options.icon)));
  scope.addEventListener("notificationclick", (event) => {
    const work = follow(scope, event);
    if (work) event.waitUntil(work);
  });
  scope.addEventListener("pushsubscriptionchange", (event) => event.waitUntil(renew(scope, event)));
}

const pagesOf = (scope: WorkerScope): Promise<readonly Page[]> =>
  scope.clients.matchAll({ type: "window", includeUncontrolled: true });

async function show(
  scope: WorkerScope,
  event: PushMessage,
  places: Places,
  icon: string | undefined,
): Promise<void> {
  const { title, options } = noticeOf(read(event), places, icon);
  const pages = await pagesOf(scope);
  // Whoever looks at the site sees it there as well: no sound.
  const silent = pages.some(({ focused }) => focused) && options.requireInteraction !== true;
  await scope.registration.showNotification(title, { ...options, ...(silent && { silent }) });
}

function read(event: PushMessage): unknown {
  try {
    return event.data?.json();
  } catch {
    return undefined;
  }
}

/** Focus the page that shows it or goes there; open one where none does. Null when it is not one of ours. */
function follow(scope: WorkerScope, { notification }: NotificationClick): Promise<void> | null {
  const data = shownData(notification.data);
  if (!data) return null;
  notification.close();
  const clicked: Clicked = { type: "coursewire.push.clicked", url: data.url };
  if (data.id !== undefined) clicked.id = data.id;
  return lead(scope, clicked);
}

async function lead(scope: WorkerScope, clicked: Clicked): Promise<void> {
  const pages = await pagesOf(scope);
  const isOurs = new URL(clicked.url).origin === scope.location.origin;
  // No page is led away that does not want it: somebody may be writing an exam there.
  const follow = isOurs ? await Promise.all(pages.map(follows)) : [];
  const one = pages.find((_, index) => follow[index] === true);
  one?.postMessage(clicked);
  const there = one ?? pages.find(({ url }) => url === clicked.url);
  await (there ? there.focus() : scope.clients.openWindow(clicked.url));
}

function follows(page: Page): Promise<boolean> {
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    const end = (answer: boolean): void => {
      clearTimeout(timer);
      port1.close();
      resolve(answer);
    };
    const timer = setTimeout(end, ANSWER_MS, false);
    port1.onmessage = ({ data }) => end(data === true);
    const asked: Asked = { type: "coursewire.push.asked" };
    page.postMessage(asked, [port2]);
  });
}

/** Take the new subscription, or make one; the pages tell the server, which knows whose browser this is. */
async function renew(
  scope: WorkerScope,
  { oldSubscription, newSubscription }: SubscriptionChange,
): Promise<void> {
  // Where the browser does not say what it was, the next page of the person subscribes again.
  if (!newSubscription && oldSubscription)
    await scope.registration.pushManager.subscribe(oldSubscription.options);
  const renewed: Renewed = { type: "coursewire.push.renewed" };
  for (const page of await pagesOf(scope)) page.postMessage(renewed);
}
