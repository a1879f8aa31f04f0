/** Where notifications lead in the campus: the server names pages by paths, here they stand behind the `#`. */

/** `/chat?room=1&message=2` as `#/chat/1?message=2`; whatever else stays as it is. */
export function linkTo(url: string): string {
  if (url === "/chat" || url === "/notifications") return `#${url}`;
  if (/^\/analytics(\/jobs\/[^/?]+)?(\?.*)?$/u.test(url)) return `#${url}`;
  if (/^\/documents(\/[^/?]+)?(\?.*)?$/u.test(url)) return `#${url}`;
  const [path, query] = url.split("?");
  if (path !== "/chat" || query === undefined) return url;
  const wanted = new URLSearchParams(query);
  const [room, message] = [wanted.get("room"), wanted.get("message")];
  if (room === null) return wanted.get("reports") === "open" ? "#/chat?reports=open" : "#/chat";
  return `#/chat/${encodeURIComponent(room)}${message === null ? "" : `?message=${encodeURIComponent(message)}`}`;
}
