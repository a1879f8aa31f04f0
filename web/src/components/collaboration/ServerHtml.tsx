/** A document as the server has rendered it: from the elements that editors know, with everything else left out. */

/** `html` of a version, or of a document for an editor that is too old: nothing else may come here. */
export function ServerHtml({ html }: { html: string }) {
  // biome-ignore lint/security/noDangerouslySetInnerHtml: the server has made it from a table of safe elements
  return <div className="cw-prose" dangerouslySetInnerHTML={{ __html: html }} />;
}
