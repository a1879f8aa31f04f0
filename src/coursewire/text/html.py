"""Text to safe HTML. Nothing reaches a page that did not pass the sanitiser or has no markup at all."""

from __future__ import annotations

import re
from html import escape
from typing import Final

import nh3

from coursewire.text.grammar import Mentions, html_of, parse

TAGS: Final = frozenset(
    {"p", "br", "strong", "em", "s", "code", "pre", "blockquote", "ul", "ol", "li", "a", "span"}
)
"""All elements that may come out."""
SCHEMES: Final = frozenset({"http", "https", "mailto"})
"""All schemes that a link may have."""
REL: Final = "noopener nofollow"

_CLEANER: Final = nh3.Cleaner(
    tags=set(TAGS),
    clean_content_tags=set(),
    attributes={"*": set(), "a": {"href"}, "ol": {"start"}, "span": {"data-user-id"}},
    tag_attribute_values={"span": {"class": {"mention"}}},
    set_tag_attribute_values={"a": {"target": "_blank"}},
    link_rel=REL,
    url_schemes=set(SCHEMES),
    url_relative="deny",
)

_MARKS = re.compile(r"[*_~`\[<&\\@\xa0\r\x00]")
_BLOCK = re.compile(r"\s|[>+-]|\d{1,9}[.)]|\Z")
_LINES = re.compile(r"[ \t]\n|\n(?=\s|[>+-]|\d{1,9}[.)])|\s\Z")


def is_plain(text: str) -> bool:
    """Whether a text is surely one paragraph without markup: most messages are, and need no parser.

    False for some that are as well. tests/property/test_text.py compares the two ways.
    """
    return (
        _MARKS.search(text) is None
        and _BLOCK.match(text) is None
        and "://" not in text
        and not text[-1].isspace()
        and ("\n" not in text or _LINES.search(text) is None)
        and "mailto:" not in text.lower()
    )


def render(text: str, mentions: Mentions | None = None) -> str:
    """Return the safe HTML of a text.

    `mentions`: what stands behind an `@`, in lower case, and the user id that it means (None: several people). Such
    a mention becomes `<span class="mention" data-user-id="...">@Name</span>`.
    """
    if is_plain(text):
        return f"<p>{text.replace('>', '&gt;').replace(chr(10), '<br>' + chr(10))}</p>"
    return _CLEANER.clean(html_of(parse(text, mentions))).rstrip("\n")


def without_mention(html: str, user_id: str) -> str:
    """Return what `render` made, with a mention of somebody as the text that it was."""
    opening = f' data-user-id="{escape(user_id)}"'
    if opening not in html:
        return html
    return re.sub(rf'<span class="mention"{re.escape(opening)}>(.*?)</span>', r"\1", html)
