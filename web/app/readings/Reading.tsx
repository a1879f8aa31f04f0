/** The pages of the demo course: as a learning platform would serve them, here they are written down. */

import { Invariants } from "./Invariants";

interface Props {
  id: string;
  title: string;
  url: string | undefined;
}

export function Reading({ id, title, url }: Props) {
  if (id === "reading-invariants") return <Invariants />;
  return (
    <article className="cw-prose">
      <h2>{title}</h2>
      <p>
        {url === undefined ? (
          "The campus does not have this page."
        ) : (
          <a href={url}>This page stands elsewhere.</a>
        )}
      </p>
    </article>
  );
}
