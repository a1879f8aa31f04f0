/** The words of a message: as written, with links that can be followed. Built from text, so nothing in it can be markup. */

import { Fragment } from "react";

const LINK = /\bhttps?:\/\/[^\s<>"']+[^\s<>"'.,;:!?)\]}]/giu;

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
