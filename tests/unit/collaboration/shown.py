"""Reads the HTML of a document as a browser's parser sees it, and says what in it should not be there."""

from __future__ import annotations

from html.parser import HTMLParser

from coursewire.namespaces.collaboration.encoding.rendering import BLOCKS, MARKS, REL, SCHEMES

TAGS = {
    *BLOCKS.values(),
    *MARKS.values(),
    "a",
    "br",
    "hr",
    "ol",
    "pre",
    *(f"h{level}" for level in range(1, 7)),
}
ATTRIBUTES = {"a": {"href", "rel"}, "ol": {"start"}}


class _Page(HTMLParser):
    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.wrong: list[str] = []
        self._open: list[str] = []
        self.feed(html)
        self.close()
        self.wrong += [f"{tag} is open at the end" for tag in self._open]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag not in TAGS:
            self.wrong.append(f"element {tag}")
        self.wrong += [f"attribute {tag}.{name}" for name in given if name not in ATTRIBUTES.get(tag, ())]
        if tag == "a" and (
            given.get("rel") != REL or (given.get("href") or "").partition(":")[0].lower() not in SCHEMES
        ):
            self.wrong.append(f"a link with {given}")
        if tag not in {"br", "hr"}:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if not self._open or self._open.pop() != tag:
            self.wrong.append(f"</{tag}> closes nothing")

    def handle_comment(self, data: str) -> None:
        self.wrong.append(f"comment {data}")

    def handle_decl(self, decl: str) -> None:
        self.wrong.append(f"declaration {decl}")

    def handle_pi(self, data: str) -> None:
        self.wrong.append(f"instruction {data}")


def wrong_in(html: str) -> list[str]:
    """What is in HTML that no document has."""
    return _Page(html).wrong
