/** The words of a notification. */

/** `html` is the server's: Markdown-lite, rendered and cleaned there; nothing else is ever inserted. */
export function NotificationText({ html }: { html: string }) {
  if (html === "") return null;
  // biome-ignore lint/security/noDangerouslySetInnerHtml: safe HTML by the contract, see above
  return <div className="cw-news-text" dangerouslySetInnerHTML={{ __html: html }} />;
}
