/** The documents of a course, and the making of a new one, as the server lets one. */

import { act, render, screen, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { beforeEach, expect, it, vi } from "vitest";
import { CoursewireProvider } from "../../hooks/CoursewireProvider";
import type { Answer } from "../../services/websocket/protocol";
import { frames } from "../../testing/frames";
import { Scriptorium } from "../../testing/scriptorium";
import { type Peer, World } from "../../testing/world";
import { DocumentsList } from "./DocumentsList";

let world: World;
let peer: Peer;
const made = vi.fn();
const info = new Scriptorium().info("ada");

beforeEach(() => {
  world = new World();
  made.mockReset();
});

const pass = () => frames(world);

async function come(answer: object): Promise<void> {
  render(
    <CoursewireProvider userId="ada" authToken="token" environment={world}>
      <DocumentsList courseId="cs101" documentLink={(id) => `#/documents/${id}`} onMade={made} />
    </CoursewireProvider>,
  );
  peer = world.peer;
  peer.reply("document.list", ({ cursor }) =>
    cursor === undefined ? answer : { items: [{ ...info, id: "8", title: "Older" }], groups: [] },
  );
  peer.reply("document.templates", () => ({
    items: [{ id: "lab", title: "Lab report", description: "Aim, method, results." }],
  }));
  peer.reply("document.create", ({ title }) => ({ duplicate: false, document: { ...info, id: "9", title } }));
  await pass();
  await act(async () => peer.accept({ user: { id: "ada", name: "Ada Lovelace" } }));
  await pass();
}

it("leads to each document, and shows what may be done and what is open in it", async () => {
  const items = [
    { ...info, open_annotations: 3 },
    { ...info, id: "p", title: "Reading", kind: "page" },
  ];
  await come({ items, next_cursor: "c", may_make: false, groups: [] });
  const [first, second] = screen.getAllByRole("link");
  expect(first?.getAttribute("href")).toBe("#/documents/7");
  expect(first?.textContent).toMatch(/^NotesYou can edit3 open notes/u);
  expect(second?.textContent).toContain("ReadingCourse page");
  expect(screen.queryByRole("button", { name: "New document" })).toBeNull();
  await userEvent.setup().click(screen.getByRole("button", { name: "Show more documents" }));
  await pass();
  expect(screen.getAllByRole("link")).toHaveLength(3);
});

it("shows the title that a document has now, at once", async () => {
  const items = [info, { ...info, id: "p", title: "Reading", kind: "page" }];
  await come({ items, may_make: false, groups: [] });
  const changed = { document_id: "7", course_id: "cs101", title: "Notes on Hegel" };
  await act(async () => peer.say("document.changed", changed, { channel: "user:ada" }));
  const titles = screen.getAllByRole("link").map((link) => link.querySelector("strong")?.textContent);
  expect(titles).toEqual(["Notes on Hegel", "Reading"]);
  expect(peer.payloads("document.list")).toHaveLength(1);
});

it("shows what there is now, once the course has changed: as much of it as before", async () => {
  const older = { ...info, id: "8", title: "Older" };
  await come({ items: [info], next_cursor: "c", may_make: false, groups: [] });
  await userEvent.setup().click(screen.getByRole("button", { name: "Show more documents" }));
  await pass();
  const rows = () =>
    screen.getAllByRole("link").map(({ textContent }) => textContent?.replace(/can edit.*/u, "can edit"));
  expect(rows()).toEqual(["NotesYou can edit", "OlderYou can edit"]);
  const fresh = { ...info, id: "9", title: "Fresh" };
  let now: Record<string, object> = {
    first: { items: [fresh, { ...info, mode: "view" }], next_cursor: "d", may_make: true, groups: [] },
    d: { items: [older], groups: [] },
  };
  peer.reply("document.list", ({ cursor }) => now[String(cursor ?? "first")] as object);
  const change = async (course_id: string) => {
    await act(async () => peer.say("documents.changed", { course_id }, { channel: "user:ada" }));
    await act(async () => world.advance(1_000));
    await pass();
  };
  await change("cs102");
  expect(rows()).toHaveLength(2);
  await change("cs101");
  expect(rows().map((row) => row?.slice(0, 12))).toEqual(["FreshYou can", "NotesYou can"]);
  expect(rows()[1]).toContain("You can read");
  expect(screen.getByRole("button", { name: "New document" })).toBeTruthy();
  now = { first: { items: [older], may_make: false, groups: [] } };
  await change("cs101");
  expect(rows()).toEqual(["OlderYou can edit"]);
  expect(screen.queryByRole("button", { name: "New document" })).toBeNull();
});

it("keeps what it shows when it cannot be asked for, and nothing of a course that is no more ours", async () => {
  await come({ items: [info], may_make: false, groups: [] });
  const refuse = async (code: string, retryable: boolean) => {
    peer.respond("document.list", () => ({ ok: false, error: { code, message: "", retryable } }) as Answer);
    await act(async () => peer.say("documents.changed", { course_id: "cs101" }, { channel: "user:ada" }));
    await act(async () => world.advance(1_000));
    await pass();
  };
  await refuse("internal", true);
  expect(screen.getAllByRole("link")).toHaveLength(1);
  await refuse("not_found", false);
  expect(screen.queryAllByRole("link")).toEqual([]);
  expect(screen.getByRole("alert").textContent).toContain("not here any more");
});

it("makes one from a template, for everybody or for a group", async () => {
  await come({ items: [], may_make: true, groups: [{ id: "red", title: "Group Red" }] });
  expect(screen.getByText("There are no documents in this course yet.")).toBeTruthy();
  const user = userEvent.setup();
  await user.click(screen.getByRole("button", { name: "New document" }));
  const dialog = within(screen.getByRole("dialog", { name: "New document" }));
  await user.type(dialog.getByLabelText("Title"), "Report 3");
  await user.click(await dialog.findByRole("radio", { name: "Lab report Aim, method, results." }));
  await user.selectOptions(dialog.getByLabelText("For"), "Group Red");
  await user.click(dialog.getByRole("button", { name: "Make it" }));
  await pass();
  expect(peer.payloads("document.create")[0]).toMatchObject({
    course_id: "cs101",
    title: "Report 3",
    template: "lab",
    group: "red",
  });
  expect(made).toHaveBeenCalledWith("9");
});

it("offers learners their own groups only", async () => {
  await come({ items: [], may_make: false, groups: [{ id: "red", title: "" }] });
  const user = userEvent.setup();
  await user.click(screen.getByRole("button", { name: "New document" }));
  const options = within(screen.getByLabelText("For")).getAllByRole("option");
  expect(options.map(({ textContent }) => textContent)).toEqual(["Group red"]);
  peer.respond("document.create", () => ({
    ok: false,
    error: { code: "forbidden", message: "you are not in this group", retryable: false },
  }));
  await user.type(screen.getByLabelText("Title"), "Ours");
  await user.click(screen.getByRole("button", { name: "Make it" }));
  await pass();
  expect(screen.getByText("You are not in this group.")).toBeTruthy();
  expect(made).not.toHaveBeenCalled();
});

it("says that what it shows may be old, once the connection stays gone", async () => {
  await come({ items: [info], may_make: false, groups: [] });
  act(() => peer.cut());
  expect(screen.queryByText(/No connection/u)).toBeNull();
  await screen.findByText("No connection. This may be out of date.");
  expect(screen.getAllByRole("link")).toHaveLength(1);
});

it("says why no documents come", async () => {
  render(
    <CoursewireProvider userId="ada" authToken="token" environment={world}>
      <DocumentsList courseId="cs101" documentLink={(id) => `#/documents/${id}`} onMade={made} />
    </CoursewireProvider>,
  );
  await pass();
  expect(screen.getByText("Loading the documents")).toBeTruthy();
  await screen.findByText("No connection. The documents are shown when it is back.");
});
