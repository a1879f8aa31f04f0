/** The shell around the pages: navigation, unread counts, the person's menu. */

import { act, render, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { beforeEach, describe, expect, it } from "vitest";
import { CoursewireProvider } from "../src";
import { furnish, room } from "../src/testing/campus";
import { settle, World } from "../src/testing/world";
import { Shell } from "./Shell";
import { signIn } from "./session";

let world: World;

async function pass(): Promise<void> {
  for (let frame = 0; frame < 3; frame += 1) {
    await act(async () => {
      await settle();
      world.advance(20);
    });
  }
}

beforeEach(async () => {
  world = new World();
  signIn("ada");
  render(
    <CoursewireProvider userId="ada" authToken="token" environment={world}>
      <Shell />
    </CoursewireProvider>,
  );
  await pass();
  furnish(world.peer, [room(), room({ id: "r2", title: "Lab", unread: 3 })]);
  act(() => world.peer.accept());
  await pass();
});

describe("Shell", () => {
  it("shows the page that is open and how much is unread, also in the title", () => {
    const tab = screen.getByRole("link", { name: /Chat.*3 unread/u });
    expect(tab.getAttribute("aria-current")).toBe("page");
    expect(document.title).toBe("(3) Chat · Campus");
    expect(screen.getByRole("heading", { level: 1, name: "Chat" })).toBeTruthy();
  });

  it("lets one skip the navigation", async () => {
    const user = userEvent.setup();
    (document.activeElement as HTMLElement | null)?.blur();
    await user.tab();
    expect(document.activeElement?.textContent).toBe("Skip to the content");
    await user.keyboard("{Enter}");
    expect(document.activeElement).toBe(screen.getByRole("main"));
  });

  it("sets one's status, and takes it back when the server says no", async () => {
    const user = userEvent.setup();
    await user.click(screen.getByRole("button", { name: /Ada Lovelace.*status/u }));
    await user.click(screen.getByRole("menuitemradio", { name: "Busy" }));
    expect(world.peer.payloads("presence.set")).toEqual([{ status: "busy" }]);
    expect(screen.getByRole("button", { name: /Busy.*Ada Lovelace/u })).toBeTruthy();
    act(() =>
      world.peer.answer("presence.set", {
        ok: false,
        error: { code: "invalid", message: "no", retryable: false },
      }),
    );
    await pass();
    expect(screen.getByRole("button", { name: /Online.*Ada Lovelace/u })).toBeTruthy();
  });

  it("changes the theme, and signs out", async () => {
    const user = userEvent.setup();
    await user.click(screen.getByRole("button", { name: /status/u }));
    await user.click(screen.getByRole("menuitemradio", { name: "Dark" }));
    expect(document.documentElement.dataset["theme"]).toBe("dark");
    await user.click(screen.getByRole("button", { name: /status/u }));
    await user.click(screen.getByRole("menuitemradio", { name: "As the system" }));
    await user.click(screen.getByRole("button", { name: /status/u }));
    await user.click(screen.getByRole("menuitem", { name: "Sign out" }));
    expect(sessionStorage.getItem("campus.user")).toBeNull();
  });
});
