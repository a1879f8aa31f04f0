/** Notes on a page that nobody edits: its HTML stays as it is, and places are found by their quotes. */

import { act, render, screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { beforeEach, expect, it, vi } from "vitest";
import { CoursewireProvider } from "../../hooks/CoursewireProvider";
import { frames } from "../../testing/frames";
import { annotation, Scriptorium } from "../../testing/scriptorium";
import { World } from "../../testing/world";
import { PageAnnotator } from "./PageAnnotator";

let world: World;
let server: Scriptorium;
/** What the browser would paint. */
const painted = new Map<string, string[]>();

class FakeHighlight {
  readonly ranges: Range[];
  constructor(...ranges: Range[]) {
    this.ranges = ranges;
  }
}

beforeEach(() => {
  world = new World();
  server = new Scriptorium();
  painted.clear();
  vi.stubGlobal("Highlight", FakeHighlight);
  vi.stubGlobal("CSS", {
    escape: (text: string) => text,
    highlights: {
      set: (name: string, { ranges }: FakeHighlight) => painted.set(name, ranges.map(String)),
      delete: (name: string) => painted.delete(name),
    },
  });
  vi.spyOn(window, "matchMedia").mockImplementation(
    (media) => ({ matches: true, media, addEventListener() {}, removeEventListener() {} }) as never,
  );
});

const pass = () => frames(world, { count: 4 });

async function come(): Promise<void> {
  render(
    <CoursewireProvider userId="ada" authToken="token" environment={world}>
      <PageAnnotator documentId="7">
        <h2>Invariants</h2>
        <p>
          It holds <em>before</em> each turn. It holds after the last.
        </p>
      </PageAnnotator>
    </CoursewireProvider>,
  );
  await act(async () => void (await import("../../services/websocket/collaboration/provider")));
  server.furnish(world.peer, "ada");
  await act(async () => world.peer.accept({ user: { id: "ada", name: "Ada Lovelace" } }));
  await pass();
}

const quoted = (exact: string, start = 0) => ({
  quote: { exact, prefix: "", suffix: "" },
  start: String(start),
  end: String(start + exact.length),
});
const notes = () => within(screen.getByRole("region", { name: "Notes" }));

it("paints the words of notes over the page, and does not touch it", async () => {
  server.annotations = [
    annotation("a1", { target: quoted("holds before each"), motivation: "questioning" }),
    // Of the same words twice, those that are nearer to where it was.
    annotation("a2", { target: quoted("It holds", 40) }),
    annotation("a3", { target: quoted("Quite another matter that nobody wrote") }),
  ];
  await come();
  await waitFor(() => expect(painted.get("cw-questioning")).toEqual(["holds before each"]));
  expect(painted.get("cw-commenting")).toEqual(["It holds"]);
  expect(document.querySelector(".cw-page-text")?.innerHTML).toBe(
    "<h2>Invariants</h2><p>It holds <em>before</em> each turn. It holds after the last.</p>",
  );
  const quotes = notes()
    .getAllByRole("article")
    .map((one) => one.querySelector(".cw-quoted")?.textContent);
  expect(quotes.map((one) => one?.replace("Show in the text: ", ""))).toEqual([
    "holds before each",
    "It holds",
    "Quite another matter that nobody wrote",
  ]);
  expect(notes().getByText("These words are not in the text any more.")).toBeTruthy();
  await userEvent.setup().click(notes().getByRole("button", { name: "Show in the text: It holds" }));
  expect(painted.get("cw-active")).toEqual(["It holds"]);
});

it("takes a note at what is marked, and with the keyboard at a paragraph", async () => {
  await come();
  world.peer.reply("annotation.create", ({ target, body }) => ({
    duplicate: false,
    annotation: annotation("a9", { target, body } as never),
  }));
  const user = userEvent.setup();
  await user.click(screen.getByRole("button", { name: "Comment" }));
  expect(screen.getByText("Mark the words first that your note is about.")).toBeTruthy();
  const range = document.createRange();
  range.selectNodeContents(document.querySelector("em") as Element);
  document.getSelection()?.addRange(range);
  await user.click(screen.getByRole("button", { name: "Comment" }));
  await user.type(notes().getByRole("textbox", { name: "Note" }), "Why not after?");
  await user.click(notes().getByRole("button", { name: "Save" }));
  await pass();
  expect(world.peer.payloads("annotation.create")[0]).toMatchObject({
    body: "Why not after?",
    target: {
      quote: { exact: "before", prefix: "InvariantsIt holds ", suffix: " each turn. It holds after the l" },
    },
  });
  await user.click(notes().getByRole("button", { name: "Note on a paragraph…" }));
  await user.selectOptions(notes().getByLabelText("Which one?"), "Invariants");
  await user.click(notes().getByRole("button", { name: "Write a note" }));
  expect(notes().getByRole("article", { name: "New comment" }).textContent).toContain("Invariants");
});
