"""Random texts of every kind of markup: what comes out is allowed, and the short way gives what the long one gives."""

from __future__ import annotations

from hypothesis import example, given
from hypothesis import strategies as st
from tests.unit.text.hostile import HOSTILE
from tests.unit.text.page import Page

from coursewire.text import plain, render, without_mention
from coursewire.text.grammar import html_of, parse
from coursewire.text.html import _CLEANER, is_plain
from coursewire.text.plain import _lines_of

PIECES = (
    "*",
    "**",
    "_",
    "~~",
    "`",
    "```",
    "\n",
    "\n\n",
    " ",
    "  \n",
    "> ",
    "- ",
    "1. ",
    "\t",
    "[",
    "](",
    ")",
    "!",
    "<",
    ">",
    '"',
    "'",
    "&",
    "\\",
    "@ben",
    "@",
    "https://a.example/",
    "javascript:",
    "mailto:",
    "a",
    "onclick=",
    "script",
    ":",
    "//",
    "#",
    "=",
    "\xa0",
)
MENTIONS = {"ben": 'b"1', "a": None}
texts = st.one_of(
    st.lists(st.sampled_from((*PIECES, *HOSTILE)), max_size=40).map("".join),
    st.text(st.characters(codec="utf-8", exclude_categories=("Cs", "Cc")), max_size=200),
    st.lists(st.one_of(st.sampled_from(PIECES), st.text(max_size=8)), max_size=40).map("".join),
)


@given(texts)
def test_only_what_is_allowed_comes_out(text: str) -> None:
    assert Page(render(text, MENTIONS)).wrong == []


@example("0\r0")
@given(st.one_of(texts, st.text("ab >-1.)#&\n\"'é", max_size=30)))
def test_the_short_way_is_the_long_one(text: str) -> None:
    if is_plain(text):
        assert plain(text) == "\n".join(_lines_of(parse(text))) == text
        assert render(text, MENTIONS) == _CLEANER.clean(html_of(parse(text, MENTIONS))).rstrip("\n")


@given(texts)
def test_taking_a_mention_out_is_rendering_without_it(text: str) -> None:
    assert without_mention(render(text, MENTIONS), 'b"1') == render(text, {"a": None})


@given(texts)
def test_plain_text_comes_of_everything(text: str) -> None:
    assert isinstance(plain(text), str)
