/** Who is signed in to this tab, and which page is open; both live in the address and the tab's own storage. */

import { useSyncExternalStore } from "react";

const USER = "campus.user";

export interface Place {
  userId: string | null;
  page: string;
  /** What is open on the page: a room. */
  item: string | null;
  /** Which message in it: `#/chat/<room>?message=<id>`. */
  message: string | null;
  /** Whether the list of reports is open beside it: `#/chat?reports=open`. */
  reports: boolean;
  /** Of which course: `#/analytics?course=<id>`. */
  course: string | null;
  /** Which note in a document: `#/documents/<document>?note=<id>`. */
  note: string | null;
  /** Which of its jobs is open: `#/analytics/jobs/<id>`. */
  job: string | null;
}

let stored: string | null = null;
try {
  stored = sessionStorage.getItem(USER);
} catch {
  // Storage is blocked: a reload asks again.
}

function setUser(userId: string | null): void {
  stored = userId;
  try {
    if (userId === null) sessionStorage.removeItem(USER);
    else sessionStorage.setItem(USER, userId);
  } catch {
    // As above.
  }
}

/** What somebody typed, or a chat program cut, may be no encoded text: it is taken as it stands, and nothing has that name. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** Read the address; a sign-in link (`#as=ada`) is taken once and disappears from it. */
function read(): Place {
  const link = /^#as=(.+)$/u.exec(location.hash)?.[1];
  if (link !== undefined) {
    setUser(decoded(link));
    history.replaceState(null, "", "#/chat");
  }
  const [path = "", query = ""] = location.hash.split("?");
  const [, page = "chat", item, inner] = path.split("/");
  const job = page === "analytics" && item === "jobs" && inner ? decoded(inner) : null;
  const wanted = new URLSearchParams(query);
  return {
    userId: stored,
    page: page || "chat",
    item: item && job === null ? decoded(item) : null,
    message: wanted.get("message"),
    reports: wanted.get("reports") === "open",
    course: wanted.get("course"),
    note: wanted.get("note"),
    job,
  };
}

let place = read();
const listeners = new Set<() => void>();

function refresh(): void {
  place = read();
  for (const listener of [...listeners]) listener();
}

function subscribe(listener: () => void): () => void {
  if (listeners.size === 0) window.addEventListener("hashchange", refresh);
  listeners.add(listener);
  return () => {
    listeners.delete(listener);
    if (listeners.size === 0) window.removeEventListener("hashchange", refresh);
  };
}

export function usePlace(): Place {
  return useSyncExternalStore(subscribe, () => place);
}

/** Go to a page, and back with the browser's button. */
export function go(page: string, item: string | null = null): void {
  location.hash = item === null ? `#/${page}` : `#/${page}/${encodeURIComponent(item)}`;
}

/** Whoever came by a link, such as that of a mail, is led there. */
export function signIn(userId: string): void {
  setUser(userId);
  if (!location.hash.startsWith("#/")) history.replaceState(null, "", "#/chat");
  refresh();
}

export function signOut(): void {
  setUser(null);
  history.replaceState(null, "", location.pathname);
  refresh();
}
