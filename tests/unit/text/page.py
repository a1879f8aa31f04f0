"""Reads HTML as a browser's parser sees it, and says what in it should not be there."""

from __future__ import annotations

from html.parser import HTMLParser

from coursewire.text.html import REL, SCHEMES, TAGS

_ATTRIBUTES = {"a": {"href", "target", "rel"}, "ol": {"start"}, "span": {"class", "data-user-id"}}


class Page(HTMLParser):
    """One piece of HTML: its elements, its words, and what is wrong with it."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.wrong: list[str] = []
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.words = ""
        self._open: list[str] = []
        self.feed(html)
        self.close()
        if self._open:
            self.wrong.append(f"open at the end: {self._open}")

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.elements.append((tag, given))
        if tag not in TAGS:
            self.wrong.append(f"element {tag}")
        self.wrong += [f"attribute {tag}.{name}" for name in given if name not in _ATTRIBUTES.get(tag, ())]
        if tag == "a" and "a" in self._open:
            self.wrong.append("a link in a link")
        if tag == "a" and (given.get("rel"), given.get("target")) != (REL, "_blank"):
            self.wrong.append(f"a link with {given}")
        # The sanitiser leaves no address where its parser of URLs finds none: that link goes nowhere.
        address = given.get("href") or "https:"
        if address.partition(":")[0].lower() not in SCHEMES:
            self.wrong.append(f"a link to {address}")
        if tag == "span" and given.get("class") != "mention":
            self.wrong.append(f"a span with {given}")
        if tag != "br":
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if not self._open or self._open.pop() != tag:
            self.wrong.append(f"</{tag}> closes nothing")

    def handle_data(self, data: str) -> None:
        self.words += data

    def handle_comment(self, data: str) -> None:
        self.wrong.append(f"comment {data}")

    def handle_decl(self, decl: str) -> None:
        self.wrong.append(f"declaration {decl}")

    def handle_pi(self, data: str) -> None:
        self.wrong.append(f"instruction {data}")

    def unknown_decl(self, data: str) -> None:
        self.wrong.append(f"declaration {data}")
