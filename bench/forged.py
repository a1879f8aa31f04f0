"""Updates of Yjs that are made to cost something, struct by struct, and the documents in which they cost most."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import count
from random import Random
from typing import Any, NamedTuple

from pycrdt import Doc
from tests.property.yjs_nonsense import edit, root_of, updates_of
from tests.unit.collaboration.yjs import block, deleting, element, head, mark, run, text, update

from bench.mutants import BLOWN_UP, paste
from coursewire.namespaces.collaboration.contract.values import MOST_UPDATE
from coursewire.namespaces.collaboration.encoding.lib0 import write_raw

SIZE = 4 * 1024
"""Bytes of each that has no other size: what is larger pays by its bytes."""
EPOCH = "epoch"
WRITER, NEW = 111, 5_001
"""Client ids: who wrote the documents, and one that is new. Small ones leave more space for what costs something."""

MANY_EDITS = "20 KB after 2,000 edits of four"
PARAGRAPHS = "272 KB, 2,000 paragraphs"
LINE = "one text of 272 KB"
PIECES = "a text in 12,750 pieces"
HOLES = "40,000 letters, every second one gone"
WORDS = "some words of it " * 7 + "here"
UNITS = len("0000 " + WORDS) + 2
"""Of each of the paragraphs: the element, the run of text in it, and what that says."""
LAST = (WRITER, 1_999 * UNITS)
"""The last paragraph."""


class Forged(NamedTuple):
    """One of them."""

    says: str
    base: str
    """The document that it is for."""
    raw: bytes
    epoch: str = EPOCH
    """The one that it says it is of."""


def documents(chance: Random) -> dict[str, bytes]:
    """Return the states of the documents."""
    pasted: Doc[Any] = Doc(client_id=WRITER)
    paste(pasted, 2_000, WORDS)
    return {
        MANY_EDITS: _edited(chance),
        PARAGRAPHS: pasted.get_update(),
        LINE: _text(272_000),
        PIECES: _text(12_752, holes=True),
        HOLES: _text(40_000, holes=True),
    }


def _edited(chance: Random) -> bytes:
    editors: list[Doc[Any]] = [Doc(client_id=WRITER + number) for number in range(4)]
    heard = [updates_of(editor) for editor in editors]
    for _ in range(2_000):
        at = chance.randrange(4)
        root_of(editors[at])
        heard[at].clear()
        edit(chance, editors[at])
        written = list(heard[at])
        for editor in editors:
            if editor is not editors[at]:
                for one in written:
                    editor.apply_update(one)
    return editors[0].get_update()


def _text(size: int, *, holes: bool = False) -> bytes:
    doc: Doc[Any] = Doc()
    line = text("abcdefgh" * (size // 8), parent=(WRITER, 1))
    doc.apply_update(update(block(WRITER, 0, element(), run(parent=(WRITER, 0)), line)))
    if holes:
        doc.apply_update(update(deletes=deleting(WRITER, *((clock, 1) for clock in range(3, size, 2)))))
    return doc.get_update()


def five_bytes(chance: Random, several: int) -> list[bytes]:
    """Return updates of five bytes, such as took pycrdt 0.68 s: a number blown up in each place, and random ones."""
    whole = b"\x01\x01\x05\x00\x04\x01\x01a\x01b\x01\x05\x01\x00\x01"
    blown = [(whole[:at] + number)[-5:].ljust(5, b"\x01") for at in range(len(whole)) for number in BLOWN_UP]
    return [*blown, *(bytes([chance.randrange(3)]) + chance.randbytes(4) for _ in range(several))]


def forged(states: dict[str, bytes]) -> Iterator[Forged]:
    """Yield all of them."""
    yield from _refused(states)
    yield from _walks()
    yield from _deletions()
    yield from _well_formed()


def _refused(states: dict[str, bytes]) -> Iterator[Forged]:
    nothing = b"\x84\x05\x00\x01a" * (SIZE // 5)
    yield Forged("a count of clients that lies", PARAGRAPHS, b"\xff\x0f\x01\x05\x00" + nothing)
    yield Forged("a count of structs that lies", PARAGRAPHS, b"\x01\xff\xff\x7f\x05\x00" + nothing)
    yield Forged("a count of deletions that lies", PARAGRAPHS, b"\x00\x01\x05\xff\xff\x7f" + nothing)
    yield Forged(
        "a text that is longer than all", PARAGRAPHS, b"\x01\x01\x05\x00\x84\x6f\x02\xff\xff\x7f" + nothing
    )
    deep = (element("p", parent=(NEW, clock - 1) if clock else "default") for clock in count())
    yield Forged("elements in one another", PARAGRAPHS, _filled(deep))
    lists = _value(b"\x75\x01" * (SIZE // 2) + b"\x7e")
    yield Forged("lists in one another", PARAGRAPHS, update(block(NEW, 0, lists)))
    paragraphs = (element() for _ in count())
    yield Forged("another's client id", MANY_EDITS, _filled(paragraphs, client=WRITER + 1))
    yield Forged("a gap", PARAGRAPHS, update(block(NEW, 9, *(element() for _ in range(SIZE // 20)))))
    yield Forged("a state of another epoch, which it names", MANY_EDITS, states[PARAGRAPHS], epoch="another")
    yield Forged("a state of another epoch, which it hides", MANY_EDITS, states[PARAGRAPHS])
    yield Forged("a paste of 10 MB", MANY_EDITS, b"\x01\x01\x05\x00\x04\x01\x07default" + bytes(10_000_000))
    yield Forged("a paste of a large book", MANY_EDITS, _pasted(MOST_UPDATE))


def _walks() -> Iterator[Forged]:
    first = element("p")
    most = (SIZE - 2) // (len(first) + 4)
    first_of_all = [block(NEW + one, 0, first) for one in range(most)]
    yield Forged(f"{most} new clients, each a paragraph beside none", PARAGRAPHS, update(*first_of_all))
    yield Forged("paragraphs beside none", PARAGRAPHS, _filled(first for _ in count()))
    yield Forged("paragraphs beside none, as many as are taken", PARAGRAPHS, _filled([first] * 24))
    for says, step in (("", 500), (", as many as are taken", 2_500)):
        last_first = (text("a", left=(WRITER, at), right=(WRITER, at + 1)) for at in range(271_000, 2, -step))
        yield Forged(f"letters, the last place first{says}", LINE, _filled(last_first))
    behind_one = (text("a", left=(WRITER, 2), right=(WRITER, 39_999)) for _ in count())
    yield Forged("letters behind one, before the last", HOLES, _filled(behind_one))
    values = (_value(b"\x7e") for _ in count())
    yield Forged("values of one attribute", PARAGRAPHS, _filled(values))


def _deletions() -> Iterator[Forged]:
    yield Forged("all of it deleted", PARAGRAPHS, update(deletes=deleting(WRITER, (0, 2_000 * UNITS))))
    letters = [(at * UNITS + letter, 1) for at in range(2_000) for letter in range(2, UNITS, 2)]
    yield Forged("single letters deleted, the first ones", PARAGRAPHS, _deleted(letters))
    yield Forged("single letters deleted", LINE, _deleted([(at, 1) for at in range(3, 272_000, 200)]))
    yield Forged(
        "single letters deleted, in pieces", PIECES, _deleted([(at, 1) for at in range(2, 12_752, 2)])
    )
    yield Forged(
        "a letter of each paragraph deleted",
        PARAGRAPHS,
        _deleted([(at * UNITS + 9, 1) for at in range(2_000)]),
    )


def _well_formed() -> Iterator[Forged]:
    empty = (element("p", left=(NEW, at - 1) if at else LAST) for at in count())
    yield Forged("empty paragraphs", PARAGRAPHS, _filled(empty))
    full = (
        struct
        for at in count(0, 3)
        for struct in (
            element("p", left=(NEW, at - 3) if at else LAST),
            run(parent=(NEW, at)),
            text("a", parent=(NEW, at + 1)),
        )
    )
    yield Forged("paragraphs with a letter", PARAGRAPHS, _filled(full))
    typed = (text("a", left=(NEW, at - 1) if at else (WRITER, 2)) for at in count())
    yield Forged("letters one behind the other", PARAGRAPHS, _filled(typed))
    marks = (mark("bold", b"{}", left=(NEW, at - 1) if at else (WRITER, 2)) for at in count())
    yield Forged("marks", PARAGRAPHS, _filled(marks))
    yield Forged("what is collected", PARAGRAPHS, _filled(b"\x00\x01" for _ in count()))
    gone = (head(1, parent=(WRITER, 0)) + b"\x01" for _ in count())
    yield Forged("what is deleted", PARAGRAPHS, _filled(gone))
    yield Forged(
        "pairs of surrogates", PARAGRAPHS, update(block(NEW, 0, text("😀" * (SIZE // 4), left=(WRITER, 2))))
    )


def _value(raw: bytes) -> bytes:
    """Write a value of an attribute of the first paragraph that comes after none."""
    return b"\x28\x00" + bytes([WRITER, 0]) + write_raw(b"a") + b"\x01" + raw


def _pasted(size: int) -> bytes:
    doc: Doc[Any] = Doc(client_id=NEW)
    paste(doc, size // 170, WORDS)
    return doc.get_update()


def _filled(structs: Iterable[bytes], client: int = NEW) -> bytes:
    taken: list[bytes] = []
    space = SIZE - 12
    for struct in structs:
        space -= len(struct)
        if space < 0:
            break
        taken.append(struct)
    return update(block(client, 0, *taken))


def _deleted(ranges: list[tuple[int, int]]) -> bytes:
    most = len(ranges)
    while len(raw := update(deletes=deleting(WRITER, *ranges[:most]))) > SIZE:
        most = most * SIZE // len(raw)
    return raw
