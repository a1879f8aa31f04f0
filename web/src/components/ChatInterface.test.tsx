/** The chat as a person meets it: by role and name, against a server's end in memory. */

import { act, render, screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { StrictMode } from "react";
import { beforeEach, describe, expect, it } from "vitest";
import type { RoomSummary } from "../contract";
import { CoursewireProvider } from "../hooks/CoursewireProvider";
import { ada, ben, furnish, message, meta, room } from "../testing/campus";
import { frames } from "../testing/frames";
import { settle, World } from "../testing/world";
import { ChatInterface } from "./ChatInterface";
import { ConnectionStatus } from "./ConnectionStatus";

let world: World;
beforeEach(() => {
  world = new World();
});

const direct = room({
  id: "d1",
  kind: "direct",
  title: "",
  course_id: undefined as never,
  others: [ben],
  member_count: 2,
  unread: 2,
  last_message: message(1, { room_id: "d1", text: "hi ada", sent_at: "2026-11-19T10:00:00.000Z" }),
});
const history = [
  message(1, { sent_at: "2026-11-20T10:00:00.000Z" }),
  message(2, { author: ada, sent_at: "2026-11-21T10:00:00.000Z" }),
  message(3, { sent_at: "2026-11-21T10:01:00.000Z" }),
];

async function open(
  rooms: RoomSummary[] = [room({ last_number: 3, last_message: history[2] as never }), direct],
) {
  render(
    <StrictMode>
      <CoursewireProvider userId="ada" authToken="token" environment={world}>
        <ConnectionStatus />
        <ChatInterface />
      </CoursewireProvider>
    </StrictMode>,
  );
  await pass();
  furnish(world.peer, rooms, history);
  act(() => world.peer.accept());
  await pass();
}

/** Frames pass and promises settle, with React following, until what one answer leads to is there as well. */
const pass = () => frames(world);

const log = () => screen.getByRole("log");
const field = () => screen.getByRole("textbox", { name: "Message General" });

describe("ChatInterface", () => {
  it("shows rooms with their unread counts, and the messages of the first by day", async () => {
    await open();
    const rooms = screen.getByRole("navigation", { name: "Conversations" });
    expect(within(rooms).getByRole("button", { name: /Ben Okafor.*hi ada.*2 unread/u })).toBeTruthy();
    expect(
      within(rooms)
        .getByRole("button", { name: /General/u })
        .getAttribute("aria-current"),
    ).toBe("true");
    expect(within(log()).getAllByRole("heading")).toHaveLength(2);
    expect(within(log()).getByText("message 3")).toBeTruthy();
  });

  it("shows what is sent at once, then how far it has got", async () => {
    const user = userEvent.setup();
    await open();
    await user.type(field(), "first line{Shift>}{Enter}{/Shift}second{Enter}");
    await pass();
    expect(within(log()).getByRole("img", { name: "Sending" })).toBeTruthy();
    expect((field() as HTMLTextAreaElement).value).toBe("");
    const [payload] = world.peer.payloads("message.send");
    expect(payload).toMatchObject({ room_id: "r1", text: "first line\nsecond" });

    const answer = message(4, { author: ada, key: String(payload?.["key"]), text: "first line\nsecond" });
    act(() => world.peer.answer("message.send", { ok: true, data: { message: answer, duplicate: false } }));
    await pass();
    expect(within(log()).queryByRole("img", { name: "Sending" })).toBeNull();
    expect(within(log()).getAllByRole("img", { name: "Sent" })).toHaveLength(2);
    act(() =>
      world.peer.say(
        "receipt.changed",
        { room_id: "r1", user_id: "ben", delivered_number: 4, read_number: 2 },
        { channel: "room:r1" },
      ),
    );
    await pass();
    expect(within(log()).getByRole("img", { name: "Delivered" })).toBeTruthy();
    expect(within(log()).getByRole("img", { name: "Read by 1 of 2" })).toBeTruthy();
  });

  it("says why a message failed, and sends it again", async () => {
    const user = userEvent.setup();
    await open();
    await user.type(field(), "hello{Enter}");
    const error = { code: "forbidden", message: "the room is locked", retryable: false } as const;
    act(() => world.peer.answer("message.send", { ok: false, error }));
    await pass();
    expect(within(log()).getByText("The room is locked.")).toBeTruthy();
    await user.click(within(log()).getByRole("button", { name: "Retry" }));
    expect(world.peer.payloads("message.send")).toHaveLength(2);
  });

  it("shows who types and what comes, and tells that it was read", async () => {
    await open();
    act(() => world.peer.say("typing.changed", { room_id: "r1", users: [ben] }, { channel: "room:r1" }));
    await pass();
    expect(screen.getByText("Ben is typing")).toBeTruthy();
    act(() =>
      world.peer.say("message.sent", message(4, { text: "just now", html: "<p>just now</p>" }), meta(1)),
    );
    await pass();
    expect(within(log()).getByText("just now")).toBeTruthy();
    await waitFor(() =>
      expect(world.peer.payloads("receipt.mark").at(-1)).toMatchObject({ room_id: "r1", read: "m4" }),
    );
  });

  it("edits and deletes what is one's own, and only that", async () => {
    const user = userEvent.setup();
    await open();
    const menus = within(log()).getAllByRole("button", { name: "Message actions" });
    await user.click(menus[0] as HTMLElement);
    const offered = screen.getAllByRole("menuitem").map(({ textContent }) => textContent?.trim());
    expect(offered).toContain("Reply");
    expect(offered).not.toContain("Edit");
    expect(offered).not.toContain("Delete…");
    await user.keyboard("{Escape}");

    await user.click(menus[1] as HTMLElement);
    await user.click(screen.getByRole("menuitem", { name: "Edit" }));
    const editor = screen.getByRole("textbox", { name: "Edit message" });
    await user.clear(editor);
    await user.type(editor, "better{Enter}");
    expect(world.peer.payloads("message.edit")).toMatchObject([
      { message_id: "m2", text: "better", version: 1 },
    ]);
    const edited = message(2, {
      ...history[1],
      version: 2,
      text: "better",
      html: "<p>better</p>",
      edited_at: "2026-11-22T10:00:00.000Z",
    });
    act(() => world.peer.answer("message.edit", { ok: true, data: { message: edited, duplicate: false } }));
    await pass();
    expect(within(log()).getByText("better")).toBeTruthy();
    expect(within(log()).getByText("edited")).toBeTruthy();

    await user.click(within(log()).getAllByRole("button", { name: "Message actions" })[1] as HTMLElement);
    await user.click(screen.getByRole("menuitem", { name: "Delete…" }));
    await user.click(within(screen.getByRole("alertdialog")).getByRole("button", { name: "Delete" }));
    expect(world.peer.payloads("message.delete")).toMatchObject([{ message_id: "m2" }]);
  });

  it("edits the last message of one's own with the arrow key, and gives up with Escape", async () => {
    const user = userEvent.setup();
    await open();
    await user.click(field());
    await user.keyboard("{ArrowUp}");
    expect((screen.getByRole("textbox", { name: "Edit message" }) as HTMLTextAreaElement).value).toBe(
      "message 2",
    );
    await user.keyboard("{Escape}");
    expect(screen.queryByRole("textbox", { name: "Edit message" })).toBeNull();
    expect(document.activeElement).toBe(field());
  });

  it("does not turn to another room by itself when that one moves", async () => {
    await open();
    act(() => world.peer.say("message.sent", message(9, { room_id: "d1" }), meta(1, "room:d1")));
    await pass();
    const [first] = within(screen.getByRole("navigation")).getAllByRole("listitem");
    expect(first?.textContent).toContain("Ben Okafor");
    expect(field()).toBeTruthy();
  });

  it("keeps what was begun when one looks at another room", async () => {
    const user = userEvent.setup();
    await open();
    await user.type(field(), "not yet");
    await user.click(screen.getByRole("button", { name: /Ben Okafor/u }));
    await pass();
    await user.click(screen.getByRole("button", { name: /General/u }));
    await pass();
    expect((field() as HTMLTextAreaElement).value).toBe("not yet");
    await user.clear(field());
  });

  it("lets only those write who may", async () => {
    await open([room({ kind: "announcement", can_post: false })]);
    expect(screen.queryByRole("textbox", { name: /^Message/u })).toBeNull();
    expect(screen.getByText("Only teachers write here.")).toBeTruthy();
  });

  it("lets one join an open room", async () => {
    const user = userEvent.setup();
    await open([room({ joined: false })]);
    await user.click(screen.getByRole("button", { name: "Join to write" }));
    act(() => world.peer.answer("room.join", { ok: true, data: { room: room(), duplicate: false } }));
    await pass();
    expect(field()).toBeTruthy();
  });

  it("starts a conversation with one, or a group with several", async () => {
    const user = userEvent.setup();
    await open();
    await user.click(screen.getByRole("button", { name: "New conversation" }));
    await pass();
    const dialog = screen.getByRole("dialog", { name: "New conversation" });
    expect(within(dialog).queryByRole("checkbox", { name: /Ada/u })).toBeNull();
    await user.click(within(dialog).getByRole("checkbox", { name: /Ben Okafor.*Teacher/u }));
    await user.click(within(dialog).getByRole("button", { name: "Start conversation" }));
    expect(world.peer.payloads("room.open")).toMatchObject([{ kind: "direct", member_ids: ["ben"] }]);
    act(() => world.peer.answer("room.open", { ok: true, data: { room: direct, duplicate: true } }));
    await pass();
    expect(screen.queryByRole("dialog")).toBeNull();
    expect(screen.getByRole("heading", { name: "Ben Okafor" })).toBeTruthy();
  });

  it("says that the connection is gone only when it stays gone, and what happens to messages", async () => {
    await open([]);
    act(() => world.peer.cut());
    expect(screen.getByRole("button", { name: "Connection: Reconnecting…" })).toBeTruthy();
    expect(screen.queryByText(/No connection/u)).toBeNull();
    await screen.findByText(/No connection/u);
  });

  it("says in plain words that the sign-in was refused", async () => {
    await open([]);
    act(() => {
      world.peer.say("namespace.closing", { reason: "forbidden", retryable: false }, { channel: "" });
      world.peer.events.disconnected("server", "io server disconnect");
    });
    expect(screen.getByRole("button", { name: "Connection: Sign-in needed" })).toBeTruthy();
    expect(screen.getByText("You are not allowed to do this.")).toBeTruthy();
    expect(screen.getByRole("button", { name: "Try again" })).toBeTruthy();
  });

  it("tells empty from loading from failed", async () => {
    render(
      <CoursewireProvider userId="ada" authToken="token" environment={world}>
        <ChatInterface />
      </CoursewireProvider>,
    );
    expect(screen.getByText("Loading conversations")).toBeTruthy();
    await pass();
    await act(async () => {
      world.peer.accept();
      await settle();
      world.peer.answer("room.list", {
        ok: false,
        error: { code: "internal", message: "x", retryable: true },
      });
      await settle();
    });
    await pass();
    expect(screen.getByText("Your conversations could not be loaded.")).toBeTruthy();
    furnish(world.peer, []);
    await userEvent.setup().click(screen.getByRole("button", { name: "Try again" }));
    await pass();
    expect(screen.getByText("No conversations yet.")).toBeTruthy();
  });

  it("shows what is on its way as text, and what has arrived as the server's safe HTML", async () => {
    const user = userEvent.setup();
    await open();
    const text = "<img src=x onerror=alert(1)> see https://example.org/a?b=1).";
    await user.click(field());
    await user.paste(text);
    await user.keyboard("{Enter}");
    await pass();
    const link = within(log()).getByRole("link");
    expect(link.getAttribute("href")).toBe("https://example.org/a?b=1");
    expect(link.getAttribute("rel")).toContain("noopener");
    expect(log().querySelector("img")).toBeNull();
    expect(log().textContent).toContain(text);
    act(() => world.peer.say("message.sent", message(4, { html: "<p><strong>bold</strong></p>" }), meta(1)));
    await pass();
    expect(within(log()).getByText("bold").tagName).toBe("STRONG");
  });
});

describe("ConnectionStatus", () => {
  it("has the figures of every namespace one click away", async () => {
    const user = userEvent.setup();
    await open();
    await user.click(screen.getByRole("button", { name: "Connection: Connected" }));
    const details = screen.getByRole("dialog", { name: "Connection details" });
    expect(within(details).getByRole("region", { name: "Chat" }).textContent).toMatch(/WebSocket.*ms.*0.*0/u);
  });

  it("says slower, not broken, on polling", async () => {
    await open();
    act(() => world.peer.events.opened("polling"));
    expect(screen.getByRole("button", { name: "Connection: Connected, slower" })).toBeTruthy();
  });
});
