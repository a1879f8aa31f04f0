"""Text that comes letter by letter is joined before it is applied, and is the same text."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest
from pycrdt import Doc, XmlElement, XmlText, merge_updates
from tests.property.yjs_nonsense import clocks_of, edit, root_of, updates_of
from tests.unit.collaboration.reading_room import ReadingRoom
from tests.unit.collaboration.yjs import block, deleting, element, mark, run, text, update

from coursewire.namespaces.collaboration.encoding.joining import WORTH_IT, is_worth_joining, join
from coursewire.namespaces.collaboration.encoding.reading import read_update
from coursewire.namespaces.collaboration.encoding.rendering import html_of

LETTERS = "letters, 字 and 😀"


def doc_of(raw: bytes) -> Doc[Any]:
    doc: Doc[Any] = Doc()
    doc.apply_update(raw)
    return doc


def typed(times: int) -> bytes:
    """Return what somebody typed letter by letter without a connection, put together by merging."""
    doc: Doc[Any] = Doc()
    heard = updates_of(doc)
    paragraph = root_of(doc).children.append(XmlElement("paragraph"))
    line = paragraph.children.append(XmlText(""))
    for letter in LETTERS * times:
        line.insert(len(str(line).encode()), letter)
    return merge_updates(*heard)


def test_what_was_typed_letter_by_letter_is_one_struct() -> None:
    raw = typed(10)
    before, after = read_update(raw), read_update(join(raw))
    assert is_worth_joining(before)
    assert not is_worth_joining(after)
    assert len(before.structs) > 150
    assert [struct.text for struct in after.structs] == ["paragraph", "", LETTERS * 10]
    assert after.halves == before.halves
    assert html_of(doc_of(join(raw))) == f"<p>{LETTERS * 10}</p>"


@pytest.mark.parametrize("seed", range(20))
def test_a_joined_update_is_the_same_document(seed: int) -> None:
    """Merged from a life with elements, marks, deletions and emoji in it."""
    rng = Random(seed)  # noqa: S311 - a life that can be repeated
    doc: Doc[Any] = Doc()
    root_of(doc)
    heard = updates_of(doc)
    while len(heard) < 120:
        edit(rng, doc)
    raw = merge_updates(*heard)
    joined = doc_of(join(raw))
    assert html_of(joined) == html_of(doc)
    assert clocks_of(joined) == clocks_of(doc)
    assert read_update(join(raw)).deletes == read_update(raw).deletes


def test_only_what_follows_the_unit_before_it_is_joined() -> None:
    """Not what stands before something else, behind a mark, or was put elsewhere; numbers may be written longer."""
    structs = [
        element(),
        run(parent=(7, 0)),
        text("ab", parent=(7, 1)),
        text("c", left=(7, 3)),
        text("d", left=(7, 4), right=(7, 2)),
        text("e", left=(7, 5), right=(7, 2)),
        mark("bold", b"true", left=(7, 6)),
        text("f", left=(7, 7)),
        b"\x84\x07\x08\x81\x00g",
        text("h", left=(7, 2)),
    ]
    raw = update(block(7, 0, *structs), block(8, 0, text("i", left=(7, 10))), deletes=deleting(7, (3, 1)))
    joined = read_update(join(raw))
    said = ["paragraph", "", "abc", "de", "bold", "fg", "h", "i"]
    assert [struct.text for struct in joined.structs] == said
    assert clocks_of(doc_of(join(raw))) == clocks_of(doc_of(raw))


async def test_others_and_the_log_have_it_joined(room: ReadingRoom) -> None:
    """[DOC4] 417 KB in 19,000 pieces kept a node busy for 3.3 s, and would have at every load."""
    document_id = await room.document()
    ada, ben = await room.come("ada"), await room.come("ben")
    for writer in (ada, ben):
        await writer.open(document_id)
    pieces = [text("ab", left=(7, 1 + 2 * at)) for at in range(1, 2 * WORTH_IT)]
    raw = update(block(7, 0, element(), run(parent=(7, 0)), text("ab", parent=(7, 1)), *pieces))
    await ben.send(raw)
    heard = await ada.guest.event("document.updated")
    assert heard.attachment == join(raw)
    assert len(heard.attachment) < len(raw) / 2
    await ben.send(raw)
    cleo = await room.come("cleo")
    await cleo.open(document_id)
    assert cleo.text == "ab" * 2 * WORTH_IT
    assert room.rooms.counts["drops"] == 0
