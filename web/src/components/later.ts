/** Parts of the interface that are loaded when they are wanted, and that are there at once when they have been. */

import { type ComponentType, useCallback, useEffect, useState } from "react";

/** One such part: `new Later(() => import("./EmojiList"))`. */
export class Later<Props = object> {
  readonly #import: () => Promise<{ default: ComponentType<Props> }>;
  #loading: Promise<void> | null = null;
  #component: ComponentType<Props> | null = null;

  constructor(load: () => Promise<{ default: ComponentType<Props> }>) {
    this.#import = load;
  }

  /** Null until it is loaded. */
  get component(): ComponentType<Props> | null {
    return this.#component;
  }

  /** Load it, once; after a failure another call tries again. */
  load(): Promise<void> {
    this.#loading ??= this.#import().then(
      ({ default: component }) => {
        this.#component = component;
      },
      (error: unknown) => {
        this.#loading = null;
        throw error;
      },
    );
    return this.#loading;
  }
}

export interface Loaded<Props> {
  /** Null while it is on its way, and when it could not be loaded. */
  Component: ComponentType<Props> | null;
  failed: boolean;
  again: () => void;
}

/** Load a part now; without React's Suspense, which shows its fallback for a moment even when all is there. */
export function useLater<Props>(part: Later<Props>): Loaded<Props> {
  const [, setLoaded] = useState(part.component !== null);
  const [failed, setFailed] = useState(false);
  const [attempt, setAttempt] = useState(0);
  useEffect(() => {
    void attempt;
    let here = true;
    part.load().then(
      () => here && setLoaded(true),
      () => here && setFailed(true),
    );
    return () => {
      here = false;
    };
  }, [part, attempt]);
  const again = useCallback(() => {
    setFailed(false);
    setAttempt((number) => number + 1);
  }, []);
  return { Component: part.component, failed, again };
}
