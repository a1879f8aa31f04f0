/** The text itself: Tiptap on the shared document, with the carets of others and the marks of notes. */

import { EditorContent, useEditor } from "@tiptap/react";
import { type Ref, useEffect, useImperativeHandle, useRef, useState } from "react";
import { createPortal } from "react-dom";
import type { Awareness } from "y-protocols/awareness";
import type * as Y from "yjs";
import type { AnnotationTarget, DocumentMode, Motivation } from "../../contract";
import { Bubble } from "./bubble";
import { extensionsOf } from "./extensions";
import { MOST_QUOTED } from "./layout";
import { type Mark, marksOf, type Place, showMarks } from "./marking";
import { targetAt } from "./places";
import { SelectionTools } from "./SelectionTools";
import { Toolbar } from "./Toolbar";
import { whereaboutsOf } from "./whereabouts";

/** What others may ask of the text. */
export interface TextHandle {
  /** Bring the place of a note into view; false where it has none. */
  show: (annotationId: string, focus: boolean) => boolean;
  /** What is marked now; null: nothing. */
  selected: () => AnnotationTarget | null;
}

export interface TextEditorProps {
  /** Another one is another editor: give this component the document's `guid` as its key. */
  document: Y.Doc;
  awareness: Awareness;
  mode: DocumentMode;
  title: string;
  mostBytes: number;
  marks: readonly Mark[];
  active: string | null;
  kinds: readonly Motivation[];
  ref?: Ref<TextHandle>;
  onAnnotate: (kind: Motivation, target: AnnotationTarget) => void;
  onPick: (id: string | null, byKey: boolean) => void;
  onMoved: (id: string, target: AnnotationTarget | null) => void;
  onPlaces: (places: ReadonlyMap<string, Place>) => void;
  /** Where the carets of others stand, in words, by user. */
  onCarets: (places: ReadonlyMap<string, string>) => void;
  onProblem: (words: string) => void;
}

export function TextEditor(props: TextEditorProps) {
  const { document, awareness, mode, title, marks, active, kinds } = props;
  const now = useRef(props);
  now.current = props;
  const tools = useRef<HTMLDivElement>(null);
  const told = useRef<ReadonlyMap<string, Place> | null>(null);
  const isShown = useRef(false);
  const [bubble] = useState(() => new Bubble());

  const editor = useEditor(
    {
      extensions: extensionsOf({
        document,
        awareness,
        bubble,
        isMarkable: () => now.current.mode !== "view",
        isLocked: () => now.current.mode !== "edit",
        mostBytes: () => now.current.mostBytes,
        onRefused: (words) => now.current.onProblem(words),
        onPick: (id, byKey) => now.current.onPick(id, byKey),
        onMoved: (id, target) => now.current.onMoved(id, target),
      }),
      editable: mode !== "view",
      editorProps: {
        attributes: () => attributesOf(now.current.mode, now.current.title),
        handleClick: (_, __, event) => follow(event, now.current.mode !== "edit"),
        handleKeyDown: (_, event) => {
          if (event.altKey && event.key === "F10") {
            tools.current?.querySelector<HTMLElement>("[role=toolbar] button")?.focus();
            return true;
          }
          const kind = noteKey(event);
          if (kind && now.current.mode !== "view") begin(kind);
          return kind !== null;
        },
      },
      onTransaction: ({ editor: one }) => {
        const { places } = marksOf(one.state) ?? {};
        // The editor is made, and fills itself, while this is being rendered.
        if (!isShown.current || !places || places === told.current) return;
        told.current = places;
        now.current.onPlaces(places);
      },
    },
    [document],
  );

  const begin = (kind: Motivation): void => {
    const target = editor && selectionOf(editor.state);
    if (!target) return now.current.onProblem("There is nothing here that a note could stand at.");
    if (target.quote.exact.length > MOST_QUOTED)
      return now.current.onProblem(`Mark less: a note can stand at ${MOST_QUOTED} characters at the most.`);
    now.current.onAnnotate(kind, target);
  };

  // The mode may turn while one types: what is on screen stays, only the hands are tied.
  useEffect(() => {
    void title;
    editor?.setEditable(mode !== "view", false);
  }, [editor, mode, title]);

  useEffect(() => {
    isShown.current = true;
    if (editor && !editor.isDestroyed) showMarks(editor.view, { marks, active });
  }, [editor, marks, active]);

  useEffect(() => {
    if (!editor) return;
    const look = (): void => {
      if (!editor.isDestroyed) now.current.onCarets(whereaboutsOf(editor.state, awareness));
    };
    look();
    awareness.on("change", look);
    return () => awareness.off("change", look);
  }, [editor, awareness]);

  useImperativeHandle(
    props.ref,
    () => ({
      show: (id, focus) => {
        const place = editor && marksOf(editor.state)?.places.get(id);
        if (!editor || !place) return false;
        if (focus) editor.commands.setTextSelection({ from: place.from, to: place.to });
        if (focus) editor.view.focus();
        const at = editor.view.domAtPos(place.from).node;
        const element = at instanceof Element ? at : at.parentElement;
        element?.scrollIntoView?.({ block: "center" });
        return true;
      },
      selected: () => (editor && !editor.state.selection.empty ? selectionOf(editor.state) : null),
    }),
    [editor],
  );

  return (
    <div className="cw-writing" ref={tools}>
      {editor && mode !== "view" && <Toolbar editor={editor} mode={mode} kinds={kinds} onAnnotate={begin} />}
      <div className="cw-page-scroll">
        <EditorContent editor={editor} className="cw-page-text" />
      </div>
      {editor &&
        mode !== "view" &&
        createPortal(
          <SelectionTools editor={editor} bubble={bubble} mode={mode} kinds={kinds} onAnnotate={begin} />,
          bubble.element,
        )}
    </div>
  );
}

function attributesOf(mode: DocumentMode, title: string): Record<string, string> {
  const common = { class: "cw-prose", "aria-label": `Text of ${title}` };
  if (mode === "edit") return { ...common, role: "textbox", "aria-multiline": "true" };
  if (mode === "view") return { ...common, role: "document" };
  // One has a caret to mark places with, but nothing to type.
  return {
    ...common,
    role: "textbox",
    "aria-multiline": "true",
    "aria-readonly": "true",
    inputmode: "none",
  };
}

/** Who only reads follows a link with a click; who writes, with Ctrl or ⌘. */
function follow(event: MouseEvent, reading: boolean): boolean {
  const link = event.target instanceof Element ? event.target.closest("a") : null;
  if (!link || !(reading || event.ctrlKey || event.metaKey)) return false;
  window.open(link.href, "_blank", "noopener,noreferrer");
  return true;
}

function noteKey(event: KeyboardEvent): Motivation | null {
  if (!(event.ctrlKey || event.metaKey) || !event.altKey) return null;
  if (event.code === "KeyM") return "commenting";
  return event.code === "KeyH" ? "highlighting" : null;
}

/** What is marked; with nothing marked, the block that the caret is in. */
function selectionOf(state: Parameters<typeof targetAt>[0]): AnnotationTarget | null {
  const { empty, from, to, $from } = state.selection;
  return empty ? targetAt(state, $from.start(), $from.end()) : targetAt(state, from, to);
}
