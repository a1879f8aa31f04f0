/** A static page as plain text, and back: where a stretch of it stands in the DOM, which is never changed. */

export interface PageText {
  text: string;
  /** The text nodes in their order, and where each begins. */
  nodes: readonly { node: Text; from: number }[];
}

/** What is no text of the page. */
const SKIPPED = "script, style, noscript, template, [aria-hidden='true']";

/** Read what is below an element; blocks are not told apart, as in `textContent`. */
export function readPage(root: Element): PageText {
  const nodes: { node: Text; from: number }[] = [];
  let text = "";
  const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode() as Text | null; node; node = walker.nextNode() as Text | null) {
    if (node.parentElement?.closest(SKIPPED)) continue;
    nodes.push({ node, from: text.length });
    text += node.data;
  }
  return { text, nodes };
}

/** The range of a stretch; null where the page has none. */
export function rangeOf(page: PageText, from: number, to: number): Range | null {
  const [start, end] = [boundary(page, from, false), boundary(page, to, true)];
  if (!start || !end) return null;
  const range = document.createRange();
  range.setStart(start.node, start.offset);
  range.setEnd(end.node, end.offset);
  return range;
}

function boundary({ nodes }: PageText, at: number, isEnd: boolean) {
  const found = nodes.findLast(({ from }) => (isEnd ? from < at : from <= at));
  if (!found) return null;
  const offset = at - found.from;
  return offset <= found.node.length ? { node: found.node, offset } : null;
}

/** Where a point of the DOM is in the text; null outside of it. */
export function indexOf({ nodes, text }: PageText, container: Node, offset: number): number | null {
  const own = nodes.find(({ node }) => node === container);
  if (own) return own.from + offset;
  // Between elements: the first text at or after the point.
  const point = document.createRange();
  point.setStart(container, offset);
  point.collapse(true);
  const next = nodes.find(({ node }) => point.comparePoint(node, 0) >= 0);
  return next ? next.from : container.contains(nodes.at(-1)?.node ?? null) ? text.length : null;
}

/** The blocks of a page that have text of their own, to choose one without a mouse. */
export function blocksOf(root: Element, page: PageText): { from: number; to: number; words: string }[] {
  const blocks = [
    ...root.querySelectorAll("p, li, h1, h2, h3, h4, h5, h6, blockquote, pre, td, th, figcaption"),
  ];
  return blocks
    .filter((block) => !block.querySelector("p, li, blockquote, pre"))
    .flatMap((block) => {
      const own = page.nodes.filter(({ node }) => block.contains(node));
      const [first, last] = [own[0], own.at(-1)];
      const words = block.textContent?.replace(/\s+/gu, " ").trim() ?? "";
      return first && last && words ? [{ from: first.from, to: last.from + last.node.length, words }] : [];
    });
}
