"""HTML or plain text as a new document: only the elements and marks that the editor knows, whatever the HTML holds.

The sanitiser (nh3, on the HTML parser of a browser) makes a well-formed tree of anything; what comes out of it can be
read tag by tag.
"""

from __future__ import annotations

from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any, Final

import nh3
from pycrdt import Doc, XmlFragment

from coursewire.namespaces.collaboration.encoding.placing import MOST_ELEMENTS, too_many_elements
from coursewire.namespaces.collaboration.encoding.rendering import SCHEMES, safe_link, whole
from coursewire.namespaces.collaboration.encoding.structs import ROOT_NAME
from coursewire.namespaces.collaboration.encoding.tree import Node, count_elements, insert

if TYPE_CHECKING:
    from collections.abc import Mapping

MOST_LINK: Final = 2_000
"""Bytes of where a link leads; a longer one is left out. As JSON, twice as long at most, it fits into a mark."""
MOST_NESTING: Final = 30
"""Lists and quotes in one another; what is deeper goes up to that level."""

_MARKS: Final = {
    "strong": "bold",
    "b": "bold",
    "em": "italic",
    "i": "italic",
    "u": "underline",
    "s": "strike",
    "del": "strike",
    "strike": "strike",
    "code": "code",
}
_TEXTS: Final = {"p": "paragraph", "pre": "codeBlock", **{f"h{level}": "heading" for level in range(1, 7)}}
"""Elements that hold a line of text."""
_HOLDERS: Final = {"blockquote": "blockquote", "ul": "bulletList", "ol": "orderedList", "li": "listItem"}
"""Elements that hold others."""
_LISTS: Final = frozenset({"bulletList", "orderedList"})
_BREAKING: Final = frozenset(
    {"div", "table", "tr", "section", "article", "header", "footer", "dl", "dt", "dd", "td", "th"}
)
"""Elements that we do not keep, whose content begins a line of its own."""

_CLEANER: Final = nh3.Cleaner(
    tags={*_MARKS, *_TEXTS, *_HOLDERS, *_BREAKING, "a", "br", "hr"},
    attributes={"a": {"href"}, "ol": {"start"}},
    clean_content_tags={"script", "style", "title", "template"},
    url_schemes=set(SCHEMES),
    url_relative="deny",
    link_rel=None,
)


def doc_of_html(html: str, *, client_id: int | None = None) -> Doc[Any]:
    """Return a document that begins with HTML, written by `client_id`. Raises TooLarge(field="html")."""
    nodes = _Reader.read(html)
    if count_elements(nodes) > MOST_ELEMENTS:
        raise too_many_elements("html")
    return _doc(nodes, client_id)


def doc_of_text(text: str, *, client_id: int | None = None) -> Doc[Any]:
    """Return a document with a paragraph for each line of a text."""
    lines = text.replace("\r\n", "\n").rstrip("\n").split("\n")
    return _doc([Node("paragraph", children=[(line, {})] if line else []) for line in lines], client_id)


def _doc(nodes: list[Node], client_id: int | None) -> Doc[Any]:
    doc: Doc[Any] = Doc(client_id=client_id)
    root = doc.get(ROOT_NAME, type=XmlFragment)
    with doc.transaction():
        insert(root, 0, nodes or [Node("paragraph")])
    return doc


class _Reader(HTMLParser):
    """Reads what the sanitiser wrote: every tag is known, and closed where it has to be."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self._top: list[Node] = []
        self._open: list[Node] = []
        self._line: Node | None = None
        """Where text goes; None between the lines."""
        self._marks: list[tuple[str, str, Any]] = []
        """Tag, mark and its value, as they were opened."""

    @classmethod
    def read(cls, html: str) -> list[Node]:
        reader = cls()
        reader.feed(_CLEANER.clean(html.replace("\r\n", "\n").replace("\x00", "")))
        reader.close()
        return reader._finished()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        in_code = self._line is not None and self._line.name == "codeBlock"
        if tag in _TEXTS:
            level = {"level": int(tag[1])} if _TEXTS[tag] == "heading" else {}
            self._begin_line(Node(_TEXTS[tag], level))
        elif tag in _HOLDERS:
            self._begin_holder(_HOLDERS[tag], given)
        elif tag in _BREAKING or tag == "hr":
            self._line = None
            if tag == "hr":
                self._put(Node("horizontalRule"))
        elif tag == "br":
            if in_code:
                self._say("\n")
            else:
                self._text_line().children.append(Node("hardBreak"))
        elif tag == "a" and (href := safe_link(given.get("href"))) and len(href.encode()) <= MOST_LINK:
            self._marks.append((tag, "link", {"href": href}))
        elif tag in _MARKS and not (in_code and tag == "code"):
            self._marks.append((tag, _MARKS[tag], {}))

    def handle_endtag(self, tag: str) -> None:
        if tag in _TEXTS or tag in _BREAKING:
            self._line = None
        elif tag in _HOLDERS:
            self._line = None
            name = _HOLDERS[tag]
            while self._open and any(node.name == name for node in self._open):
                if self._open.pop().name == name:
                    break
        else:
            for index in range(len(self._marks) - 1, -1, -1):
                if self._marks[index][0] == tag:
                    del self._marks[index]
                    break

    def handle_data(self, data: str) -> None:
        if self._line is None and not data.strip():
            return
        self._say(data)

    def _say(self, data: str) -> None:
        line = self._text_line()
        if line.name == "codeBlock":
            line.children.append((data, {}))
            return
        last = line.children[-1] if line.children else None
        begins = last is None or isinstance(last, Node) or last[0].endswith(" ")
        text = " ".join(data.split(None)) if data.strip() else ""
        text = (" " if data[0].isspace() and not begins else "") + text
        if data[-1].isspace() and not text.endswith(" ") and text:
            text += " "
        if text:
            line.children.append((text, {mark: value for _tag, mark, value in self._marks}))

    def _begin_line(self, node: Node) -> None:
        self._line = node
        self._put(node)

    def _text_line(self) -> Node:
        if self._line is None:
            self._begin_line(Node("paragraph"))
        assert self._line is not None  # noqa: S101 - just begun
        return self._line

    def _begin_holder(self, name: str, given: Mapping[str, str | None]) -> None:
        self._line = None
        if len(self._open) >= MOST_NESTING:
            return
        node = Node(name)
        if name == "orderedList" and (start := whole(given.get("start"), 0, 2**31 - 1)) not in {None, 1}:
            node.attributes["start"] = start
        if name == "listItem" and not (self._open and self._open[-1].name in _LISTS):
            return
        self._put(node)
        self._open.append(node)

    def _put(self, node: Node) -> None:
        """Put an element where the reader is; in a list everything is an item."""
        if not self._open:
            self._top.append(node)
            return
        holder = self._open[-1]
        if holder.name in _LISTS and node.name != "listItem":
            holder.children.append(Node("listItem", children=[node]))
        else:
            holder.children.append(node)

    def _finished(self) -> list[Node]:
        return _tidy(self._top)


def _tidy(nodes: list[Node]) -> list[Node]:
    """Leave out what the editor would take for broken: lists without items, items and quotes that hold nothing."""
    kept = []
    for node in nodes:
        if node.name in _HOLDERS.values():
            node.children = list(_tidy([child for child in node.children if isinstance(child, Node)]))
            if node.name == "listItem" and not (
                node.children and isinstance(node.children[0], Node) and node.children[0].name == "paragraph"
            ):
                node.children.insert(0, Node("paragraph"))
            if not node.children:
                continue
        elif node.children:
            _strip_end(node)
        kept.append(node)
    return kept


def _strip_end(node: Node) -> None:
    """Take the space or line away that HTML has before the end of a line of text."""
    last = node.children[-1]
    if isinstance(last, Node):
        return
    text, marks = last
    text = text.removesuffix("\n") if node.name == "codeBlock" else text.rstrip(" ")
    node.children[-1:] = [(text, marks)] if text else []
