/** Whether what one has written is safe, in words: bad news at once, good news after a pause. */

import { act, render, screen } from "@testing-library/react";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import type { SaveState as State } from "../../services/websocket/collaboration/state";
import { SaveState, saveWords } from "./SaveState";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** Show one state after the other; returns the words of each, at once. */
function shown(...states: State[]): string[] {
  const one = (state: State) => <SaveState state={state} mode="edit" isConnected={false} keeps />;
  const { rerender, container } = render(one("saving"));
  return states.map((state) => {
    rerender(one(state));
    return container.textContent ?? "";
  });
}

it("says at once that something may be lost, and that it is kept when one pauses", async () => {
  const { keeping, kept } = saveWords;
  expect(shown("keeping", "kept", "keeping", "kept")).toEqual([keeping, keeping, keeping, keeping]);
  await act(() => vi.advanceTimersByTimeAsync(699));
  expect(screen.queryByText(kept)).toBeNull();
  await act(() => vi.advanceTimersByTimeAsync(1));
  expect(screen.queryByText(kept)).not.toBeNull();
});

it("says of what is kept alone never that it is saved", async () => {
  const { keeping, kept, offline } = saveWords;
  const { rerender, container } = render(<SaveState state="saved" mode="edit" isConnected keeps />);
  const words = (state: State) => {
    rerender(<SaveState state={state} mode="edit" isConnected keeps />);
    return container.textContent;
  };
  expect(words("saved")).toBe("All changes saved");
  expect(words("kept")).toBe(kept);
  expect(words("keeping")).toBe(keeping);
  expect(words("offline")).toBe(offline);
  expect(words("saved")).toBe(offline);
  await act(() => vi.advanceTimersByTimeAsync(700));
  expect(container.textContent).toBe("All changes saved");
});
