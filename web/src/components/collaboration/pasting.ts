/** What comes from the clipboard, or is dropped: too much of it is refused with words, before anything is made of it. */

import { Extension } from "@tiptap/core";
import { Plugin } from "@tiptap/pm/state";

export interface PastingOptions {
  /** What one update may have; read at each paste. */
  mostBytes: () => number;
  /** In plain words. */
  onRefused: (words: string) => void;
}

/** Markup of word processors is many times its text: so many times the bound of the text it may have. */
const MARKUP = 8;

/** Bytes as people read them: 10 MB, 512 KB. */
export const sizeWords = (bytes: number): string =>
  bytes >= 1_000_000 ? `${Math.round(bytes / 100_000) / 10} MB` : `${Math.round(bytes / 1_000)} KB`;

/** Why this cannot be pasted; null when it can. Sizes in UTF-16 units, each a byte at least. */
export function refusalOf(text: number, html: number, mostBytes: number): string | null {
  const size = Math.max(text, html / MARKUP);
  if (size <= mostBytes) return null;
  return `That is ${sizeWords(Math.max(text, html))}: too much to paste at once. Up to ${sizeWords(mostBytes)} of text goes in one piece.`;
}

export const Pasting = Extension.create<PastingOptions>({
  name: "pasting",
  priority: 1_500,

  addOptions: () => ({ mostBytes: () => Number.POSITIVE_INFINITY, onRefused: () => undefined }),

  addProseMirrorPlugins() {
    const { mostBytes, onRefused } = this.options;
    const check = (data: DataTransfer | null, event: Event): boolean => {
      if (!data) return false;
      const words = refusalOf(
        data.getData("text/plain").length,
        data.getData("text/html").length,
        mostBytes(),
      );
      if (words === null) return false;
      event.preventDefault();
      onRefused(words);
      return true;
    };
    return [
      new Plugin({
        props: {
          handleDOMEvents: {
            paste: (_, event) => check(event.clipboardData, event),
            drop: (_, event) => check(event.dataTransfer, event),
          },
          // What the markup became may still be more than its text was.
          handlePaste: (_, __, slice) => {
            const size = JSON.stringify(slice.content.toJSON() ?? null).length;
            const words = refusalOf(size / 2, 0, mostBytes());
            if (words !== null) onRefused(words);
            return words !== null;
          },
        },
      }),
    ];
  },
});
