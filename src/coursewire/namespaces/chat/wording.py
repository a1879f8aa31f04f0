"""The words of a search: what is asked for, and where it stands in a text. Pure."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from coursewire.namespaces.chat.contract import Piece

MOST_WORDS: Final = 20
"""Of a query; what comes after them is not looked for."""
SHORTEST_BEGINNING: Final = 2
"""A last word of fewer characters stands for itself: as a beginning it would fit half of the index."""
EXCERPT: Final = 200
BEFORE: Final = 60
"""Characters of an excerpt, and how many of them stand before the first word that fits."""

# Scripts that put no spaces between words: each character is a word, and a word of several is a phrase.
_UNSPACED = re.compile(
    "([\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u2e80-\u312f\u31f0-\u9fff\uf900-\ufaff\U00020000-\U0003ffff])"
)
_QUOTED = re.compile(r'"([^"]*)"?|(\S+)')


@dataclass(frozen=True, slots=True)
class Wanted:
    """One thing that a query asks for: words that follow each other."""

    words: str
    is_beginning: bool = False
    """Whether the last word may go on: it is what somebody is still typing."""


def indexed(text: str) -> str:
    """Return a text as it goes into the index. What was put in once must come out the same to be removed."""
    return text if text.isascii() else _UNSPACED.sub(r" \1 ", text)


def read_query(query: str) -> list[Wanted]:
    """Return what a query asks for: all of its words, those in quotation marks together."""
    wanted: list[Wanted] = []
    for found in _QUOTED.finditer(query):
        words = indexed(found[1] if found[2] is None else found[2].replace('"', " "))
        if any(map(_is_of_a_word, words)):
            wanted.append(Wanted(words))
    wanted = wanted[:MOST_WORDS]
    if wanted and not query[-1].isspace() and not query.endswith('"'):
        last = wanted[-1].words
        if _is_of_a_word(last[-1]) and sum(map(_is_of_a_word, last)) >= SHORTEST_BEGINNING:
            wanted[-1] = Wanted(last, is_beginning=True)
    return wanted


def fts5(wanted: Sequence[Wanted], scopes: Sequence[str] | None) -> str:
    """Write a query in the words of https://sqlite.org/fts5.html, 3; `scopes` None: everywhere."""
    words = " AND ".join(f"words : {_string(one.words)}{' *' if one.is_beginning else ''}" for one in wanted)
    if scopes is None:
        return words
    return f"({words}) AND scope : ({' OR '.join(map(_string, scopes))})"


def _string(words: str) -> str:
    return '"' + words.replace('"', '""') + '"'


def _is_of_a_word(character: str) -> bool:
    return character.isalnum() or unicodedata.category(character) == "Co"


def excerpt(text: str, wanted: Sequence[Wanted]) -> list[Piece]:
    """Return a piece of a text in one line, around the first words that fit, and which of it they are."""
    line = " ".join(text.split())
    found = _found(line, wanted)
    start = max(0, found[0][0] - BEFORE) if found else 0
    start = line.rfind(" ", 0, start) + 1 if start else 0
    end = min(len(line), start + EXCERPT)
    pieces = [Piece(text="…", found=False)] if start else []
    position = start
    for begin, stop in found:
        if position <= begin < end:
            pieces.append(Piece(text=line[position:begin], found=False))
            pieces.append(Piece(text=line[begin : min(stop, end)], found=True))
            position = min(stop, end)
    pieces.append(Piece(text=line[position:end] + ("…" if end < len(line) else ""), found=False))
    return [piece for piece in pieces if piece.text]


def _found(line: str, wanted: Sequence[Wanted]) -> list[tuple[int, int]]:
    """Return where words fit, in order, without overlaps."""
    folded = line.lower() if line.isascii() else "".join(map(_folded, line))
    patterns = [pattern for one in wanted if (pattern := _pattern(one))]
    if not patterns:
        return []
    return [found.span() for found in re.finditer("|".join(patterns), folded)]


def _pattern(wanted: Wanted) -> str:
    words = ["".join(map(_folded, word)) for word in re.split(r"[^\w]+|_", wanted.words) if word]
    if not words:
        return ""
    unspaced = [_UNSPACED.fullmatch(word) is not None for word in words]
    pattern = re.escape(words[0])
    for index, word in enumerate(words[1:], 1):
        between = r"[\W_]*" if unspaced[index] or unspaced[index - 1] else r"[\W_]+"
        pattern += between + re.escape(word)
    before = "" if unspaced[0] else r"(?<![^\W_])"
    after = "" if unspaced[-1] else r"[^\W_]*" if wanted.is_beginning else r"(?![^\W_])"
    return f"{before}{pattern}{after}"


def _folded(character: str) -> str:
    """Return one character for one: without case and diacritics, as the index compares."""
    if character.isascii():
        return character.lower()
    base = unicodedata.normalize("NFD", character)[0]
    lowered = base.lower()
    return lowered if len(lowered) == 1 else base
