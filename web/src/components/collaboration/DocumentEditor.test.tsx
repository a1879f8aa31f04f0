/** A document as a person meets it: by role and name, against a server's end in memory that merges for real. */

import { act, render, screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { StrictMode } from "react";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { applyUpdate, Doc, encodeStateAsUpdate } from "yjs";
import type { Annotation } from "../../contract";
import { CoursewireProvider } from "../../hooks/CoursewireProvider";
import { frames } from "../../testing/frames";
import { annotation, participant, Scriptorium, write } from "../../testing/scriptorium";
import { type Peer, World } from "../../testing/world";
import { DocumentEditor, type DocumentEditorProps } from "./DocumentEditor";

let world: World;
let server: Scriptorium;
let peer: Peer;
let isWide = true;
/** Other properties for what is shown. */
let again: (props: Partial<DocumentEditorProps>) => void;

beforeEach(() => {
  world = new World();
  server = new Scriptorium("Hegel wrote about the owl of Minerva.");
  isWide = true;
  vi.spyOn(window, "matchMedia").mockImplementation(
    (query) => ({ matches: isWide, media: query, addEventListener() {}, removeEventListener() {} }) as never,
  );
});

const pass = (ms = 50) => frames(world, { count: 4, ms: ms / 4 });

/** Come in as Ada. */
async function come(props: Partial<DocumentEditorProps> = {}): Promise<void> {
  const page = (now: Partial<DocumentEditorProps>) => (
    <StrictMode>
      <CoursewireProvider userId="ada" authToken="token" environment={world}>
        <DocumentEditor documentId="7" {...now} />
      </CoursewireProvider>
    </StrictMode>
  );
  const { rerender } = render(page(props));
  again = (other) => rerender(page(other));
  await waitFor(() => expect(world.peers.length).toBeGreaterThan(0));
  peer = world.peer;
  server.furnish(peer, "ada");
  // Yjs comes with the first document.
  await act(async () => void (await import("../../services/websocket/collaboration/provider")));
  await act(async () => peer.accept({ user: { id: "ada", name: "Ada Lovelace" } }));
  await pass();
}

const text = (): HTMLElement => document.querySelector(".cw-prose") as HTMLElement;
const notes = () => screen.getByRole("region", { name: "Notes" });
const answer = (change: Partial<Annotation> = {}) => ({
  duplicate: false,
  annotation: annotation("a9", change),
});

describe("the text", () => {
  it("is the server's, says that all is saved, and follows what others write", async () => {
    await come();
    await waitFor(() => expect(text().textContent).toBe("Hegel wrote about the owl of Minerva."));
    expect(screen.getByRole("textbox", { name: "Text of Notes" })).toBe(text());
    await screen.findByText("All changes saved");
    expect(server.updates).toEqual([]);
    const other = new Doc();
    applyUpdate(other, encodeStateAsUpdate(server.doc));
    write(other, "It flies at dusk.");
    act(() =>
      server.say(
        "document.updated",
        { document_id: "7", sequence: 1, client_id: 9, update: encodeStateAsUpdate(other) },
        1,
      ),
    );
    await waitFor(() =>
      expect(text().textContent).toBe("Hegel wrote about the owl of Minerva.It flies at dusk."),
    );
    expect(server.updates).toEqual([]);
  });

  it("is only shown as the server has it to an editor that is too old, and nothing is bound to it", async () => {
    server.html = "<p>As it <em>is</em>.</p>";
    await come();
    await screen.findByText(
      "This document was edited with a newer version. Reload the page to edit it, too.",
    );
    expect(text().innerHTML).toBe(server.html);
    expect(document.querySelector("[contenteditable]")).toBeNull();
    expect(server.updates).toEqual([]);
  });

  it("turns read-only in the middle, says so, and offers what was refused as a copy", async () => {
    await come();
    await waitFor(() => expect(text().textContent).toContain("Hegel"));
    server.modes["ada"] = "view";
    peer.silence("document.update");
    act(() =>
      (
        text() as HTMLElement & { editor: { commands: { insertContentAt(at: number, words: string): void } } }
      ).editor.commands.insertContentAt(1, "Mine: "),
    );
    await screen.findByText("Saving…");
    await pass();
    act(() =>
      peer.say(
        "document.mode",
        { document_id: "7", mode: "view", reason: "role" },
        { channel: "user:ada", id: "m", at: "" },
      ),
    );
    await pass();
    await screen.findByRole("document", { name: "Text of Notes" });
    expect(text().getAttribute("contenteditable")).toBe("false");
    const error = { code: "forbidden", message: "you may not edit this document", retryable: false } as const;
    act(() => peer.answer("document.update", { ok: false, error }));
    await pass();
    const user = userEvent.setup();
    await user.click(screen.getByRole("button", { name: "Look at it" }));
    const copy = within(screen.getByRole("dialog", { name: "What could not be saved" }));
    expect(copy.getByText("You may not edit this document any more.")).toBeTruthy();
    expect((copy.getByRole("textbox") as HTMLTextAreaElement).value).toContain("Mine: Hegel");
    await user.click(copy.getByRole("button", { name: "Throw away" }));
    expect(screen.queryByText(/could not be saved here/u)).toBeNull();
  });

  it("is another one after the document began anew, and what is typed goes there", async () => {
    await come();
    await waitFor(() => expect(text().textContent).toContain("Hegel"));
    server.reset("e2", "Kant wrote about something else.");
    const reset = { document_id: "7", epoch: "e2", reason: "erased" };
    await act(async () => peer.say("document.reset", reset, { channel: "document:7", id: "r", at: "" }));
    await pass();
    await waitFor(() => expect(text().textContent).toBe("Kant wrote about something else."));
    const { editor } = text() as HTMLElement & {
      editor: { commands: { insertContentAt(at: number, words: string): void } };
    };
    act(() => editor.commands.insertContentAt(1, "Immanuel "));
    await pass();
    expect(server.text).toBe("Immanuel Kant wrote about something else.");
    await screen.findByText("All changes saved");
  });

  it("cannot be opened by everybody, and says so", async () => {
    const closed = vi.fn();
    const furnish = server.furnish.bind(server);
    server.furnish = (one, user) => {
      furnish(one, user);
      one.respond("document.open", () => ({
        ok: false,
        error: { code: "not_found", message: "no such document", retryable: false },
      }));
    };
    await come({ onClose: closed });
    expect((await screen.findByRole("alert")).textContent).toContain("This document could not be opened.");
    await userEvent.setup().click(screen.getByRole("button", { name: "Back to the documents" }));
    expect(closed).toHaveBeenCalledOnce();
  });

  it("gives back what was not saved when it is taken away, and is there again for who is let in again", async () => {
    await come();
    await waitFor(() => expect(text().textContent).toContain("Hegel"));
    peer.silence("document.update");
    const { editor } = text() as HTMLElement & {
      editor: { commands: { insertContentAt(at: number, words: string): void } };
    };
    act(() => editor.commands.insertContentAt(1, "Mine: "));
    await pass();
    const refused = { code: "not_found", message: "", retryable: false } as const;
    peer.respond("document.open", () => ({ ok: false, error: refused }));
    act(() => peer.say("channel.closed", { reason: "forbidden" }, { channel: "document:7" }));
    await pass();
    expect(screen.getByText("This document could not be opened.")).toBeTruthy();
    expect(screen.getByRole("button", { name: "Look at it" })).toBeTruthy();
    server.furnish(peer, "ada");
    const changed = { document_id: "7", course_id: "cs101", title: "Notes" };
    act(() => peer.say("document.changed", changed, { channel: "user:ada" }));
    await pass();
    await waitFor(() => expect(text()?.textContent).toBe("Hegel wrote about the owl of Minerva."));
  });
});

describe("by keyboard", () => {
  it("one goes from the text to the tools and back, and they are one stop of the Tab key", async () => {
    await come();
    await waitFor(() => expect(text().textContent).toContain("Hegel"));
    const user = userEvent.setup();
    text().focus();
    await user.keyboard("{Alt>}{F10}{/Alt}");
    expect(document.activeElement).toBe(screen.getByRole("button", { name: "Undo" }));
    await user.keyboard("{ArrowRight}{ArrowRight}{ArrowRight}");
    expect(document.activeElement).toBe(screen.getByRole("button", { name: "Bold" }));
    const tools = within(screen.getByRole("toolbar", { name: "Formatting and notes" }));
    expect(tools.getAllByRole("button").filter(({ tabIndex }) => tabIndex === 0)).toHaveLength(1);
    await user.keyboard("{Escape}");
    await waitFor(() => expect(document.activeElement).toBe(text()));
  });

  it("one goes from the words of a note to the note", async () => {
    server.annotations = [annotation("a1")];
    await come();
    await waitFor(() => expect(document.querySelector("mark")?.textContent).toBe("Hegel"));
    const { editor } = text() as HTMLElement & {
      editor: { commands: { setTextSelection(at: number): void } };
    };
    act(() => editor.commands.setTextSelection(3));
    const user = userEvent.setup();
    text().focus();
    await user.keyboard("{Control>}{Alt>}j{/Alt}{/Control}");
    await waitFor(() =>
      expect(document.activeElement).toBe(screen.getByRole("button", { name: "Show in the text: Hegel" })),
    );
  });
});

describe("who is here", () => {
  it("is listed with what they may do, and told politely", async () => {
    vi.useFakeTimers({ shouldAdvanceTime: true, toFake: ["setInterval", "clearInterval", "Date"] });
    await come();
    act(() =>
      peer.say(
        "session.changed",
        { ...participant("ben", "comment"), name: "Ben Okafor" },
        { channel: "document:7", id: "k", at: "" },
      ),
    );
    await pass();
    await act(async () => vi.advanceTimersByTime(10_000));
    expect(screen.getAllByRole("status").map((one) => one.textContent)).toContain("Ben Okafor joined.");
    vi.useRealTimers();
    await userEvent.setup().click(screen.getByRole("button", { name: "2 people here" }));
    const list = within(screen.getByRole("dialog", { name: "Who is here" }));
    expect(list.getAllByRole("listitem").map((one) => one.textContent)).toEqual(
      expect.arrayContaining([expect.stringContaining("Ben Okaforreads and comments")]),
    );
  });
});

describe("notes", () => {
  it("are written at what is marked, for whom one chooses, with tags", async () => {
    server.audiences = ["staff"];
    await come();
    await waitFor(() => expect(text().textContent).toContain("Hegel"));
    peer.reply("annotation.create", (payload) =>
      answer({ ...payload, author_name: "Ada Lovelace" } as never),
    );
    const user = userEvent.setup();
    await user.click(screen.getByRole("button", { name: "Assess" }));
    const note = within(screen.getByRole("article", { name: "New assessment" }));
    expect(note.getByText("Hegel wrote about the owl of Minerva.")).toBeTruthy();
    expect(document.querySelector("mark[data-annotation=draft]")?.textContent).toBe(
      "Hegel wrote about the owl of Minerva.",
    );
    // An assessment is the staff's, unless one says otherwise.
    expect((note.getByLabelText("For") as HTMLSelectElement).value).toBe("staff");
    await user.type(note.getByRole("textbox", { name: "Note" }), "Well put.");
    await user.type(note.getByLabelText("Tags"), "#style, owl");
    await user.click(note.getByRole("button", { name: "Save" }));
    await pass();
    const [payload] = peer.payloads("annotation.create");
    expect(payload).toMatchObject({
      document_id: "7",
      body: "Well put.",
      motivation: "assessing",
      visibility: "staff",
      tags: ["style", "owl"],
      target: { quote: { exact: "Hegel wrote about the owl of Minerva." } },
    });
  });

  it("of the staff cannot be written by others", async () => {
    await come();
    await waitFor(() => expect(text().textContent).toContain("Hegel"));
    expect(screen.queryByRole("button", { name: "Assess" })).toBeNull();
    const user = userEvent.setup();
    await user.click(screen.getByRole("button", { name: "Comment" }));
    const options = within(screen.getByLabelText("For")).getAllByRole("option");
    expect(options.map(({ textContent }) => textContent)).toEqual(["Everybody here", "Only me"]);
  });

  it("of groups have their names", async () => {
    server.audiences = ["group:red"];
    server.groups = [{ id: "red", title: "Team Red" }];
    server.annotations = [annotation("a1", { visibility: "group:red", author_name: "Ben Okafor" })];
    await come();
    const note = await screen.findByRole("article", { name: "Comment by Ben Okafor" });
    expect(within(note).getByRole("list", { name: "About this note" }).textContent).toBe("Team Red");
    await userEvent.setup().click(screen.getByRole("button", { name: "Comment" }));
    const options = within(screen.getByLabelText("For")).getAllByRole("option");
    expect(options.map(({ textContent }) => textContent)).toEqual(["Everybody here", "Team Red", "Only me"]);
  });

  it("stay written when they are refused", async () => {
    await come();
    await waitFor(() => expect(text().textContent).toContain("Hegel"));
    const error = { code: "rate_limited", message: "", retryable: false } as const;
    peer.respond("annotation.create", () => ({ ok: false, error }));
    const user = userEvent.setup();
    await user.click(screen.getByRole("button", { name: "Comment" }));
    await user.type(screen.getByRole("textbox", { name: "Note" }), "Why?");
    await user.keyboard("{Control>}{Enter}{/Control}");
    await pass();
    expect(await screen.findByText("That was a little fast. Please wait a moment.")).toBeTruthy();
    expect((screen.getByRole("textbox", { name: "Note" }) as HTMLTextAreaElement).value).toBe("Why?");
  });

  it.each(["taken", "refused"])(
    "are begun while one is on its way, and stay when that is %s",
    async (how) => {
      await come();
      await waitFor(() => expect(text().textContent).toContain("Hegel"));
      peer.silence("annotation.create");
      const user = userEvent.setup();
      const fields = () => screen.getAllByRole<HTMLTextAreaElement>("textbox", { name: "Note" });
      await user.click(screen.getByRole("button", { name: "Comment" }));
      await user.type(fields()[0] as HTMLElement, "First{Control>}{Enter}{/Control}");
      await pass();
      await user.click(screen.getByRole("button", { name: "Comment" }));
      expect(fields().map(({ value }) => value)).toEqual([""]);
      await user.type(fields()[0] as HTMLElement, "Second");
      const error = { code: "rate_limited", message: "", retryable: false } as const;
      act(() =>
        peer.answer(
          "annotation.create",
          how === "taken" ? { ok: true, data: answer({ body: "First" }) } : { ok: false, error },
        ),
      );
      await pass();
      const written = fields().map(({ value }) => value);
      expect(written).toEqual(how === "taken" ? ["Second"] : ["First", "Second"]);
    },
  );

  it("are replied to and resolved, and filtered then", async () => {
    server.annotations = [annotation("a1", { author_name: "Ben Okafor", author_id: "ben" })];
    await come();
    peer.reply("annotation.create", (payload) =>
      answer({ ...payload, target: undefined, parent_id: "a1", author_name: "Ada" } as never),
    );
    peer.reply("annotation.resolve", () =>
      answer({ id: "a1", revision: 2, resolved_at: world.now() as never }),
    );
    const user = userEvent.setup();
    const thread = within(await screen.findByRole("article", { name: "Comment by Ben Okafor" }));
    await user.click(thread.getByRole("button", { name: "Reply" }));
    await user.type(thread.getByRole("textbox", { name: "Reply to Ben Okafor" }), "Because.");
    await user.click(thread.getByRole("button", { name: "Reply" }));
    await pass();
    expect(peer.payloads("annotation.create")[0]).toMatchObject({ parent_id: "a1", body: "Because." });
    await user.click(thread.getByRole("button", { name: "Resolve" }));
    await pass();
    expect(peer.payloads("annotation.resolve")[0]).toMatchObject({ annotation_id: "a1", on: true });
    await user.click(within(notes()).getByRole("button", { name: "Filter notes" }));
    expect(within(notes()).getByText("The one note is filtered out.")).toBeTruthy();
    await user.click(screen.getByRole("button", { name: "Show all notes" }));
    expect(screen.getByText("Resolved", { selector: "li" })).toBeTruthy();
  });

  it("show both versions when somebody else has changed the same", async () => {
    server.annotations = [
      annotation("a1", { author_name: "Ada Lovelace", body: "First", html: "<p>First</p>" }),
    ];
    await come();
    peer.respond("annotation.update", () => ({
      ok: false,
      error: {
        code: "conflict",
        message: "",
        retryable: false,
        details: { yours: { body: "Mine" }, theirs: { body: "Theirs" } },
      },
    }));
    const user = userEvent.setup();
    await user.click(await screen.findByRole("button", { name: "Note by Ada Lovelace: actions" }));
    await user.click(screen.getByRole("menuitem", { name: "Edit" }));
    const field = screen.getByRole("textbox", { name: "Edit the note" });
    await user.clear(field);
    await user.type(field, "Mine");
    await user.click(screen.getByRole("button", { name: "Save" }));
    await pass();
    const conflict = within(await waitFor(() => document.querySelector(".cw-note-conflict") as HTMLElement));
    expect(conflict.getByText("Mine")).toBeTruthy();
    expect(conflict.getByText("Theirs")).toBeTruthy();
    peer.reply("annotation.update", () =>
      answer({ id: "a1", revision: 3, body: "Mine", html: "<p>Mine</p>" }),
    );
    await user.click(conflict.getByRole("button", { name: "Use mine" }));
    await pass();
    expect(peer.payloads("annotation.update").at(-1)).toMatchObject({ body: "Mine" });
    await waitFor(() => expect(document.querySelector(".cw-note-conflict")).toBeNull());
  });

  it("that have lost their words say so, and are attached to others", async () => {
    const target = { quote: { exact: "Quite another sentence about Kant", prefix: "", suffix: "" } };
    server.annotations = [annotation("a1", { orphaned: true, target }), annotation("a2")];
    await come();
    const [found, lost] = (await screen.findAllByRole("article")).map((one) => within(one));
    expect(found?.getByRole("button", { name: "Show in the text: Hegel" })).toBeTruthy();
    expect(document.querySelector("mark[data-annotation=a2]")?.textContent).toBe("Hegel");
    expect(lost?.getByText("These words are not in the text any more.")).toBeTruthy();
    const user = userEvent.setup();
    await user.click(lost?.getByRole("button", { name: "Attach to what is marked" }) as HTMLElement);
    expect(lost?.getByText("Mark the new place in the text first.")).toBeTruthy();
    peer.reply("annotation.reanchor", () => answer({ id: "a1", revision: 2 }));
    const { editor } = text() as HTMLElement & {
      editor: { commands: { setTextSelection(range: object): void } };
    };
    act(() => editor.commands.setTextSelection({ from: 1, to: 6 }));
    await user.click(lost?.getByRole("button", { name: "Attach to what is marked" }) as HTMLElement);
    await pass();
    expect(peer.payloads("annotation.reanchor")[0]).toMatchObject({
      annotation_id: "a1",
      target: { quote: { exact: "Hegel" } },
    });
  });

  it("are where a link leads to, also when another one is followed; on a phone they give the text back", async () => {
    isWide = false;
    server.annotations = [
      annotation("a1", { author_name: "Ben" }),
      annotation("a2", { author_name: "Cleo" }),
    ];
    await come({ annotationId: "a1" });
    const thread = screen.getByRole("article", { name: "Comment by Ben" });
    expect(thread.getAttribute("aria-current")).toBe("true");
    const user = userEvent.setup();
    await user.click(within(thread).getByRole("button", { name: "Show in the text: Hegel" }));
    expect(screen.queryByRole("region", { name: "Notes" })).toBeNull();
    again({ annotationId: "a2" });
    const other = screen.getByRole("article", { name: "Comment by Cleo" });
    expect(other.getAttribute("aria-current")).toBe("true");
  });
});

describe("versions", () => {
  const version = (number: number, patch: object = {}) => ({
    id: `v${number}`,
    document_id: "7",
    epoch: "e1",
    number,
    title: `Draft ${number}`,
    editors: ["ben"],
    size: 100,
    saved_at: "2026-11-22T17:00:00.000Z",
    ...patch,
  });

  it("are saved by name, looked at, compared with names, and brought back after a question", async () => {
    await come({ people: [{ user_id: "ben", name: "Ben Okafor" }] });
    peer.reply("version.list", () => ({
      items: [version(2, { title: "", automatic: "interval" }), version(1)],
    }));
    peer.reply("version.save", ({ title }) => ({ duplicate: false, version: version(3, { title }) }));
    peer.reply("version.read", () => ({ version: version(1), text: "Old", html: "<p>The old text</p>" }));
    peer.reply("version.compare", () => ({
      before: version(1),
      runs: [
        { text: "The ", change: "kept" },
        { text: "old ", change: "removed", user_id: "ben" },
        { text: "new ", change: "added" },
      ],
      truncated: true,
    }));
    peer.reply("version.restore", () => ({ duplicate: false, version: version(1), before: version(4) }));
    const user = userEvent.setup();
    await user.click(screen.getByRole("button", { name: "Versions" }));
    await pass();
    const panel = within(screen.getByRole("region", { name: "Versions" }));
    expect(panel.getByRole("button", { name: /^Saved while it was edited.*Ben Okafor$/u })).toBeTruthy();
    await user.type(panel.getByLabelText("Name this version"), "Final");
    await user.click(panel.getByRole("button", { name: "Save" }));
    await pass();
    expect(peer.payloads("version.save")[0]).toMatchObject({ document_id: "7", title: "Final" });
    await user.click(panel.getByRole("button", { name: /^Draft 1/u }));
    await pass();
    const view = within(screen.getByRole("dialog", { name: "Draft 1" }));
    expect(view.getByText("The old text")).toBeTruthy();
    await user.click(view.getByRole("radio", { name: "What changed" }));
    await pass();
    expect(document.querySelector("del")?.textContent).toBe("removed by Ben Okafor: old ");
    expect(document.querySelector("ins")?.textContent).toBe("added by somebody: new ");
    expect(view.getByText("There is more: only the first part is shown.")).toBeTruthy();
    await user.click(view.getByRole("button", { name: "Bring this version back" }));
    const question = within(screen.getByRole("alertdialog", { name: "Bring “Draft 1” back?" }));
    expect(peer.payloads("version.restore")).toEqual([]);
    await user.click(question.getByRole("button", { name: "Bring it back" }));
    await pass();
    expect(peer.payloads("version.restore")[0]).toMatchObject({ version_id: "v1" });
    await waitFor(() => expect(screen.queryByRole("dialog")).toBeNull());
  });
});
