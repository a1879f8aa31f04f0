/** How every namespace is doing, for a component. */

import { useSyncExternalStore } from "react";
import { type ConnectionStatuses, overall } from "../services/websocket/connectionStatus";
import type { State } from "../services/websocket/protocol";
import { useCoursewire } from "./CoursewireProvider";

export interface ConnectionStatusResult {
  /** By namespace: `/chat`. */
  namespaces: ConnectionStatuses;
  /** The worst of them. */
  overall: State;
  /** Try again now. */
  retry: (namespace: string) => void;
}

export function useConnectionStatus(): ConnectionStatusResult {
  const coursewire = useCoursewire();
  const { status } = coursewire;
  const namespaces = useSyncExternalStore(status.subscribe, status.getSnapshot, status.getSnapshot);
  return { namespaces, overall: overall(namespaces), retry: (namespace) => coursewire.retry(namespace) };
}
