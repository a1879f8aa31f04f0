/** Each event of `/notifications`, folded into the state. */

import type { NotificationsEvents } from "../../../contract";
import type { NotificationsState } from "./state";
import * as fold from "./state";

type Folds = {
  [Name in keyof NotificationsEvents]?: (
    state: NotificationsState,
    data: NotificationsEvents[Name]["data"],
  ) => NotificationsState;
};

const FOLDS: Folds = {
  "notification.created": fold.itemArrived,
  "notification.changed": fold.itemArrived,
  "notifications.marked": fold.sweepArrived,
  "counts.changed": fold.countsArrived,
  "preferences.changed": fold.preferencesArrived,
};

/** The state after an event; the same object when it is not of the inbox. */
export function folded(state: NotificationsState, event: string, data: unknown): NotificationsState {
  const one = FOLDS[event as keyof NotificationsEvents] as
    | ((state: NotificationsState, data: unknown) => NotificationsState)
    | undefined;
  return one ? one(state, data) : state;
}
