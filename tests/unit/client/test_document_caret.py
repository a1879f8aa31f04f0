"""Where a program's caret stands, and how often that is told."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from pycrdt import Doc, Text, XmlElement, XmlFragment, XmlText

from coursewire.client.document_caret import EVERY_S, Caret, end_of
from coursewire.client.document_text import DocumentText
from coursewire.namespaces.collaboration.encoding.awareness import checked_cursor, read_awareness
from coursewire.namespaces.collaboration.encoding.reading import read_update

ME = 7


class Desk:
    """A document of one line, and what the last edit in it was."""

    def __init__(self) -> None:
        self.doc: Doc[Any] = Doc(client_id=5)
        line = self.doc.get("default", type=XmlFragment).children.append(XmlElement("paragraph"))
        line.children.append(XmlText("one two"))
        self.mine: Doc[Any] = Doc(client_id=ME)
        self.mine.apply_update(self.doc.get_update())
        self.text = DocumentText(lambda: self.mine)

    def edit(self, change: Callable[[DocumentText], object]) -> bytes:
        heard: list[bytes] = []
        subscription = self.mine.observe(lambda event: heard.append(event.update))
        change(self.text)
        self.mine.unobserve(subscription)
        return heard[-1]


def write_more(text: DocumentText) -> None:
    text += "\nfour 😀"


@pytest.mark.parametrize(
    ("change", "unit"),
    [
        (lambda text: text.insert(3, " x"), (ME, 1)),
        (lambda text: text.insert(3, "字😀"), (ME, 2)),  # counted as browsers do
        (write_more, (ME, 8)),  # an element and its text come first
        (lambda text: text.delete(0, 3), (5, 4)),
        (lambda text: text.replace("two", "2"), (ME, 0)),
    ],
)
def test_it_is_behind_what_was_written_or_where_something_was_taken_away(
    change: Callable[[DocumentText], object], unit: tuple[int, int]
) -> None:
    assert end_of(ME, Desk().edit(change)) == unit


@pytest.mark.parametrize(
    ("at", "written"),
    [
        (3, " a\nb\nc"),  # what stood behind it goes on there
        (7, "\nb\nc"),
        (0, "a\nc"),
        (3, "a\nc\n"),  # nothing is on the last line
    ],
)
def test_it_is_behind_the_last_line_of_several(at: int, written: str) -> None:
    desk = Desk()
    unit = end_of(ME, desk.edit(lambda text: text.insert(at, written)))
    assert unit is not None
    assert str(desk.text) == "one two"[:at] + written + "one two"[at:]
    state = read_update(desk.mine.get_update())
    struct = state.structs[state.at(unit)]
    assert (struct.client, struct.text[unit[1] - struct.clock :]) == (ME, "c")


def test_it_is_nowhere_after_an_edit_that_is_no_editors() -> None:
    other: Doc[Any] = Doc(client_id=ME)
    other.get("text", type=Text).insert(0, "elsewhere")
    assert end_of(ME, other.get_update()) is None
    marks: Doc[Any] = Doc(client_id=ME)
    marks.get("default", type=XmlFragment).children.append(XmlElement("paragraph"))
    assert end_of(ME, marks.get_update()) is None
    caret = Caret()
    caret.edited(ME, other.get_update())
    assert (caret.wait_s(1.0), caret.take(1.0), caret.wait_s(2.0)) == (0.0, None, None)


def test_it_is_told_as_an_editor_tells_it_and_not_too_often() -> None:
    desk, caret = Desk(), Caret()
    assert caret.wait_s(0.0) is None
    clocks: list[int] = []
    for now in (10.0, 10.0 + EVERY_S):
        caret.edited(ME, desk.edit(lambda text: text.insert(0, "a")))
        assert caret.wait_s(now) == 0.0
        told = caret.take(now)
        assert told is not None
        [entry] = read_awareness(told)
        assert entry.state is not None
        cursor = checked_cursor(entry.state["cursor"])
        assert cursor is not None
        assert cursor["head"]["item"] == {"client": ME, "clock": len(clocks)}
        clocks.append(entry.clock)
        assert caret.wait_s(now) is None
        caret.edited(ME, b"")
        assert caret.wait_s(now + EVERY_S / 4) == pytest.approx(EVERY_S * 3 / 4)
    assert clocks[0] < clocks[1]


def test_who_opens_the_document_again_shows_it_again_unless_it_is_another_editor() -> None:
    desk, caret = Desk(), Caret()
    caret.opened(ME)
    assert caret.wait_s(0.0) is None
    caret.edited(ME, desk.edit(lambda text: text.insert(0, "a")))
    first = caret.take(0.0)
    caret.opened(ME)
    assert caret.wait_s(9.0) == 0.0
    assert caret.take(9.0) not in (None, first)
    caret.opened(ME + 1)
    assert caret.wait_s(9.0) is None
