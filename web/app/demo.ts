/** Sign-in of the demo campus: pick a person, get a token. Production has neither route. */

import { CommandError } from "../src/services/websocket/errors";

export interface DemoUser {
  user_id: string;
  name: string;
  role: string;
  course_ids: string[];
  sign_in_url: string;
}

/** The demo's people, or null where this server has no demo sign-in. */
export async function demoUsers(signal: AbortSignal): Promise<DemoUser[] | null> {
  const response = await fetch("/demo/users", { signal, headers: { Accept: "application/json" } });
  if (response.status === 404 || !(response.headers.get("content-type") ?? "").includes("json")) return null;
  if (!response.ok) throw new Error(`the server answered ${response.status}`);
  return ((await response.json()) as { items: DemoUser[] }).items;
}

/** A fresh token. Throws CommandError when this person may not sign in, anything else when the server is away. */
export async function demoToken(userId: string): Promise<string> {
  const response = await fetch("/demo/tokens", {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ user_id: userId }),
  });
  if (response.status >= 400 && response.status < 500) {
    throw new CommandError({ code: "auth_invalid", message: "this sign-in was refused", retryable: false });
  }
  if (!response.ok) throw new Error(`the server answered ${response.status}`);
  return ((await response.json()) as { token: string }).token;
}
