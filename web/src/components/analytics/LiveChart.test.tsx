/** The line: drawn once, told what is new, in step with size and theme, and gone with its component. */

import { act, render, screen, waitFor } from "@testing-library/react";
import { StrictMode } from "react";
import { beforeEach, describe, expect, it, vi } from "vitest";
import type { Point } from "../../contract";
import { FakePlot } from "../../testing/plot";
import { LiveChart } from "./LiveChart";

vi.mock("uplot", async () => ({ default: (await import("../../testing/plot")).FakePlot }));

const minute = (value: number): Point => ({
  at: new Date(Date.UTC(2020, 10, 22, 12, value)).toISOString(),
  value,
});
const three = [minute(10), minute(30), minute(20)];

let resized: (() => void) | null;
beforeEach(() => {
  resized = null;
  vi.stubGlobal(
    "ResizeObserver",
    class {
      constructor(callback: () => void) {
        resized = callback;
      }
      observe(): void {}
      disconnect(): void {
        resized = null;
      }
    },
  );
});

const only = (): FakePlot => {
  expect(FakePlot.all).toHaveLength(1);
  return FakePlot.all[0] as FakePlot;
};

describe("LiveChart", () => {
  it("draws what it is given, and appends what is new to the same drawing", () => {
    const { rerender, unmount } = render(<LiveChart metric="events" bucket="1m" points={three} />, {
      wrapper: StrictMode,
    });
    const plot = only();
    expect(plot.data[1]).toEqual([10, 30, 20]);
    rerender(<LiveChart metric="events" bucket="1m" points={[...three, minute(40)]} />);
    expect(only()).toBe(plot);
    expect(plot.data[1]).toEqual([10, 30, 20, 40]);
    unmount();
    expect(FakePlot.all).toHaveLength(0);
    expect(resized).toBeNull();
  });

  it("says in words what it shows, and the value under the pointer", () => {
    render(<LiveChart metric="events" bucket="1m" points={three} />);
    expect(screen.getByRole("img").getAttribute("aria-label")).toMatch(/latest 20 .* highest 30/u);
    expect(screen.getByText("20")).toBeTruthy();
    act(() => only().point(1));
    expect(screen.getByText("30")).toBeTruthy();
    act(() => only().point(null));
    expect(screen.getByText("20")).toBeTruthy();
  });

  it("is another drawing for another metric, in its unit", () => {
    const { rerender } = render(<LiveChart metric="events" bucket="1m" points={three} />);
    const plot = only();
    expect(plot.options.axes[1]?.values(null, [0, 2_000])).toEqual(["0", "2K"]);
    expect(plot.options.scales.y.range(null, null, null)).toEqual([0, 4]);
    rerender(<LiveChart metric="average_score" bucket="1h" points={[{ at: minute(1).at, value: 0.7 }]} />);
    expect(only()).not.toBe(plot);
    expect(only().data[1]).toEqual([70]);
    expect(only().options.axes[1]?.values(null, [50])).toEqual(["50%"]);
    expect(only().options.scales.y.range(null, 0, 70)).toEqual([0, 100]);
    expect(only().options.axes[0]?.values(null, [new Date(2026, 10, 22, 0, 0).getTime() / 1_000])[0]).toMatch(
      /22/u,
    );
  });

  it("is as wide as its place", () => {
    render(<LiveChart metric="events" bucket="1m" points={three} />);
    const { host } = only();
    Object.defineProperty(host, "clientWidth", { value: 500 });
    act(() => resized?.());
    expect(only().width).toBe(500);
  });

  it("is drawn anew in the colours of another theme", async () => {
    render(<LiveChart metric="events" bucket="1m" points={three} />);
    document.documentElement.dataset["theme"] = "dark";
    await waitFor(() => expect(only().redraws).toBe(1));
    delete document.documentElement.dataset["theme"];
    await waitFor(() => expect(only().redraws).toBe(2));
  });
});
