/** Where the server's addresses lead in the campus. */

import { expect, it } from "vitest";
import { linkTo } from "./links";

it.each([
  ["/chat?room=r1&message=m%201", "#/chat/r1?message=m%201"],
  ["/chat?room=a%2Fb", "#/chat/a%2Fb"],
  ["/chat?else=1", "#/chat"],
  ["/chat?reports=open", "#/chat?reports=open"],
  ["/chat?reports=1", "#/chat"],
  ["/chat", "#/chat"],
  ["/notifications", "#/notifications"],
  ["/analytics", "#/analytics"],
  ["/analytics?course=cs101", "#/analytics?course=cs101"],
  ["/analytics/jobs/grading-42", "#/analytics/jobs/grading-42"],
  ["/analytics/else", "/analytics/else"],
  ["/documents", "#/documents"],
  ["/documents?course=cs101", "#/documents?course=cs101"],
  ["/documents/d1?note=a1", "#/documents/d1?note=a1"],
  ["/documents/d1/else", "/documents/d1/else"],
  ["/courses/cs101", "/courses/cs101"],
  ["https://example.org/chat?room=1", "https://example.org/chat?room=1"],
])("leads from %s to %s", (url, link) => {
  expect(linkTo(url)).toBe(link);
});
