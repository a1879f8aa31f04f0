/** What one document needs of the service around it. */

import type { CollaborationCommands, DocumentOpened } from "../../../contract";
import type { Environment } from "../environment";
import type { DocumentState, UnsentCopy } from "./state";
import type { DeviceStore } from "./store";

export type Asks = "document.open" | "document.sync" | "document.update";

export interface Surroundings {
  environment: Pick<Environment, "now" | "setTimer" | "clearTimer" | "report">;
  store: DeviceStore;
  isConnected: () => boolean;
  request: <Name extends Asks>(
    command: Name,
    payload: CollaborationCommands[Name]["payload"],
  ) => Promise<CollaborationCommands[Name]["result"]>;
  showCaret: (payload: CollaborationCommands["awareness.set"]["payload"]) => void;
  /** The server has let us in, again or for the first time. */
  opened: (answer: DocumentOpened) => void;
  changed: (patch: Partial<DocumentState>) => void;
  /** Edits that the document will not have. */
  copied: (copy: Pick<UnsentCopy, "documentId" | "title" | "reason" | "text">) => void;
  hasCopies: () => boolean;
}
