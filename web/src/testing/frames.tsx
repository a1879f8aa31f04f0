/** React in the world of a test: the frame around a hook, and the frames in which what is under way arrives. */

import { act } from "@testing-library/react";
import { type ReactNode, StrictMode } from "react";
import { CoursewireProvider } from "../hooks/CoursewireProvider";
import type { AuthToken } from "../services/websocket/token";
import { settle, type World } from "./world";

interface Passing {
  /** How many. */
  count?: number;
  /** Milliseconds of the world's clock, each. */
  ms?: number;
  /** What is loaded apart, such as an editor's chunk: it is here before the first of them ends. */
  load?: () => Promise<unknown>;
}

/** Let some frames pass. */
export async function frames(world: World, { count = 3, ms = 20, load }: Passing = {}): Promise<void> {
  for (let frame = 0; frame < count; frame += 1) {
    await act(async () => {
      await load?.();
      await settle();
      world.advance(ms);
    });
  }
}

/** What documents need, and nothing else. */
export const loadYjs = (): Promise<unknown> => import("../services/websocket/collaboration/provider");

/** Ada's page around a hook, in React's StrictMode; `of` says in which world and with which token when it is drawn. */
export function around(of: () => { world: World; token?: AuthToken }) {
  return function Within({ children }: { children: ReactNode }) {
    const { world, token = "token" } = of();
    return (
      <StrictMode>
        <CoursewireProvider userId="ada" authToken={token} environment={world}>
          {children}
        </CoursewireProvider>
      </StrictMode>
    );
  };
}
