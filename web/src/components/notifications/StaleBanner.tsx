/** Says that what is shown may be old, and that what is done waits. */

import { ConnectionBanner } from "../ConnectionBanner";

export const StaleBanner = () => (
  <ConnectionBanner
    namespace="/notifications"
    meaning="This may be out of date; what you mark is kept, and sent when it is back."
  />
);
