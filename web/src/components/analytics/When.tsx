/** When something was, in short; in full for whoever asks. */

import { shortWhen } from "../times";

export function When({ at, now }: { at: string; now: number }) {
  const time = Date.parse(at);
  return (
    <time className="cw-when" dateTime={at} title={new Date(time).toLocaleString()}>
      {shortWhen(time, now)}
    </time>
  );
}
