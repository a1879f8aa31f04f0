/** The message that another one replies to, in two lines; it leads to the whole. */

import type { Quote } from "../../contract";

export function quoteWords({ text, state }: Pick<Quote, "text" | "state">): string {
  if (state === "deleted") return "Message deleted";
  if (state === "hidden") return "Message hidden by the staff";
  return text;
}

interface Props {
  quote: Quote;
  onOpen: (messageId: string) => void;
  reachable: boolean;
}

export function QuoteBox({ quote, onOpen, reachable }: Props) {
  const name = quote.author?.name ?? "Anonymous";
  return (
    <button
      type="button"
      className="cw-quote"
      tabIndex={reachable ? 0 : -1}
      onClick={() => onOpen(quote.id)}
      aria-label={`In reply to ${name}: ${quoteWords(quote)}`}
    >
      <span className="cw-quote-name">{name}</span>
      <span className="cw-quote-text" data-gone={quote.state !== "sent" || undefined}>
        {quoteWords(quote)}
      </span>
    </button>
  );
}
