/** The campus: a sign-in page, then the shell with its pages. */

import { useCallback } from "react";
import { CoursewireProvider, type PushOptions } from "../src";
import { demoToken } from "./demo";
import worker from "./push-worker?worker&url";
import { Shell } from "./Shell";
import { SignIn } from "./SignIn";
import { usePlace } from "./session";

/** Only while developing it is served as it stands, with its imports. */
const push: PushOptions = { worker, scope: "/", type: import.meta.env.DEV ? "module" : "classic" };

export function Campus() {
  const { userId } = usePlace();
  const token = useCallback(() => demoToken(userId ?? ""), [userId]);
  if (userId === null) return <SignIn />;
  return (
    <CoursewireProvider userId={userId} authToken={token} push={push}>
      <Shell />
    </CoursewireProvider>
  );
}
