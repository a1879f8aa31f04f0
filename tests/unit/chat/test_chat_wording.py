"""What a query asks for, and where it stands in a text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coursewire.namespaces.chat.wording import MOST_WORDS, Wanted, excerpt, fts5, indexed, read_query


@pytest.mark.parametrize(
    ("query", "wanted"),
    [
        ("one two", [Wanted("one"), Wanted("two", is_beginning=True)]),
        ("one ", [Wanted("one")]),
        ("a", [Wanted("a")]),
        ('"one two" three', [Wanted("one two"), Wanted("three", is_beginning=True)]),
        ('say "one two', [Wanted("say"), Wanted("one two", is_beginning=True)]),
        ('say "one two"', [Wanted("say"), Wanted("one two")]),
        ("- * (x)", [Wanted("(x)")]),
        ("学习", [Wanted(" 学  习 ")]),
        ("?!", []),
        ("w " * 50, [Wanted("w")] * MOST_WORDS),
    ],
)
def test_a_query(query: str, wanted: list[Wanted]) -> None:
    assert read_query(query) == wanted


def test_nothing_that_is_asked_is_an_operator() -> None:
    wanted = [Wanted('a" OR scope : "b'), Wanted("NEAR", is_beginning=True)]
    assert fts5(wanted, None) == 'words : "a"" OR scope : ""b" AND words : "NEAR" *'
    assert fts5([Wanted("a")], ["r1", "c2"]) == '(words : "a") AND scope : ("r1" OR "c2")'


def test_scripts_without_spaces_go_in_character_by_character() -> None:
    assert indexed("plain ascii") == "plain ascii"
    assert indexed("Ü學x習") == "Ü 學 x 習 "
    assert indexed("한국어 русский") == "한국어 русский"


@pytest.mark.parametrize(
    ("text", "query", "found"),
    [
        ("Café au lait", "CAFE", ["Café"]),
        ("home homes homely", '"home"', ["home"]),
        ("home homes", "home", ["home", "homes"]),
        ("two  words, two\nwords", '"two words"', ["two words", "two words"]),
        ("我们学习编程", "学习", ["学习"]),
        ("İstanbul and STRASSE", "strasse istanbul", ["İstanbul", "STRASSE"]),
        ("nothing here", "absent", []),
    ],
)
def test_an_excerpt(text: str, query: str, found: list[str]) -> None:
    pieces = excerpt(text, read_query(query))
    assert [piece.text for piece in pieces if piece.found] == found
    assert "".join(piece.text for piece in pieces) == " ".join(text.split())


@given(st.text(max_size=600), st.text(min_size=1, max_size=40))
def test_an_excerpt_is_a_piece_of_the_text(text: str, query: str) -> None:
    pieces = excerpt(text, read_query(query))
    shown = "".join(piece.text for piece in pieces).removeprefix("…").removesuffix("…")
    assert shown in " ".join(text.split()).replace("…", "…")
    assert all(piece.text for piece in pieces)
    assert len(shown) <= 200
