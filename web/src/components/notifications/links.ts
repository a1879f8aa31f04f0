/** Where a notification leads: only addresses that a page may open, and how to get there. */

const WEB = new Set(["http:", "https:"]);

/** The address as a link may carry it; null for schemes that run something, and for what is no address. */
export function safeLink(url: string | undefined, base: string = document.baseURI): string | null {
  if (url === undefined || url.trim() === "") return null;
  try {
    return WEB.has(new URL(url, base).protocol) ? url : null;
  } catch {
    return null;
  }
}

/** Whether a link stays on this site; one that does not opens a window of its own. */
export const isOurs = (link: string, base: string = document.baseURI): boolean =>
  new URL(link, base).origin === new URL(base).origin;
