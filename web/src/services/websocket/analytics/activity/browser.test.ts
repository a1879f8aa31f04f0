/**
 * The page as the tracker sees it: what is an input, what plays, and which tab claims.
 *
 * @vitest-environment happy-dom
 */

import { afterEach, describe, expect, it, vi } from "vitest";
import { browserActivity } from "./browser";

afterEach(() => {
  vi.unstubAllGlobals();
  document.body.replaceChildren();
});

const watched = () => {
  const on = { input: vi.fn(), visibility: vi.fn(), leaving: vi.fn() };
  return { ...on, stop: browserActivity().watch(on) };
};

describe("the page", () => {
  it("tells of pointer, key and scroll, once a second", () => {
    let now = 0;
    vi.spyOn(performance, "now").mockImplementation(() => now);
    const { input, stop } = watched();
    for (const name of ["pointerdown", "pointermove", "keydown", "wheel", "scroll", "touchstart"]) {
      now += 1_000;
      document.body.dispatchEvent(new Event(name));
      document.body.dispatchEvent(new Event(name));
    }
    expect(input).toHaveBeenCalledTimes(6);
    stop();
    now += 1_000;
    document.body.dispatchEvent(new Event("keydown"));
    expect(input).toHaveBeenCalledTimes(6);
  });

  it("tells when it is shown, hidden or left, until it is watched no more", () => {
    const { visibility, leaving, stop } = watched();
    for (let turn = 0; turn < 2; turn += 1) {
      document.dispatchEvent(new Event("visibilitychange"));
      window.dispatchEvent(new Event("pagehide"));
      stop();
    }
    expect(visibility).toHaveBeenCalledOnce();
    expect(leaving).toHaveBeenCalledOnce();
  });

  it("plays when a medium does that has come", () => {
    const { isPlaying, isVisible } = browserActivity();
    expect(isVisible()).toBe(true);
    expect(isPlaying()).toBe(false);
    const video = document.createElement("video");
    document.body.append(video);
    const is = { paused: false, ended: false, readyState: 4 };
    for (const [name, value] of Object.entries(is))
      Object.defineProperty(video, name, { value, writable: true });
    expect(isPlaying()).toBe(true);
    for (const change of [{ paused: true }, { ended: true }, { readyState: 2 }]) {
      Object.assign(video, is, change);
      expect(isPlaying()).toBe(false);
    }
  });
});

describe("the tabs of one person", () => {
  class Hub {
    static readonly all: Hub[] = [];
    onmessage: (() => void) | null = null;
    constructor(readonly name: string) {
      Hub.all.push(this);
    }
    postMessage(): void {
      for (const hub of Hub.all) if (hub !== this && hub.name === this.name) hub.onmessage?.();
    }
    close(): void {
      Hub.all.splice(Hub.all.indexOf(this), 1);
    }
  }

  it("hear each other's claims, and nobody else's", () => {
    vi.stubGlobal("BroadcastChannel", Hub);
    const { openTabs } = browserActivity();
    const lost = [vi.fn(), vi.fn(), vi.fn()] as const;
    const tabs = [openTabs("ada", lost[0]), openTabs("ada", lost[1]), openTabs("ben", lost[2])] as const;
    tabs[0].claim();
    expect(lost.map((one) => one.mock.calls.length)).toEqual([0, 1, 0]);
    tabs[1].close();
    tabs[0].claim();
    expect(lost.map((one) => one.mock.calls.length)).toEqual([0, 1, 0]);
  });

  it("count each for itself where they cannot hear each other", () => {
    vi.stubGlobal("BroadcastChannel", undefined);
    const tab = browserActivity().openTabs("ada", vi.fn());
    expect(() => {
      tab.claim();
      tab.close();
    }).not.toThrow();
  });
});
