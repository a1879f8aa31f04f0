/** The words of a message: the server's safe HTML, or, until the server has seen them, the text as it was written. */

import { Fragment } from "react";

const LINK = /\bhttps?:\/\/[^\s<>"']+[^\s<>"'.,;:!?)\]}]/giu;

/** Built from text, so nothing in it can be markup; only links can be followed. */
export function MessageText({ text }: { text: string }) {
  const parts = [];
  let from = 0;
  for (const match of text.matchAll(LINK)) {
    parts.push(<Fragment key={`t${from}`}>{text.slice(from, match.index)}</Fragment>);
    parts.push(
      <a key={`a${match.index}`} href={match[0]} target="_blank" rel="noopener noreferrer nofollow">
        {match[0]}
      </a>,
    );
    from = match.index + match[0].length;
  }
  parts.push(<Fragment key={`t${from}`}>{text.slice(from)}</Fragment>);
  return <span className="cw-text">{parts}</span>;
}

/** `html` of a message, which the server has rendered from Markdown-lite and sanitised: nothing else may come here. */
export function MessageHtml({ html }: { html: string }) {
  // biome-ignore lint/security/noDangerouslySetInnerHtml: the one place where the server's sanitised HTML is shown
  return <span className="cw-text cw-html" dangerouslySetInnerHTML={{ __html: html }} />;
}
