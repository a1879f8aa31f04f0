/** Two editors on one shared text: marks that stay at their words, hands that are tied, pastes that are too large. */

import { yUndoPluginKey } from "@tiptap/y-tiptap";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { AnnotationTarget } from "../../contract";
import { closeAll, spot, type Writer, writer } from "../../testing/desktop";
import { type Mark, marksOf, showMarks } from "./marking";
import { targetAt } from "./places";
import { whereaboutsOf } from "./whereabouts";

const TEXT =
  "<h2>Sorting</h2><p>A loop invariant holds before each turn.</p><p>It holds after the last one.</p>";
const QUIET_MS = 1_500;

let ada: Writer;
let ben: Writer;
const moved = vi.fn<(id: string, target: AnnotationTarget | null) => void>();
const picked = vi.fn();
beforeEach(() => {
  vi.useFakeTimers();
  moved.mockReset();
  picked.mockReset();
  ada = writer({ onMoved: moved, onPick: picked });
  ben = writer();
  ada.editor.commands.setContent(TEXT);
  // What was written so far is one step back, and told.
  yUndoPluginKey.getState(ada.editor.state).undoManager.stopCapturing();
  vi.advanceTimersByTime(QUIET_MS);
});
afterEach(() => {
  // y-tiptap gathers what it has to draw for all editors: a timer that never comes would keep the next test waiting.
  vi.runOnlyPendingTimers();
  closeAll();
  vi.useRealTimers();
});

const markOf = (target: AnnotationTarget, patch: Partial<Mark> = {}): Mark => ({
  id: "a1",
  kind: "commenting",
  target,
  resolved: false,
  orphaned: false,
  ...patch,
});

/** Both mark these words. */
function annotated(words: string): AnnotationTarget {
  const { from, to } = spot(ada, words);
  const target = targetAt(ada.editor.state, from, to);
  if (!target) throw new Error("it has no target");
  for (const { editor } of [ada, ben]) showMarks(editor.view, { marks: [markOf(target)] });
  return target;
}

const marked = ({ editor }: Writer): string[] =>
  [...(marksOf(editor.state)?.places.values() ?? [])].map(({ from, to }) =>
    editor.state.doc.textBetween(from, to, "|"),
  );
const drawn = ({ editor }: Writer): string[] =>
  [...editor.view.dom.querySelectorAll("mark")].map((mark) => mark.textContent ?? "");

it("is written by nobody who only opens it, or only sees it change, however it ends", () => {
  const end = ada.editor.state.doc.content.size - 1;
  ada.editor.chain().setTextSelection(end).setHeading({ level: 2 }).run();
  vi.advanceTimersByTime(QUIET_MS);
  const late = writer();
  vi.advanceTimersByTime(QUIET_MS);
  const kinds = ada.editor.getJSON().content?.map(({ type }) => type);
  expect(kinds).toEqual(["heading", "paragraph", "heading"]);
  expect([ben.updates, late.updates]).toEqual([[], []]);
});

describe("marks in the text", () => {
  it("stand at the same words for everybody", () => {
    annotated("loop invariant");
    expect([marked(ada), drawn(ada), marked(ben), drawn(ben)]).toEqual(Array(4).fill(["loop invariant"]));
  });

  it("may stand at the first words of all", () => {
    annotated("Sorting");
    expect([drawn(ada), drawn(ben)]).toEqual([["Sorting"], ["Sorting"]]);
    ben.editor.commands.insertContentAt(spot(ben, "before").from, "even ");
    expect(marked(ada)).toEqual(["Sorting"]);
  });

  it.each([
    ["typing before them", (one: Writer) => one.editor.commands.insertContentAt(1, "On ")],
    [
      "typing within them",
      (one: Writer) => one.editor.commands.insertContentAt(spot(one, "invariant").from, "small "),
    ],
    [
      "a new line in front",
      (one: Writer) => one.editor.chain().setTextSelection(spot(one, "loop").from).splitBlock().run(),
    ],
    [
      "deleting around them",
      (one: Writer) =>
        one.editor
          .chain()
          .deleteRange({ from: spot(one, " holds before").from, to: spot(one, "turn.").to })
          .deleteRange({ from: spot(one, "A loop").from, to: spot(one, "A loop").from + 2 })
          .run(),
    ],
    [
      "a list around them",
      (one: Writer) => one.editor.chain().setTextSelection(spot(one, "loop").from).toggleBulletList().run(),
    ],
  ])("move with %s, whoever does it", async (_, edit) => {
    annotated("loop invariant");
    edit(ada);
    const after = marked(ada);
    expect(after.join().replace("small ", "")).toBe("loop invariant");
    await vi.advanceTimersByTimeAsync(QUIET_MS);
    for (const [id, target] of moved.mock.calls)
      for (const { editor } of [ada, ben])
        showMarks(editor.view, { marks: [markOf(target as AnnotationTarget, { id })] });
    expect(marked(ben)).toEqual(after);
    ben.editor.commands.insertContentAt(1, "Here: ");
    expect([marked(ada), marked(ben)]).toEqual([after, after]);
  });

  it("tell, once one has stopped typing, that their words are others now, and nothing when they are not", async () => {
    annotated("loop invariant");
    ada.editor.commands.insertContentAt(1, "On ");
    await vi.advanceTimersByTimeAsync(QUIET_MS);
    expect(moved).not.toHaveBeenCalled();
    ada.editor.commands.insertContentAt(spot(ada, "invariant").from, "small ");
    expect(moved).not.toHaveBeenCalled();
    await vi.advanceTimersByTimeAsync(QUIET_MS);
    expect(moved.mock.calls.map(([id, target]) => [id, target?.quote.exact])).toEqual([
      ["a1", "loop small invariant"],
    ]);
  });

  it("are called orphans by whoever deleted their words, and found again when that is undone", async () => {
    const target = annotated("loop invariant");
    ada.editor.commands.deleteRange(spot(ada, "loop invariant holds"));
    expect(marked(ada)).toEqual([]);
    await vi.advanceTimersByTimeAsync(QUIET_MS);
    expect(moved.mock.calls).toEqual([["a1", null]]);
    for (const { editor } of [ada, ben])
      showMarks(editor.view, { marks: [markOf(target, { orphaned: true })] });
    ada.editor.commands.undo();
    expect(marked(ada)).toEqual(["loop invariant"]);
    await vi.advanceTimersByTimeAsync(QUIET_MS);
    expect(moved.mock.lastCall?.[1]?.quote.exact).toBe("loop invariant");
  });

  it("do not tell of what others have moved: they do", async () => {
    annotated("loop invariant");
    ben.editor.commands.insertContentAt(spot(ben, "invariant").from, "small ");
    await vi.advanceTimersByTimeAsync(QUIET_MS);
    expect(moved).not.toHaveBeenCalled();
    expect(marked(ada)).toEqual(["loop small invariant"]);
  });

  it("are not drawn once they are resolved, unless one looks at them", () => {
    const target = annotated("loop invariant");
    showMarks(ada.editor.view, { marks: [markOf(target, { resolved: true })] });
    expect(drawn(ada)).toEqual([]);
    showMarks(ada.editor.view, { active: "a1" });
    expect(drawn(ada)).toEqual(["loop invariant"]);
  });
});

describe("who may not edit", () => {
  it("changes nothing, whatever is pressed or undone, and sees what others write", () => {
    let locked = false;
    const cleo = writer({ isLocked: () => locked });
    cleo.editor.commands.insertContentAt(1, "Mine: ");
    locked = true;
    const before = cleo.updates.length;
    cleo.editor.commands.insertContentAt(1, "more");
    cleo.editor.commands.setHeading({ level: 1 });
    const press = (key: string) =>
      cleo.editor.view.dom.dispatchEvent(
        new KeyboardEvent("keydown", { key, ctrlKey: true, cancelable: true }),
      );
    for (const key of ["z", "y"]) press(key);
    expect(cleo.updates.length).toBe(before);
    ben.editor.commands.insertContentAt(spot(ben, "It holds").from, "Also: ");
    expect(cleo.editor.getText()).toContain("Mine: Sorting");
    expect(cleo.editor.getText()).toContain("Also: It holds");
  });

  it("writes nothing by opening a document", () => {
    for (let time = 0; time < 3; time += 1) expect(writer().updates).toEqual([]);
  });
});

describe("what is pasted", () => {
  const paste = ({ editor }: Writer, type: string, text: string): Event => {
    const event = new Event("paste", { bubbles: true, cancelable: true });
    const clipboardData = { getData: (wanted: string) => (wanted === type ? text : ""), types: [type] };
    Object.assign(event, { clipboardData });
    editor.view.dom.dispatchEvent(event);
    return event;
  };

  it("is refused with words when it is too much, and nothing of it is sent", () => {
    const refused = vi.fn();
    const cleo = writer({ mostBytes: () => 512_000, onRefused: refused });
    expect(paste(cleo, "text/plain", "x".repeat(10_000_000)).defaultPrevented).toBe(true);
    expect(cleo.updates).toEqual([]);
    expect(refused.mock.calls[0]?.[0]).toBe(
      "That is 10 MB: too much to paste at once. Up to 512 KB of text goes in one piece.",
    );
  });

  it("keeps only what the text may have of its markup", () => {
    const cleo = writer({ mostBytes: () => 512_000 });
    cleo.editor.commands.setTextSelection(spot(cleo, "It holds").from);
    paste(
      cleo,
      "text/html",
      '<p onclick="x()">Safe <b style="color:red">words</b><img src=x onerror="x()"><script>x()</script>' +
        '<a href="javascript:x()">link</a></p><iframe srcdoc="x"></iframe>',
    );
    const html = ben.editor.getHTML();
    expect(html).toContain("Safe <strong>words</strong>link");
    expect(html).not.toMatch(/onclick|script|img|iframe|style/u);
  });
});

describe("the carets of others", () => {
  it("are hidden from screen readers, carry the name, and only take a colour for a colour", () => {
    ben.editor.view.hasFocus = () => true;
    ben.editor.commands.setTextSelection(spot(ben, "invariant").from);
    ben.awareness.setLocalStateField("user", { id: "ben", name: "Ben <b>", color: "#0055aa" });
    vi.advanceTimersByTime(50);
    const caret = document.getElementsByClassName("cw-caret")[0];
    expect(caret?.getAttribute("aria-hidden")).toBe("true");
    expect(caret?.textContent).toBe("Ben <b>");
    expect(whereaboutsOf(ada.editor.state, ada.awareness).get("ben")).toBe("paragraph 2");
  });
});
