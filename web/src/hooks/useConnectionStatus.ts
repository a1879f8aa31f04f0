/** How every namespace is doing, for a component. */

import { useCallback, useMemo, useSyncExternalStore } from "react";
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
  const retry = useCallback((namespace: string) => coursewire.retry(namespace), [coursewire]);
  return useMemo(() => ({ namespaces, overall: overall(namespaces), retry }), [namespaces, retry]);
}
