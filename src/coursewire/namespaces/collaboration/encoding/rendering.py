"""A document as text and as HTML: a table of the elements and marks that the editor knows, everything else left out."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any, Final, cast

from pycrdt import XmlElement, XmlFragment, XmlText

from coursewire.namespaces.collaboration.encoding.placing import MOST_DEPTH
from coursewire.namespaces.collaboration.encoding.structs import ROOT_NAME

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from pycrdt import Doc

SCHEMES: Final = frozenset({"http", "https", "mailto"})
"""All schemes that a link may have."""
REL: Final = "noopener nofollow ugc"
MARKS: Final = {"code": "code", "strike": "s", "underline": "u", "italic": "em", "bold": "strong"}
"""Marks of the editor and their elements, from the inside out; `link` is around them all."""
BLOCKS: Final = {
    "paragraph": "p",
    "blockquote": "blockquote",
    "bulletList": "ul",
    "listItem": "li",
}
"""Elements of the editor that are an element of HTML, and nothing more."""
LINES: Final = frozenset({"paragraph", "heading", "codeBlock"})
"""Elements that end a line of text."""
MOST_LEVEL: Final = 6

_CONTROL: Final = dict.fromkeys((*range(9), *range(11, 32), *range(127, 160)))
"""All but tab and newline."""

Node = XmlElement | XmlFragment | XmlText


def text_of(doc: Doc[Any]) -> str:
    """Return what a document says: a line for each paragraph, heading and line of code."""
    out: list[str] = []
    _write_text(doc.get(ROOT_NAME, type=XmlFragment), out, 0)
    return "".join(out)


def html_of(doc: Doc[Any]) -> str:
    """Return a document as HTML that is safe to show. Everything is escaped; links lead to the web or to a mail."""
    out: list[str] = []
    _write_html(doc.get(ROOT_NAME, type=XmlFragment), out, 0)
    return "".join(out)


def without_controls(text: str) -> str:
    """Leave control characters out: neither a page nor a database wants them."""
    return text.translate(_CONTROL)


def _write_text(node: Node, out: list[str], depth: int) -> None:
    if isinstance(node, XmlText):
        out.extend(without_controls(piece) for piece, _marks in node.diff() if isinstance(piece, str))
        return
    if depth <= MOST_DEPTH:
        for child in node.children:
            _write_text(child, out, depth + 1)
    if isinstance(node, XmlElement) and (node.tag == "hardBreak" or node.tag in LINES):
        out.append("\n")


def _write_html(node: Node, out: list[str], depth: int) -> None:
    if isinstance(node, XmlText):
        out.extend(_inline(piece, marks or {}) for piece, marks in node.diff() if isinstance(piece, str))
        return
    opening, closing = _tags(node) if isinstance(node, XmlElement) else ("", "")
    out.append(opening)
    if depth <= MOST_DEPTH:
        for child in node.children:
            _write_html(child, out, depth + 1)
    out.append(closing)


def _tags(node: XmlElement) -> tuple[str, str]:
    """Return what stands before and after the content of an element: nothing for one that is not known."""
    name = node.tag or ""
    if name in BLOCKS:
        return f"<{BLOCKS[name]}>", f"</{BLOCKS[name]}>"
    make = _ELEMENTS.get(name)
    return make(attributes_of(node)) if make else ("", "")


def attributes_of(node: XmlElement) -> dict[str, Any]:
    """Return the attributes of an element."""
    return dict(cast("Iterable[tuple[str, Any]]", node.attributes))  # pycrdt declares its __iter__ wrongly


def _heading(attributes: Mapping[str, Any]) -> tuple[str, str]:
    level = whole(attributes.get("level"), 1, MOST_LEVEL) or 1
    return f"<h{level}>", f"</h{level}>"


def _ordered(attributes: Mapping[str, Any]) -> tuple[str, str]:
    start = whole(attributes.get("start"), 0, 2**31 - 1)
    return (f'<ol start="{start}">' if start not in {None, 1} else "<ol>"), "</ol>"


_ELEMENTS: Final[dict[str, Callable[[Mapping[str, Any]], tuple[str, str]]]] = {
    "heading": _heading,
    "orderedList": _ordered,
    "codeBlock": lambda _attributes: ("<pre><code>", "</code></pre>"),
    "hardBreak": lambda _attributes: ("<br>", ""),
    "horizontalRule": lambda _attributes: ("<hr>", ""),
}


def _inline(text: str, marks: Mapping[str, Any]) -> str:
    html = escape(without_controls(text))
    # A mark that may be there twice is written as `name--hash`.
    named = {mark.partition("--")[0]: value for mark, value in marks.items()}
    for name, tag in MARKS.items():
        if name in named:
            html = f"<{tag}>{html}</{tag}>"
    link = named.get("link")
    href = safe_link(link.get("href")) if isinstance(link, dict) else None
    return f'<a href="{escape(href)}" rel="{REL}">{html}</a>' if href else html


def safe_link(href: object) -> str | None:
    """Return a link that may be followed; None for `javascript:` and the like, and for what leads nowhere."""
    if not isinstance(href, str):
        return None
    href = without_controls(href).strip()
    scheme, colon, rest = href.partition(":")
    return href if colon and rest and scheme.lower() in SCHEMES else None


def whole(value: object, least: int, most: int) -> int | None:
    """Return a whole number of an attribute: an editor writes 2, pycrdt gives it as 2.0, or has written "2"."""
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= 10:  # noqa: PLR2004
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int | float) or not least <= value <= most:
        return None
    return int(value)
