/** The way in: links, the list of people, what is remembered, and the theme. */

import { act, render, renderHook, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { demoToken } from "./demo";
import { SignIn } from "./SignIn";
import { go, signIn, signOut, usePlace } from "./session";
import { applyTheme, readTheme, saveTheme } from "./theme";

const json = (data: unknown, status = 200) =>
  new Response(JSON.stringify(data), { status, headers: { "content-type": "application/json" } });
const people = [
  {
    user_id: "ada",
    name: "Ada Lovelace",
    role: "instructor",
    course_ids: ["cs101"],
    sign_in_url: "/#as=ada",
  },
  { user_id: "ben", name: "Ben Okafor", role: "learner", course_ids: ["cs101"], sign_in_url: "/#as=ben" },
];

beforeEach(() => {
  signOut();
  localStorage.clear();
});

describe("signing in", () => {
  it("takes a link once and removes it from the address", () => {
    const { result } = renderHook(usePlace);
    expect(result.current.userId).toBeNull();
    act(() => {
      location.hash = "#as=ada";
      window.dispatchEvent(new Event("hashchange"));
    });
    expect(result.current).toEqual({
      userId: "ada",
      page: "chat",
      item: null,
      message: null,
      reports: false,
      course: null,
      note: null,
      job: null,
    });
    expect(location.hash).toBe("#/chat");
    expect(sessionStorage.getItem("campus.user")).toBe("ada");
  });

  it("keeps page and room in the address", () => {
    const { result } = renderHook(usePlace);
    act(() => {
      signIn("ada");
      go("chat", "room 1/2");
      window.dispatchEvent(new Event("hashchange"));
    });
    expect(result.current).toEqual({
      userId: "ada",
      page: "chat",
      item: "room 1/2",
      message: null,
      reports: false,
      course: null,
      note: null,
      job: null,
    });
  });

  it("takes a link to a message", () => {
    const { result } = renderHook(usePlace);
    act(() => {
      signIn("ada");
      location.hash = "#/chat/room%201?message=m%2F7";
      window.dispatchEvent(new Event("hashchange"));
    });
    expect(result.current).toMatchObject({ page: "chat", item: "room 1", message: "m/7" });
  });

  it("takes a link to the reports", () => {
    const { result } = renderHook(usePlace);
    act(() => {
      signIn("ada");
      location.hash = "#/chat?reports=open";
      window.dispatchEvent(new Event("hashchange"));
    });
    expect(result.current).toMatchObject({ page: "chat", item: null, reports: true });
  });

  it("takes a link to a course's figures, and to a job", () => {
    const { result } = renderHook(usePlace);
    act(() => {
      signIn("ada");
      location.hash = "#/analytics?course=cs101";
      window.dispatchEvent(new Event("hashchange"));
    });
    expect(result.current).toMatchObject({ page: "analytics", item: null, course: "cs101", job: null });
    act(() => {
      location.hash = "#/analytics/jobs/grading%2F42?course=cs101";
      window.dispatchEvent(new Event("hashchange"));
    });
    expect(result.current).toMatchObject({
      page: "analytics",
      item: null,
      course: "cs101",
      job: "grading/42",
    });
  });

  it.each([
    ["#/chat/%", { page: "chat", item: "%" }],
    ["#/documents/%E0%A4%A", { page: "documents", item: "%E0%A4%A" }],
    ["#/analytics/jobs/%zz", { page: "analytics", job: "%zz" }],
    ["#as=%", { page: "chat", userId: "%" }],
  ])("takes %s, which is no encoded text, as it stands", (hash, expected) => {
    const { result } = renderHook(usePlace);
    act(() => {
      location.hash = hash;
      window.dispatchEvent(new Event("hashchange"));
    });
    expect(result.current).toMatchObject(expected);
  });

  it("leads whoever signs in where the link led that they came by", () => {
    const { result } = renderHook(usePlace);
    act(() => {
      location.hash = "#/documents/d1?note=a1";
      window.dispatchEvent(new Event("hashchange"));
    });
    expect(result.current).toMatchObject({ userId: null, page: "documents" });
    act(() => signIn("ada"));
    expect(result.current).toMatchObject({ userId: "ada", page: "documents", item: "d1", note: "a1" });
  });

  it("offers the people of the demo", async () => {
    vi.stubGlobal("fetch", vi.fn().mockResolvedValue(json({ items: people })));
    const { result } = renderHook(usePlace);
    render(<SignIn />);
    await userEvent.setup().click(await screen.findByRole("button", { name: /Ada Lovelace.*Teacher/u }));
    expect(result.current.userId).toBe("ada");
  });

  it("says where there is no demo sign-in", async () => {
    vi.stubGlobal("fetch", vi.fn().mockResolvedValue(json({}, 404)));
    render(<SignIn />);
    expect((await screen.findByRole("alert")).textContent).toContain("no demo sign-in");
  });

  it("says that the server is away, and asks again", async () => {
    const fetch = vi
      .fn()
      .mockRejectedValueOnce(new TypeError("failed"))
      .mockResolvedValue(json({ items: people }));
    vi.stubGlobal("fetch", fetch);
    render(<SignIn />);
    await userEvent.setup().click(await screen.findByRole("button", { name: "Try again" }));
    expect(await screen.findByRole("button", { name: /Ben Okafor/u })).toBeTruthy();
  });

  it("tells a refused sign-in from a server that is away", async () => {
    vi.stubGlobal("fetch", vi.fn().mockResolvedValueOnce(json({}, 404)).mockResolvedValueOnce(json({}, 503)));
    await expect(demoToken("nobody")).rejects.toMatchObject({ code: "auth_invalid", retryable: false });
    await expect(demoToken("ada")).rejects.toThrow("503");
  });
});

describe("the theme", () => {
  it("follows the system until one is chosen, and remembers it", () => {
    expect(readTheme()).toBe("system");
    saveTheme("dark");
    expect(document.documentElement.dataset["theme"]).toBe("dark");
    expect(readTheme()).toBe("dark");
    saveTheme("system");
    expect(document.documentElement.dataset["theme"]).toBeUndefined();
    expect(readTheme()).toBe("system");
    applyTheme("light");
    expect(document.documentElement.dataset["theme"]).toBe("light");
  });

  it("colours what the browser paints around the page", () => {
    document.head.innerHTML = ["light", "dark"]
      .map(
        (theme) => `<meta name="theme-color" data-theme="${theme}" media="(prefers-color-scheme: ${theme})">`,
      )
      .join("");
    const media = () => [...document.querySelectorAll("meta")].map((colour) => colour.media);
    const asTheSystem = ["(prefers-color-scheme: light)", "(prefers-color-scheme: dark)"];
    saveTheme("dark");
    expect(media()).toEqual(["not all", "all"]);
    saveTheme("light");
    expect(media()).toEqual(["all", "not all"]);
    saveTheme("system");
    expect(media()).toEqual(asTheSystem);
  });
});
