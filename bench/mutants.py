"""Real updates of a document, and what becomes of them when something happens to their bytes."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import Any

from pycrdt import Doc, XmlElement, XmlText, merge_updates
from tests.property.yjs_nonsense import edit, root_of, updates_of

MOST = 8 * 1024
"""Bytes of a real update."""
OWN, FIRST = 4_000_000_111, 900
"""Client ids: half of the updates are of one editor, the others each of a new one."""
BLOWN_UP = (
    b"\xff\xff\xff\xff\x0f",
    b"\xff\xff\xff\xff\xff\xff\xff\x0f",
    b"\x80\x80\x80\x80\x08",
    b"\xff\x7f",
    b"\x80\x80\x01",
    b"\xa0\x9c\x01",
)
"""Numbers as lib0 writes them: some are up to 2**53, some small enough to be believed."""


def real_updates(chance: Random, state: bytes, count: int) -> list[bytes]:
    """Return what editors of a document send: letters, pastes, paragraphs that go, forty edits in one."""
    found = []
    for number in range(count):
        doc: Doc[Any] = Doc(client_id=OWN if number % 2 else FIRST + number)
        doc.apply_update(state)
        heard = updates_of(doc)
        _edit(chance, doc, number % 6)
        if heard:
            found.append(heard[0] if len(heard) == 1 else merge_updates(*heard))
    return [real for real in found if len(real) <= MOST]


def _edit(chance: Random, doc: Doc[Any], what: int) -> None:
    children = root_of(doc).children
    if what == 0:
        runs = [one.children[0] for one in children if isinstance(one, XmlElement) and len(one.children)]
        texts = [run for run in runs if isinstance(run, XmlText)]
        chance.choice(texts).insert(0, "字😀 word"[: chance.randint(1, 6)])
    elif what == 1:
        paste(doc, chance.randint(2, 30), "pasted words")
    elif what == 4:
        for _ in range(40):
            edit(chance, doc)
    elif what == 5:
        first = chance.randrange(max(1, len(children) - 20))
        with doc.transaction():
            del children[first : min(len(children), first + chance.randint(1, 15))]
    else:
        edit(chance, doc)


def paste(doc: Doc[Any], paragraphs: int, words: str) -> None:
    """Put paragraphs behind all others, in one transaction."""
    with doc.transaction():
        for number in range(paragraphs):
            paragraph = root_of(doc).children.append(XmlElement("paragraph"))
            paragraph.children.append(XmlText(f"{number:04d} {words}"))


def mutate(chance: Random, real: bytes, others: Sequence[bytes]) -> bytes:
    """Return an update that something has happened to, in one of ten ways."""
    raw = bytearray(real)
    kind, at = chance.randrange(10), chance.randrange(len(real))
    if kind < 5:
        _change(chance, raw, at, kind)
    elif kind == 5:
        raw[at:at] = chance.randbytes(chance.randint(1, 4))
    elif kind == 6:
        del raw[at : at + chance.randint(1, 8)]
    elif kind == 7:
        del raw[at:]
    elif kind == 8:
        raw[at:at] = raw[at : at + chance.randint(1, 64)] * chance.randint(1, 20)
    else:
        other = chance.choice(others)
        raw[at:] = other[chance.randrange(len(other)) :]
    return bytes(raw)


def _change(chance: Random, raw: bytearray, at: int, kind: int) -> None:
    """Change a bit, a byte, a number, two that change places, or several bytes."""
    if kind == 0:
        raw[at] ^= 1 << chance.randrange(8)
    elif kind == 1:
        raw[at] = chance.choice((0, 1, 0x7F, 0x80, 0xFF, chance.randrange(256)))
    elif kind == 2:
        raw[at : at + 1] = chance.choice(BLOWN_UP)
    elif kind == 3:
        second = chance.randrange(len(raw))
        raw[at], raw[second] = raw[second], raw[at]
    else:
        for _ in range(chance.randint(2, 6)):
            raw[chance.randrange(len(raw))] = chance.randrange(256)


def chapter(state: bytes, size: int) -> bytes:
    """Return an honest update of about so many bytes: a chapter that is pasted behind all that there is."""
    doc: Doc[Any] = Doc(client_id=OWN)
    doc.apply_update(state)
    heard = updates_of(doc)
    words = "words of a chapter that was written elsewhere and is pasted here, in part"
    paste(doc, size // (len(words) + 40), words)
    return heard[0]
