/** What an application says about the connection of a namespace; nothing of it is needed. */

import type { ConnectionStatusStore } from "./connectionStatus";
import type { Environment } from "./environment";
import type { Transport } from "./protocol";
import type { SocketOptions } from "./socket";

export interface ServiceOptions {
  /** The server's origin; empty for the page's own. */
  url?: string;
  path?: string;
  transports?: Transport[];
  status?: ConnectionStatusStore;
  environment?: Environment;
  client?: { name: string; version: string };
}

export const CLIENT = { name: "coursewire-web", version: "0.1.0" };

/** The same for the socket of one person. */
export function socketOptions({ url = "", path, transports }: ServiceOptions, userId: string): SocketOptions {
  return { url, userId, ...(path !== undefined && { path }), ...(transports && { transports }) };
}
