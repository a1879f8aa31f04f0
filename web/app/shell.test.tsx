/** The shell around the pages: navigation, unread counts, the person's menu. */

import { act, render, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { beforeAll, beforeEach, describe, expect, it } from "vitest";
import { CoursewireProvider } from "../src";
import { furnish, room } from "../src/testing/campus";
import { frames } from "../src/testing/frames";
import { furnishInbox, notification } from "../src/testing/inbox";
import { MemoryPush } from "../src/testing/push";
import { type Peer, World } from "../src/testing/world";
import { loadPages } from "./pages";
import { Shell } from "./Shell";
import { signIn } from "./session";

let world: World;
let browser: MemoryPush;
let chat: Peer;
let inbox: Peer;

const pass = () => frames(world);

// As in a browser that has been here for a moment.
beforeAll(loadPages);
beforeEach(async () => {
  world = new World();
  browser = new MemoryPush();
  signIn("ada");
  render(
    <CoursewireProvider
      userId="ada"
      authToken="token"
      environment={world}
      push={{ worker: "/w.js", browser }}
    >
      <Shell />
    </CoursewireProvider>,
  );
  await pass();
  chat = world.of("/chat");
  inbox = world.of("/notifications");
  furnish(chat, [room(), room({ id: "r2", title: "Lab", unread: 3 })]);
  furnishInbox(inbox, [
    notification(1, { action: { label: "Open", url: "/chat?room=r2&message=m7" } }),
    notification(2),
  ]);
  act(() => chat.accept());
  act(() => inbox.accept());
  await pass();
});

const localRecord = (endpoint: string): void =>
  world.local.setItem("coursewire.push", JSON.stringify({ userId: "ada", endpoint, toldAt: world.now() }));

describe("Shell", () => {
  it("shows the page that is open and how much is unread, also in the title", () => {
    const tab = screen.getByRole("link", { name: /Chat.*3 unread/u });
    expect(tab.getAttribute("aria-current")).toBe("page");
    expect(document.title).toBe("(3) Chat · Campus");
    expect(screen.getByRole("heading", { level: 1, name: "Chat" })).toBeTruthy();
  });

  it("leaves the links of its pages to the browser, which opens them in a window of their own, too", () => {
    const click = new MouseEvent("click", { bubbles: true, cancelable: true, ctrlKey: true });
    screen.getByRole("link", { name: "Documents" }).dispatchEvent(click);
    expect(click.defaultPrevented).toBe(false);
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
    expect(chat.payloads("presence.set")).toEqual([{ status: "busy" }]);
    expect(screen.getByRole("button", { name: /Busy.*Ada Lovelace/u })).toBeTruthy();
    act(() =>
      chat.answer("presence.set", {
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

  it("ends the push messages of whoever signs out, before anything else", async () => {
    const user = userEvent.setup();
    const { endpoint } = browser.subscribe();
    browser.isRegistered = true;
    localRecord(endpoint);
    await user.click(screen.getByRole("button", { name: /status/u }));
    await user.click(screen.getByRole("menuitem", { name: "Sign out" }));
    await pass();
    expect(inbox.payloads("push.unsubscribe")).toMatchObject([{ endpoint }]);
    expect(browser.subscription).toBeNull();
    expect(sessionStorage.getItem("campus.user")).toBe("ada");
    act(() => inbox.answer("push.unsubscribe", { ok: true, data: {} }));
    await pass();
    expect(sessionStorage.getItem("campus.user")).toBeNull();
  });

  it("has a bell that knows how much is unread, and leads into the room without a reload", async () => {
    const user = userEvent.setup();
    await user.click(screen.getByRole("button", { name: "Notifications, 2 unread" }));
    await pass();
    expect(inbox.payloads("notification.mark")).toMatchObject([{ filter: {}, as: "seen" }]);
    const link = screen.getByRole("link", { name: /Notice 1/u });
    expect(link.getAttribute("href")).toBe("#/chat/r2?message=m7");
    expect(screen.getByRole("link", { name: /Notifications.*2 unread/u })).toBeTruthy();
  });

  it("keeps a live region for what pops up, from the start", () => {
    const region = screen.getByRole("region", { name: /New notifications/u });
    expect(region.getAttribute("aria-live")).toBe("polite");
    expect(region.textContent).toBe("");
  });
});
