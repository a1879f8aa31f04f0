/** The plain text of a document, and where each of its characters stands in the `Y.Doc`. */

import {
  createAbsolutePositionFromRelativePosition,
  createRelativePositionFromTypeIndex,
  type Doc,
  type RelativePosition,
  XmlElement,
  type XmlFragment,
  XmlText,
} from "yjs";

/** The root type that the editor is bound to. */
export const ROOT = "default";

/** Elements that stand within a line. */
const INLINE: Readonly<Record<string, string>> = { hardBreak: "\n", image: "\ufffc", mention: "\ufffc" };

/** A run of text of one `XmlText`; `start` and `end` count UTF-16 units of the whole text. */
interface Piece {
  type: XmlText;
  start: number;
  end: number;
}

type Node = XmlFragment | XmlElement | XmlText;

export interface DocumentText {
  /** Blocks end with a line break. */
  text: string;
  pieces: readonly Piece[];
  /** Where the contents of each element begin, and where each of its children does. */
  children: ReadonlyMap<Node, readonly number[]>;
}

/** Read a document as text. */
export function textOf(fragment: XmlFragment): DocumentText {
  const pieces: Piece[] = [];
  const children = new Map<Node, number[]>();
  let text = "";
  const endLine = () => {
    if (text !== "" && !text.endsWith("\n")) text += "\n";
  };
  const read = (node: XmlFragment): void => {
    const starts: number[] = [];
    children.set(node, starts);
    for (const child of node.toArray()) {
      if (child instanceof XmlText) {
        starts.push(text.length);
        const start = text.length;
        text += plain(child);
        pieces.push({ type: child, start, end: text.length });
      } else if (child instanceof XmlElement) {
        const inline = INLINE[child.nodeName];
        if (inline === undefined) endLine();
        starts.push(text.length);
        text += inline ?? "";
        read(child);
        if (inline === undefined) endLine();
      }
    }
    starts.push(text.length);
  };
  read(fragment);
  return { text, pieces, children };
}

/** Where a place in the text is in the document; `before` holds on to what follows it, otherwise to what precedes it. */
export function relativeAt(
  { pieces }: DocumentText,
  index: number,
  side: "before" | "after",
): RelativePosition | null {
  // An end belongs to the text that it ends, a start to the one that it begins.
  const piece =
    side === "before" ? pieces.find(({ end }) => index < end) : pieces.findLast(({ start }) => index > start);
  if (!piece) return null;
  const within = Math.min(Math.max(index, piece.start), piece.end) - piece.start;
  return createRelativePositionFromTypeIndex(piece.type, within, side === "before" ? 0 : -1);
}

/** Where in the text a relative position is now; null when its surroundings are gone. */
export function indexOf(
  { pieces, children, text }: DocumentText,
  doc: Doc,
  position: RelativePosition,
): number | null {
  const absolute = createAbsolutePositionFromRelativePosition(position, doc);
  if (!absolute) return null;
  const { type, index } = absolute;
  const piece = pieces.find((one) => one.type === type);
  if (piece) return Math.min(piece.start + index, piece.end);
  const starts = children.get(type as unknown as Node);
  return starts ? (starts[index] ?? starts.at(-1) ?? text.length) : null;
}

/** The text alone: marks are attributes, and what is embedded counts as one character, as it does for Yjs. */
function plain(text: XmlText): string {
  const parts = text.toDelta() as { insert: unknown }[];
  return parts.map(({ insert }) => (typeof insert === "string" ? insert : "\ufffc")).join("");
}
