/** Says who is signed in and where the server is; the hooks below it share one connection. */

import { createContext, type ReactNode, useContext, useEffect, useRef, useState } from "react";
import { Coursewire, type CoursewireOptions } from "../services/websocket/coursewire";

const Context = createContext<Coursewire | null>(null);

export type CoursewireProviderProps = CoursewireOptions & { children: ReactNode };

/** Another user gets everything anew; a newer token is handed on. */
export function CoursewireProvider(props: CoursewireProviderProps) {
  return <OfUser key={props.userId} {...props} />;
}

function OfUser({ children, authToken, ...options }: CoursewireProviderProps) {
  const latest = useRef(authToken);
  // A function that fetches a token is a new one at every render of its owner; only the last one counts.
  const [coursewire] = useState(
    () =>
      new Coursewire({
        ...options,
        authToken: typeof authToken === "string" ? authToken : () => current(latest.current),
      }),
  );
  useEffect(() => {
    const before = latest.current;
    const changed = before !== authToken;
    latest.current = authToken;
    if (!changed) return;
    if (typeof authToken === "string") coursewire.renew(authToken);
    // It has a text so far; from one function to the next there is nothing to hand on.
    else if (typeof before === "string") coursewire.renew(() => current(latest.current));
  }, [authToken, coursewire]);
  return <Context value={coursewire}>{children}</Context>;
}

const current = (token: CoursewireOptions["authToken"]): string | Promise<string> =>
  typeof token === "string" ? token : token();

/** The services of the person who is signed in. Throws outside of a `CoursewireProvider`. */
export function useCoursewire(): Coursewire {
  const coursewire = useContext(Context);
  if (!coursewire) throw new Error("useCoursewire needs a <CoursewireProvider> above it");
  return coursewire;
}
