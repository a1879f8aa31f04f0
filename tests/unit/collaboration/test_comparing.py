"""Two states as one text: what was kept, added and removed, in its place, and whose editor added it."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pycrdt import Doc, XmlElement, XmlText
from tests.property.test_yjs_updates import Room, written
from tests.property.yjs_nonsense import root_of
from tests.unit.collaboration.yjs import block, element, run, text, update

from coursewire.namespaces.collaboration.comparing import MOST_LINES, Part, compare_states, compare_texts
from coursewire.namespaces.collaboration.encoding.deletions import Deletions
from coursewire.namespaces.collaboration.encoding.lib0 import write_number
from coursewire.namespaces.collaboration.encoding.reading import MOST_CLOCK, read_update
from coursewire.namespaces.collaboration.encoding.rendering import text_of
from coursewire.namespaces.collaboration.encoding.seeding import doc_of_html
from coursewire.namespaces.collaboration.encoding.weaving import Weave


def copy(doc: Doc[Any], client_id: int) -> Doc[Any]:
    other: Doc[Any] = Doc(client_id=client_id)
    root_of(other)
    other.apply_update(doc.get_update())
    return other


def line(doc: Doc[Any], index: int) -> XmlText:
    paragraph = root_of(doc).children[index]
    assert isinstance(paragraph, XmlElement)
    text = paragraph.children[0]
    assert isinstance(text, XmlText)
    return text


def test_each_change_stands_in_its_place_with_its_author() -> None:
    doc = doc_of_html("<p>one two three</p><p>gone</p><p>last</p>", client_id=1)
    before = doc.get_update()
    ada, ben = copy(doc, 2), copy(doc, 3)
    del line(ada, 0)[4:8]
    line(ben, 0).insert(13, " 😀字")
    line(ben, 0).insert(18, "!")
    del root_of(ada).children[1]
    root_of(ada).children.append(XmlElement("paragraph", None, [XmlText("new")]))
    for other in (ada, ben):
        doc.apply_update(other.get_update())
    assert list(compare_states(before, doc.get_update(), Deletions())) == [
        Part("one ", "kept"),
        Part("two ", "removed"),
        Part("three", "kept"),
        Part(" 😀!字", "added", 3),
        Part("\n", "kept"),
        Part("gone\n", "removed"),
        Part("last\n", "kept"),
        Part("new\n", "added", 2),
    ]


def test_who_removed_what_is_told_as_far_as_it_is_known() -> None:
    """[DOC6] Of a line in pieces, of one that went as a whole, and of one that two have deleted at the same time."""
    doc = doc_of_html("<p>one 😀two three</p><p>gone</p><p>last</p>", client_id=1)
    before = doc.get_update()
    ada, ben, cleo = copy(doc, 2), copy(doc, 3), copy(doc, 4)
    del line(ada, 0)[4:12]
    del line(ben, 0)[8:12]
    del line(cleo, 1)[0:2]
    del root_of(ben).children[1]
    deletions = Deletions()
    for number, other in ((3, ben), (None, cleo), (2, ada)):
        update = other.get_update(doc.get_state())
        deletions.note(read_update(update).deletes, number)
        doc.apply_update(update)
    assert list(compare_states(before, doc.get_update(), deletions)) == [
        Part("one ", "kept"),
        Part("😀", "removed", 2),
        Part("two ", "removed", 3),
        Part("three\n", "kept"),
        Part("gone\n", "removed", 3),
        Part("last\n", "kept"),
    ]
    unknown = compare_states(before, doc.get_update(), Deletions())
    assert {part.client_id for part in unknown} == {None}


def test_what_came_and_went_in_between_is_not_told() -> None:
    doc = doc_of_html("<p>ab</p>")
    before = doc.get_update()
    line(doc, 0).insert(1, "xyz")
    del line(doc, 0)[1:4]
    assert list(compare_states(before, doc.get_update(), Deletions())) == [Part("ab\n", "kept")]
    assert list(compare_states(before, before, Deletions())) == [Part("ab\n", "kept")]


@given(st.integers(0, 2**32).map(Random))
def test_what_was_kept_and_removed_is_before_and_what_was_kept_and_added_is_after(rng: Random) -> None:
    room = Room()
    written(rng, room, 3)
    before, old_text = room.doc.get_update(), text_of(room.doc)
    written(rng, room, 3)
    parts = list(compare_states(before, room.doc.get_update(), Deletions()))
    assert "".join(part.text for part in parts if part.change != "removed") == text_of(room.doc)
    removed = sorted("".join(part.text for part in parts if part.change != "added"))
    assert removed == sorted(old_text)
    assert all((part.client_id is not None) == (part.change == "added") for part in parts)


def test_texts_without_a_common_history_are_compared_line_by_line() -> None:
    assert list(compare_texts("a\nb\nc\n", "a\nx\nc\nd\n")) == [
        Part("a\n", "kept"),
        Part("b\n", "removed"),
        Part("x\n", "added"),
        Part("c\n", "kept"),
        Part("d\n", "added"),
    ]
    assert list(compare_texts("", "")) == []


def test_very_long_texts_are_not_compared() -> None:
    before, after = "a\n" * MOST_LINES, "b\n"
    assert list(compare_texts(before, after)) == [Part(before, "removed"), Part(after, "added")]


def test_what_was_collected_costs_the_same_whatever_size_it_has(monkeypatch: pytest.MonkeyPatch) -> None:
    """[DOC4] Ten bytes that say that two thousand million units are gone; looking for each took 100 ns."""
    real, looked = Weave._beginning, 0

    def beginning(self: Weave, unit: tuple[int, int]) -> object:
        nonlocal looked
        looked += 1
        assert looked < 20
        return real(self, unit)

    monkeypatch.setattr(Weave, "_beginning", beginning)
    room = Room()
    room.take(update(block(7, 0, element(), run(parent=(7, 0)), text("said", parent=(7, 1)))))
    before = room.doc.get_update()
    collected = b"\x00" + write_number(MOST_CLOCK - 1)
    room.take(update(block(8, 0, collected), block(9, 0, b"\x00\x05", text(" more", left=(7, 5)))))
    assert list(compare_states(before, room.doc.get_update(), Deletions())) == [
        Part("said", "kept"),
        Part(" more", "added", 9),
        Part("\n", "kept"),
    ]
