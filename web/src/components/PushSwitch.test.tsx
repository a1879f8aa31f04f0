/** The switch of push messages as a person meets it, and a click on what the device shows. */

import { act, render, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { type ReactNode, StrictMode, useEffect } from "react";
import { beforeEach, describe, expect, it, vi } from "vitest";
import type { Preferences } from "../contract";
import { CoursewireProvider } from "../hooks/CoursewireProvider";
import { useNotificationsWebSocket } from "../hooks/useNotificationsWebSocket";
import { frames } from "../testing/frames";
import { furnishInbox, notification, preferences } from "../testing/inbox";
import { MemoryPush, PUBLIC_KEY } from "../testing/push";
import { World } from "../testing/world";
import { NotificationPreferences } from "./NotificationPreferences";
import { NotificationToasts } from "./NotificationToasts";
import { PushSwitch } from "./notifications/PushSwitch";

let world: World;
let browser: MemoryPush;
const navigated = vi.fn();
const linkTo = (url: string): string => (url === "/lms" ? "https://lms.example.edu/" : `/campus${url}`);
beforeEach(() => {
  world = new World();
  browser = new MemoryPush();
  navigated.mockReset();
});

const pass = () => frames(world);

const WITH_PUSH: Partial<Preferences> = { push_public_key: PUBLIC_KEY };

/** The switch alone, as the page has it. */
function Alone() {
  const { push, loadPreferences } = useNotificationsWebSocket();
  useEffect(() => void loadPreferences(), [loadPreferences]);
  return <PushSwitch push={push} />;
}

async function open(patch = WITH_PUSH, page: ReactNode = <Alone />): Promise<void> {
  render(
    <StrictMode>
      <CoursewireProvider
        userId="ada"
        authToken="token"
        environment={world}
        push={{ worker: "/w.js", browser }}
      >
        {page}
        <NotificationToasts linkTo={linkTo} onNavigate={navigated} />
      </CoursewireProvider>
    </StrictMode>,
  );
  await pass();
  furnishInbox(world.peer, [notification(1)]);
  world.peer.reply("preferences.read", () => ({ preferences: preferences(patch) }));
  world.peer.reply("push.subscribe", () => ({}));
  world.peer.reply("push.unsubscribe", () => ({}));
  act(() => world.peer.accept());
  await pass();
}

const NAME = "Notifications on this device";
const control = () => screen.getByRole("switch", { name: NAME });
const isOn = () => control().getAttribute("aria-checked") === "true";

describe("the switch", () => {
  it("asks the person, switches on, and off again", async () => {
    const user = userEvent.setup();
    await open();
    expect(isOn()).toBe(false);
    await user.click(control());
    await pass();
    expect([isOn(), browser.asked]).toEqual([true, 1]);
    expect(screen.getByText(/^This browser shows what comes by push/u)).toBeTruthy();
    expect(world.peer.payloads("push.subscribe")).toHaveLength(1);
    await user.click(control());
    await pass();
    expect(isOn()).toBe(false);
    expect(world.peer.payloads("push.unsubscribe")).toHaveLength(1);
  });

  it("is held while the browser and the server are asked", async () => {
    const user = userEvent.setup();
    await open();
    world.peer.silence("push.subscribe");
    await user.click(control());
    await pass();
    expect(control()).toHaveProperty("disabled", true);
    expect(screen.getByText("Your browser may ask you to allow it.")).toBeTruthy();
    act(() => world.peer.answer("push.subscribe", { ok: true, data: {} }));
    await pass();
    expect(control()).toHaveProperty("disabled", false);
    expect(isOn()).toBe(true);
  });

  it("says how to undo a block, and sees when it was", async () => {
    browser.current = "denied";
    await open();
    expect(control()).toHaveProperty("disabled", true);
    expect(screen.getByText(/^Blocked in this browser\. To undo that/u)).toBeTruthy();
    browser.current = "granted";
    act(() => browser.news?.changed());
    await pass();
    expect(control()).toHaveProperty("disabled", false);
  });

  it("says why it did not work", async () => {
    const user = userEvent.setup();
    await open();
    browser.broken = "subscribe";
    await user.click(control());
    await pass();
    expect(isOn()).toBe(false);
    expect(screen.getByText(/push service did not answer/u).getAttribute("role")).toBe("alert");
    browser.broken = null;
    await user.click(control());
    await pass();
    expect(isOn()).toBe(true);
    expect(screen.queryByText(/push service did not answer/u)).toBeNull();
  });

  it("says that this browser cannot", async () => {
    browser.isSupported = false;
    await open();
    expect(control()).toHaveProperty("disabled", true);
    expect(screen.getByText("This browser cannot show them on this page.")).toBeTruthy();
  });

  it("is not there where the server sends none", async () => {
    await open({ channels: ["email"] }, <NotificationPreferences />);
    expect(screen.getByRole("switch", { name: "Quiet hours" })).toBeTruthy();
    expect(screen.queryByRole("switch", { name: NAME })).toBeNull();
  });
});

describe("the preference page", () => {
  it("has it among the ways", async () => {
    await open(WITH_PUSH, <NotificationPreferences />);
    expect(control().closest("section")?.querySelector("h3")?.textContent).toBe("How they reach you");
  });
});

describe("a click on what the device shows", () => {
  const click = async (path: string, id: string): Promise<void> => {
    act(() => browser.news?.clicked({ type: "coursewire.push.clicked", url: location.origin + path, id }));
    await pass();
  };

  it("leads there by the page's own router, and marks it as read", async () => {
    await open();
    expect(browser.news?.asked()).toBe(true);
    await click("/chat?room=1", "n0001");
    expect(navigated).toHaveBeenCalledExactlyOnceWith("/campus/chat?room=1", notification(1));
    expect(world.peer.payloads("notification.mark")).toMatchObject([{ ids: ["n0001"], as: "read" }]);
  });

  it("leaves what is not its own, or not held, to the browser, and to no other host", async () => {
    await open();
    const assign = vi.spyOn(location, "assign").mockImplementation(() => undefined);
    await click("//evil.example/", "n0001");
    await click("/course", "n0404");
    await click("/lms", "n0001");
    expect(navigated).toHaveBeenCalledExactlyOnceWith(`${location.origin}//evil.example/`, notification(1));
    expect(assign.mock.calls).toEqual([["/campus/course"], ["https://lms.example.edu/"]]);
  });
});
