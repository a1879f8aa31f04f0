/** The inbox, its preferences and its toasts as a person meets them: by role and name, against a server's end in memory. */

import { act, render, screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { StrictMode } from "react";
import { toast as sonner } from "sonner";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Notification } from "../contract";
import { CoursewireProvider } from "../hooks/CoursewireProvider";
import { frames } from "../testing/frames";
import { countsOf, furnishInbox, notification, preferences, read, userMeta } from "../testing/inbox";
import { World } from "../testing/world";
import { NotificationInbox } from "./NotificationInbox";
import { NotificationPreferences } from "./NotificationPreferences";
import { NotificationToasts } from "./NotificationToasts";

let world: World;
beforeEach(() => {
  world = new World();
});
afterEach(() => {
  sonner.dismiss();
});

const pass = () => frames(world);

const grade = notification(3, { category: "grade", title: "Essay graded", priority: "high" });
const usual = [notification(1), read(notification(2)), grade];
const refusal = {
  ok: false,
  error: { code: "forbidden", message: "this is kept", retryable: false },
} as const;

async function open(items: Notification[] = usual, page = 50, answer = true): Promise<void> {
  render(
    <StrictMode>
      <CoursewireProvider userId="ada" authToken="token" environment={world}>
        <NotificationInbox preferencesLink="#/preferences" />
        <NotificationPreferences />
        <NotificationToasts inboxLink="#/inbox" />
      </CoursewireProvider>
    </StrictMode>,
  );
  await pass();
  if (answer) furnishInbox(world.peer, items, page);
  act(() => world.peer.accept());
  await pass();
}

const say = async (event: string, data: unknown, offset: number): Promise<void> => {
  act(() => world.peer.say(event, data, userMeta(offset)));
  await pass();
};
const titles = () => screen.queryAllByRole("heading", { level: 4 }).map(({ textContent }) => textContent);
const region = () => screen.getByRole("region", { name: /New notifications/u });

describe("NotificationInbox", () => {
  it("lists by day, the unread marked, with what waits in each category", async () => {
    await open();
    expect(titles()).toEqual(["Unread: Essay gradedHigh", "Notice 2", "Unread: Notice 1"]);
    expect(screen.getByRole("button", { name: "Grades 1 unread" })).toBeTruthy();
    expect(screen.getByRole("button", { name: "Unread 2 unread" })).toBeTruthy();
  });

  it("archives, undoes, and takes back what the server refuses, with its words", async () => {
    const user = userEvent.setup();
    await open();
    await user.click(screen.getByRole("button", { name: "Archive: Essay graded" }));
    await pass();
    expect(titles()).toHaveLength(2);
    expect(screen.getByText("Archived.")).toBeTruthy();
    act(() => world.peer.answer("notification.mark", refusal));
    await pass();
    expect(titles()).toHaveLength(3);
    expect(screen.getByText("This is kept.").getAttribute("role")).toBe("alert");
    expect(screen.queryByText("Archived.")).toBeNull();
    world.peer.reply("notification.mark", () => ({ marked: 1, more: false, counts: countsOf(usual) }));
    await user.click(screen.getByRole("button", { name: "Archive: Essay graded" }));
    await pass();
    await user.click(screen.getByRole("button", { name: "Undo" }));
    await pass();
    expect(world.peer.payloads("notification.mark").at(-1)).toMatchObject({ ids: ["n0003"], as: "unread" });
    await say("notification.changed", grade, 1);
    expect(titles()).toHaveLength(3);
  });

  it("moves by arrows, acts by letters, and keeps the focus", async () => {
    const user = userEvent.setup();
    await open();
    const links = () => document.querySelectorAll<HTMLElement>(".cw-news-open");
    act(() => links()[0]?.focus());
    await user.keyboard("{ArrowDown}{End}{Home}{ArrowDown}");
    expect(document.activeElement?.textContent).toBe("Notice 2");
    await user.keyboard("u");
    await pass();
    expect(world.peer.payloads("notification.mark")).toMatchObject([{ ids: ["n0002"], as: "unread" }]);
    await user.keyboard("e");
    await pass();
    expect(titles()).toHaveLength(2);
    expect(document.activeElement?.textContent).toBe("Unread: Notice 1");
  });

  it("filters, says that there is nothing of a kind, and goes back to the whole", async () => {
    const user = userEvent.setup();
    await open();
    await user.click(screen.getByRole("button", { name: "Grades 1 unread" }));
    await user.selectOptions(screen.getByRole("combobox", { name: "Priority" }), "urgent");
    await pass();
    expect(world.peer.payloads("notification.list").at(-1)).toMatchObject({
      filter: { category: ["grade"], priority: ["urgent"] },
    });
    expect(screen.getByText("There is nothing of this kind.")).toBeTruthy();
    await user.click(screen.getByRole("button", { name: "Show the whole inbox" }));
    await pass();
    expect(titles()).toHaveLength(3);
  });

  it("has no way back for what it does not hold", async () => {
    const user = userEvent.setup();
    await open(
      Array.from({ length: 6 }, (_, index) => notification(index + 1)),
      4,
    );
    await user.click(screen.getByRole("button", { name: "Mark all as read" }));
    await pass();
    expect(screen.getByText("All marked as read.")).toBeTruthy();
    expect(screen.queryByRole("button", { name: "Undo" })).toBeNull();
    await user.click(screen.getByRole("button", { name: "Show older ones" }));
    await pass();
    expect(titles()).toHaveLength(6);
  });

  it("shows that it loads, why it failed, and that one is caught up", async () => {
    const user = userEvent.setup();
    await open([], 50, false);
    expect(screen.getByText("Loading notifications")).toBeTruthy();
    act(() =>
      world.peer.answer("notification.list", {
        ok: false,
        error: { code: "internal", message: "x", retryable: true },
      }),
    );
    await pass();
    const failed = screen.getByText("Your notifications could not be loaded.").parentElement as HTMLElement;
    furnishInbox(world.peer, []);
    await user.click(within(failed).getByRole("button", { name: "Try again" }));
    await pass();
    expect(screen.getByText("You are all caught up.")).toBeTruthy();
  });

  it("makes no link of an address that runs something", async () => {
    const evil = { label: "Open", url: "javascript:alert(1)" };
    await open([notification(1, { title: "Evil", action: evil })]);
    expect(screen.queryByRole("link", { name: /Evil/u })).toBeNull();
    expect(screen.getByRole("button", { name: "Unread: Evil" })).toBeTruthy();
  });
});

describe("NotificationToasts", () => {
  it("shows a burst as one, in a region that was there before, and lets go of what is read", async () => {
    await open();
    const before = region();
    expect(before.textContent).toBe("");
    for (const number of [4, 5, 6])
      await say("notification.created", notification(number, { toast: true }), number - 3);
    await waitFor(() => expect(within(region()).getByText("3 new notifications")).toBeTruthy());
    expect(region()).toBe(before);
    expect(before.querySelectorAll(".cw-toast")).toHaveLength(1);
    await say("notification.changed", read(notification(6)), 4);
    await waitFor(() => expect(within(region()).getByText("2 new notifications")).toBeTruthy());
    await say("notification.changed", read(notification(5)), 5);
    await say("notification.changed", read(notification(4)), 6);
    await waitFor(() => expect(region().textContent).toBe(""));
  });

  it("marks as read what is followed", async () => {
    const user = userEvent.setup();
    await open();
    const action = { label: "Open", url: "/#/there" };
    await say("notification.created", notification(4, { toast: true, priority: "urgent", action }), 1);
    await waitFor(() => expect(within(region()).getByText("Urgent")).toBeTruthy());
    const link = within(region()).getByRole("link", { name: "Notice 4" });
    expect(link.getAttribute("href")).toBe("/#/there");
    await user.click(link);
    await pass();
    expect(world.peer.payloads("notification.mark")).toMatchObject([{ ids: ["n0004"], as: "read" }]);
    await waitFor(() => expect(region().textContent).toBe(""));
  });

  it("lets one dismiss, which marks nothing", async () => {
    const user = userEvent.setup();
    await open();
    await say("notification.created", notification(4, { toast: true }), 1);
    await waitFor(() => expect(within(region()).getByRole("button", { name: "Dismiss" })).toBeTruthy());
    await user.click(within(region()).getByRole("button", { name: "Dismiss" }));
    await waitFor(() => expect(region().textContent).toBe(""));
    expect(world.peer.payloads("notification.mark")).toEqual([]);
  });
});

describe("NotificationPreferences", () => {
  it("keeps every change at once, and takes back what is refused", async () => {
    const user = userEvent.setup();
    await open();
    expect(screen.getByRole("switch", { name: "System: Inbox" })).toHaveProperty("disabled", true);
    await user.click(screen.getByRole("switch", { name: "Grades: Pop-up" }));
    expect(screen.getByRole("switch", { name: "Grades: Pop-up" }).getAttribute("aria-checked")).toBe("false");
    act(() => world.peer.answer("preferences.update", refusal));
    await pass();
    expect(screen.getByRole("switch", { name: "Grades: Pop-up" }).getAttribute("aria-checked")).toBe("true");
    expect(screen.getByText("This is kept.")).toBeTruthy();
    world.peer.reply("preferences.update", () => ({ preferences: preferences({ least_priority: "high" }) }));
    await user.selectOptions(screen.getByRole("combobox", { name: "Least priority" }), "high");
    await pass();
    expect(screen.getByText("Saved.")).toBeTruthy();
    expect(world.peer.payloads("preferences.update").at(-1)).toMatchObject({ least_priority: "high" });
  });

  it("sets quiet hours with days and a time zone", async () => {
    const user = userEvent.setup();
    await open();
    await user.click(screen.getByRole("switch", { name: "Quiet hours" }));
    await user.click(screen.getByRole("button", { name: "Sunday" }));
    await user.selectOptions(screen.getByRole("combobox", { name: "Time zone" }), "Europe/Berlin");
    const wishes = () => world.peer.payloads("preferences.update");
    // One at a time and in order: the first has no answer yet.
    world.peer.reply("preferences.update", () => ({ preferences: preferences() }));
    act(() => world.peer.answer("preferences.update", { ok: true, data: { preferences: preferences() } }));
    await pass();
    expect(wishes().map(({ quiet_hours }) => quiet_hours)).toMatchObject([
      { start: "22:00", end: "07:00", days: { length: 7 } },
      { days: ["mon", "tue", "wed", "thu", "fri", "sat"] },
      { time_zone: "Europe/Berlin" },
    ]);
  });
});
