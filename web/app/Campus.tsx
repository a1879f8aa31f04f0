/** The campus: a sign-in page, then the shell with its pages. */

import { useCallback } from "react";
import { CoursewireProvider } from "../src";
import { demoToken } from "./demo";
import { Shell } from "./Shell";
import { SignIn } from "./SignIn";
import { usePlace } from "./session";

export function Campus() {
  const { userId } = usePlace();
  const token = useCallback(() => demoToken(userId ?? ""), [userId]);
  if (userId === null) return <SignIn />;
  return (
    <CoursewireProvider userId={userId} authToken={token}>
      <Shell />
    </CoursewireProvider>
  );
}
