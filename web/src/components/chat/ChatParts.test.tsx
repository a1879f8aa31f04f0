/** The parts of the chat as a person meets them: why one cannot write, threads, conflicts, search, keys. */

import { act, render, screen, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { beforeEach, describe, expect, it, vi } from "vitest";
import type { RoomSummary } from "../../contract";
import { CoursewireProvider } from "../../hooks/CoursewireProvider";
import { ada, furnish, message, meta, room } from "../../testing/campus";
import { frames } from "../../testing/frames";
import { World } from "../../testing/world";
import { ChatInterface } from "../ChatInterface";

let world: World;
let user: ReturnType<typeof userEvent.setup>;
beforeEach(() => {
  world = new World();
  user = userEvent.setup();
});

const pass = () => frames(world, { count: 4 });

const history = [message(1), message(2, { author: ada }), message(3)];

async function open(patch: Partial<RoomSummary> = {}, own: string[] = []) {
  render(
    <CoursewireProvider userId="ada" authToken="token" environment={world}>
      <ChatInterface />
    </CoursewireProvider>,
  );
  await pass();
  furnish(world.peer, [room({ last_number: 3, ...patch })], history, own);
  act(() => world.peer.accept());
  await pass();
}

async function choose(index: number, item: string | RegExp) {
  await user.click(screen.getAllByRole("button", { name: "Message actions" })[index] as HTMLElement);
  await user.click(screen.getByRole("menuitem", { name: item }));
  await pass();
}

describe("where one cannot write", () => {
  const muted = "9999-12-31T23:59:59.999Z";
  it.each([
    [{ kind: "announcement", can_post: false }, "Only teachers write here."],
    [{ locked: true, can_post: false }, "The staff has locked this conversation. It can still be read."],
    [{ muted_until: muted, can_post: false }, "The staff has muted you here."],
  ] satisfies [Partial<RoomSummary>, string][])("it says why: %j", async (patch, words) => {
    await open(patch);
    expect(screen.getByText(words)).toBeTruthy();
    expect(screen.queryByRole("textbox", { name: /^Message/u })).toBeNull();
  });

  it("one can again when the time of a mute is over", async () => {
    await open({ muted_until: "2020-01-01T00:00:00.000Z", can_post: false });
    expect(screen.getByRole("textbox", { name: "Message General" })).toBeTruthy();
  });
});

describe("an administrator, who is on no roster", () => {
  it("writes without joining", async () => {
    await open({ joined: false, can_moderate: true });
    expect(screen.getByRole("textbox", { name: "Message General" })).toBeTruthy();
    expect(screen.queryByRole("button", { name: "Join to write" })).toBeNull();
  });

  it("but where only others keep order, one joins first", async () => {
    await open({ joined: false });
    expect(screen.getByRole("button", { name: "Join to write" })).toBeTruthy();
    expect(screen.queryByRole("textbox", { name: "Message General" })).toBeNull();
  });
});

describe("an edit that somebody else came before", () => {
  it("shows both texts and lets one choose", async () => {
    await open();
    await choose(1, "Edit");
    const editor = screen.getByRole("textbox", { name: "Edit message" });
    await user.clear(editor);
    await user.type(editor, "mine{Enter}");
    const current = message(2, { author: ada, text: "theirs", version: 2 });
    const conflict = {
      code: "conflict",
      message: "x",
      retryable: false,
      details: { message: current },
    } as const;
    act(() => world.peer.answer("message.edit", { ok: false, error: conflict }));
    await pass();
    const asked = screen.getByRole("alert", { name: "Changed in the meantime" });
    expect(asked.textContent).toContain("theirs");
    expect((editor as HTMLTextAreaElement).value).toBe("mine");
    await user.click(screen.getByRole("button", { name: "Save mine" }));
    expect(world.peer.payloads("message.edit").at(-1)).toMatchObject({ text: "mine", version: 2 });
  });

  it("keeps theirs when one says so", async () => {
    await open();
    await choose(1, "Edit");
    await user.type(screen.getByRole("textbox", { name: "Edit message" }), "!{Enter}");
    const current = message(2, { author: ada, text: "theirs", version: 2 });
    const conflict = {
      code: "conflict",
      message: "x",
      retryable: false,
      details: { message: current },
    } as const;
    act(() => world.peer.answer("message.edit", { ok: false, error: conflict }));
    await pass();
    await user.click(screen.getByRole("button", { name: "Keep theirs" }));
    expect(screen.queryByRole("textbox", { name: "Edit message" })).toBeNull();
    expect(within(screen.getByRole("log")).getByText("theirs")).toBeTruthy();
  });
});

describe("a reply", () => {
  it("names what it answers, and Escape forgets it", async () => {
    await open();
    await choose(0, "Reply");
    expect(screen.getByText("Reply to Ben Okafor")).toBeTruthy();
    const field = screen.getByRole("textbox", { name: "Message General" });
    await user.type(field, "yes{Enter}");
    expect(world.peer.payloads("message.send")).toMatchObject([{ reply_to: "m1", text: "yes" }]);
    expect(screen.queryByText("Reply to Ben Okafor")).toBeNull();
    await choose(0, "Reply");
    await user.type(field, "{Escape}");
    expect(screen.queryByText("Reply to Ben Okafor")).toBeNull();
  });
});

describe("a thread", () => {
  it("opens beside the room, takes answers, and Escape closes it", async () => {
    await open();
    await choose(0, "Answer in a thread");
    const panel = screen.getByRole("complementary", { name: "Thread" });
    await user.type(within(panel).getByRole("textbox", { name: "Answer in this thread" }), "here{Enter}");
    expect(world.peer.payloads("message.send")).toMatchObject([{ thread_id: "m1", text: "here" }]);
    expect(within(screen.getByRole("log", { name: "Messages in General" })).queryByText("here")).toBeNull();
    const thread = { replies: 1 };
    act(() =>
      world.peer.say("message.sent", message(4, { thread_id: "m1", thread, text: "theirs" }), meta(1)),
    );
    await pass();
    expect(within(panel).getByText("theirs")).toBeTruthy();
    const inRoom = within(screen.getByRole("log", { name: "Messages in General" }));
    expect(inRoom.queryByText("theirs")).toBeNull();
    expect(inRoom.getByRole("button", { name: "1 answer" })).toBeTruthy();
    await user.keyboard("{Escape}");
    expect(screen.queryByRole("complementary", { name: "Thread" })).toBeNull();
  });
});

describe("staff", () => {
  it("hides with a word of the server only, and asks before it reveals an author", async () => {
    const { author: _author, ...hidden } = message(3, { anonymous: true, text: "who am I?" });
    history[2] = hidden;
    await open({ can_moderate: true });
    await choose(0, "Hide");
    expect(world.peer.payloads("room.moderate")).toMatchObject([{ action: "hide", message_id: "m1" }]);
    expect(screen.getByText("message 1")).toBeTruthy();
    const gone = message(1, { text: "", html: "", state: "hidden", version: 2 });
    const moderated = { room: room({ can_moderate: true }), message: gone, duplicate: false };
    act(() => world.peer.answer("room.moderate", { ok: true, data: moderated }));
    await pass();
    expect(screen.getByText("Message hidden by the staff")).toBeTruthy();
    await choose(2, "Reveal author…");
    expect(world.peer.payloads("message.reveal")).toEqual([]);
    const question = screen.getByRole("alertdialog", { name: "Reveal the author?" });
    expect(question.textContent).toContain("logged");
    await user.click(within(question).getByRole("button", { name: "Reveal, and log it" }));
    expect(world.peer.payloads("message.reveal")).toMatchObject([{ message_id: "m3" }]);
    const author = { user_id: "ben", name: "Ben Okafor" };
    act(() => world.peer.answer("message.reveal", { ok: true, data: { author, duplicate: false } }));
    await pass();
    expect(screen.getByRole("dialog", { name: "Who wrote it" }).textContent).toContain("Ben Okafor");
    history[2] = message(3);
  });
});

describe("what is ours without a name", () => {
  it("is edited and deleted after a reload as well, and others' is not", async () => {
    const { author: _author, ...nameless } = message(1, { anonymous: true, text: "who am I?" });
    history.splice(0, 3, nameless, { ...nameless, id: "m2", number: 2 }, message(3, { author: ada }));
    await open({}, ["m1"]);
    await user.click(screen.getAllByRole("button", { name: "Message actions" })[1] as HTMLElement);
    expect(screen.queryByRole("menuitem", { name: "Edit" })).toBeNull();
    await user.keyboard("{Escape}");
    await choose(0, "Edit");
    const box = screen.getByRole("textbox", { name: "Edit message" });
    await user.clear(box);
    await user.type(box, "nobody{Enter}");
    expect(world.peer.payloads("message.edit")).toMatchObject([{ message_id: "m1", text: "nobody" }]);
    history.splice(0, 3, message(1), message(2, { author: ada }), message(3));
  });
});

describe("what staff have hidden of ours", () => {
  it("can be deleted, and nothing else", async () => {
    history[1] = message(2, { author: ada, text: "", html: "", state: "hidden", version: 2 });
    await open();
    await user.click(screen.getAllByRole("button", { name: "Message actions" })[1] as HTMLElement);
    expect(screen.getAllByRole("menuitem").map(({ textContent }) => textContent)).toEqual(["Delete…"]);
    await user.click(screen.getByRole("menuitem", { name: "Delete…" }));
    await pass();
    const question = screen.getByRole("alertdialog");
    await user.click(within(question).getByRole("button", { name: /^Delete/u }));
    expect(world.peer.payloads("message.delete")).toMatchObject([{ message_id: "m2" }]);
    history[1] = message(2, { author: ada });
  });
});

describe("a link to the reports", () => {
  const chat = (reports: boolean, onRoomChange: (roomId: string | null) => void) => (
    <CoursewireProvider userId="ada" authToken="token" environment={world}>
      <ChatInterface roomId={null} reports={reports} onRoomChange={onRoomChange} />
    </CoursewireProvider>
  );

  it("opens them, and the address forgets them when they are closed", async () => {
    const changed = vi.fn();
    const { rerender } = render(chat(false, changed));
    await pass();
    furnish(world.peer, [room({ last_number: 3, can_moderate: true })], history);
    world.peer.reply("report.list", () => ({ items: [] }));
    act(() => world.peer.accept());
    await pass();
    expect(screen.queryByRole("complementary", { name: "Reports" })).toBeNull();
    rerender(chat(true, changed));
    await pass();
    expect(screen.getByText("Nothing is reported.")).toBeTruthy();
    await user.keyboard("{Escape}");
    expect(screen.queryByRole("complementary", { name: "Reports" })).toBeNull();
    expect(changed).toHaveBeenCalledExactlyOnceWith(null);
  });
});

describe("keys", () => {
  it("open the help and the search, and move from message to message", async () => {
    await open();
    (document.activeElement as HTMLElement | null)?.blur();
    await user.keyboard("?");
    expect(screen.getByRole("dialog", { name: "Formatting and keys" })).toBeTruthy();
    await user.keyboard("{Escape}");
    await user.keyboard("{Control>}k{/Control}");
    expect(screen.getByRole("searchbox", { name: "Find messages" })).toBe(document.activeElement);
    await user.keyboard("{Escape}");
    const rows = screen.getAllByRole("article");
    expect(rows.map(({ tabIndex }) => tabIndex)).toEqual([-1, -1, 0]);
    act(() => rows[2]?.focus());
    await user.keyboard("{ArrowUp}{ArrowUp}");
    expect(document.activeElement).toBe(rows[0]);
    expect(rows.map(({ tabIndex }) => tabIndex)).toEqual([0, -1, -1]);
    await user.keyboard("r");
    expect(screen.getByText("Reply to Ben Okafor")).toBeTruthy();
  });
});
