/** The tools at marked text: there while something is marked and one is at it, by pointer and by keyboard. */

import { act, render, screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import type { Editor } from "@tiptap/core";
import { expect, it, vi } from "vitest";
import { Awareness } from "y-protocols/awareness";
import { Doc } from "yjs";
import type { DocumentMode } from "../../contract";
import { write } from "../../testing/scriptorium";
import { TextEditor, type TextEditorProps } from "./TextEditor";

const NOTHING = (): void => undefined;

function come(mode: DocumentMode = "edit") {
  const doc = new Doc();
  write(doc, "The owl of Minerva.");
  const annotate = vi.fn<TextEditorProps["onAnnotate"]>();
  const props: TextEditorProps = {
    document: doc,
    awareness: new Awareness(doc),
    mode,
    title: "Notes",
    mostBytes: 1_000,
    marks: [],
    active: null,
    kinds: ["commenting", "questioning", "highlighting"],
    onAnnotate: annotate,
    onPick: NOTHING,
    onMoved: NOTHING,
    onPlaces: NOTHING,
    onCarets: NOTHING,
    onProblem: NOTHING,
  };
  const { rerender } = render(<TextEditor {...props} />);
  return { annotate, turn: (now: DocumentMode) => rerender(<TextEditor {...props} mode={now} />) };
}

const editor = (): Editor => (document.querySelector(".cw-prose") as HTMLElement & { editor: Editor }).editor;
const mark = (from = 5, to = 8): void =>
  act(() => void editor().chain().focus().setTextSelection({ from, to }).run());
const tools = () => screen.findByRole("toolbar", { name: "Marked text" });
const areGone = () =>
  waitFor(() => expect(screen.queryByRole("toolbar", { name: "Marked text" })).toBeNull());
const names = (toolbar: HTMLElement): (string | null)[] =>
  within(toolbar)
    .getAllByRole("button")
    .map((one) => one.getAttribute("aria-label"));

it("are there while something is marked, and do to it what they say", async () => {
  come();
  const user = userEvent.setup();
  mark();
  const toolbar = await tools();
  expect(names(toolbar)).toEqual(["Bold", "Italic", "Link", "Highlight", "Comment"]);
  await user.click(within(toolbar).getByRole("button", { name: "Bold" }));
  expect(editor().getHTML()).toBe("<p>The <strong>owl</strong> of Minerva.</p>");
  const bold = within(toolbar).getByRole("button", { name: "Bold" });
  await waitFor(() => expect(bold.getAttribute("aria-pressed")).toBe("true"));
  act(() => void editor().commands.setTextSelection(3));
  await areGone();
});

it("begin a note at what is marked, and make way for it", async () => {
  const { annotate } = come("comment");
  const user = userEvent.setup();
  mark();
  const toolbar = await tools();
  expect(names(toolbar)).toEqual(["Highlight", "Comment"]);
  await user.click(within(toolbar).getByRole("button", { name: "Comment" }));
  expect(annotate.mock.calls.map(([kind, { quote }]) => [kind, quote.exact])).toEqual([
    ["commenting", "owl"],
  ]);
  await areGone();
});

it("are reached with Tab and left with Escape, until something else is marked", async () => {
  come();
  const user = userEvent.setup();
  mark();
  const toolbar = await tools();
  await user.tab();
  expect(document.activeElement).toBe(within(toolbar).getByRole("button", { name: "Bold" }));
  await user.keyboard("{ArrowRight}{Enter}");
  expect(editor().getHTML()).toBe("<p>The <em>owl</em> of Minerva.</p>");
  await user.tab();
  await user.keyboard("{Escape}");
  await areGone();
  await waitFor(() => expect(document.activeElement).toBe(editor().view.dom));
  mark(12, 19);
  await tools();
  await user.keyboard("{Escape}");
  await areGone();
});

it("stay while an address is written, and link what is marked", async () => {
  come();
  const user = userEvent.setup();
  mark();
  await user.click(within(await tools()).getByRole("button", { name: "Link" }));
  const form = within(await screen.findByRole("dialog", { name: "Link" }));
  await user.type(form.getByRole("textbox", { name: "Address" }), "owls.example");
  expect(document.querySelector(".cw-marked")).not.toBeNull();
  await user.click(form.getByRole("button", { name: "Link" }));
  expect(editor().getHTML()).toContain('href="https://owls.example"');
});

it("go when one is elsewhere, and when one may only read", async () => {
  const { turn } = come();
  mark();
  await tools();
  act(() => editor().view.dom.blur());
  await areGone();
  mark(12, 19);
  await tools();
  turn("view");
  await areGone();
});
