/** The words that a note stands at; a button where they can be shown in the text. */

import type { Motivation } from "../../contract";

interface Props {
  text: string;
  kind: Motivation;
  onShow?: (() => void) | undefined;
}

export function Quoted({ text, kind, onShow }: Props) {
  const words = text.replace(/\s+/gu, " ").trim();
  if (!onShow)
    return (
      <blockquote className="cw-quoted" data-kind={kind}>
        {words}
      </blockquote>
    );
  return (
    <button type="button" className="cw-quoted" data-kind={kind} onClick={onShow}>
      <span className="cw-hidden">Show in the text: </span>
      {words}
    </button>
  );
}
