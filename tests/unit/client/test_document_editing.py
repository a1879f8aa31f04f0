"""What an editor sends when: one update at a time, in order, none twice, none lost."""

from __future__ import annotations

from typing import Any

import pytest
from pycrdt import Doc, Text, XmlElement, XmlFragment, XmlText

from coursewire.client.document_editing import GATHERED, LONG, TOGETHER, Editing, readable
from coursewire.namespaces.collaboration.contract.values import MOST_UPDATE
from coursewire.namespaces.collaboration.encoding.applying import WORTH_IT, write_deletes
from coursewire.namespaces.collaboration.encoding.reading import read_update
from coursewire.namespaces.collaboration.encoding.rendering import text_of


class Server:
    """A server's copy, which takes what it is sent or does not."""

    def __init__(self) -> None:
        self.doc: Doc[Any] = Doc()

    def open(self, editing: Editing) -> None:
        editing.opened(self.doc.get_update(editing.doc.get_state()), self.doc.get_state())

    @property
    def text(self) -> str:
        return str(self.doc.get("text", type=Text))


def write(editing: Editing, text: str) -> None:
    """Write at the end."""
    shared = editing.doc.get("text", type=Text)
    shared += text


def read(editing: Editing) -> str:
    """Read everything."""
    return str(editing.doc.get("text", type=Text))


@pytest.fixture
def server() -> Server:
    """Make a server with an empty document."""
    return Server()


@pytest.fixture
def editing(server: Server) -> Editing:
    """Open it."""
    editing = Editing()
    server.open(editing)
    return editing


def test_what_is_written_while_an_update_is_on_its_way_goes_together_in_the_next(
    server: Server, editing: Editing
) -> None:
    assert editing.next() is None
    write(editing, "a")
    first = editing.next()
    assert first is not None
    for letter in "bcd":
        write(editing, letter)
    assert editing.next() is None
    server.doc.apply_update(first.update)
    editing.saved(first)
    second = editing.next()
    assert second is not None
    assert (first.sequence, second.sequence) == (1, 2)
    server.doc.apply_update(second.update)
    states = [editing.is_saved]
    editing.saved(second)
    states.append(editing.is_saved)
    assert states == [False, True]
    assert server.text == "abcd"


def test_what_others_write_is_not_sent_back(server: Server, editing: Editing) -> None:
    other = Editing()
    server.open(other)
    write(other, "from elsewhere")
    flight = other.next()
    assert flight is not None
    editing.received(flight.update)
    assert editing.is_saved
    assert editing.next() is None
    assert read(editing) == "from elsewhere"


@pytest.mark.parametrize("arrived", [True, False])
def test_after_a_lost_session_the_server_gets_what_it_lacks(
    server: Server, editing: Editing, *, arrived: bool
) -> None:
    """[DOC11] Whether the update that was on its way has arrived, or not: nothing is missing, nothing doubled."""
    write(editing, "a")
    flight = editing.next()
    assert flight is not None
    if arrived:
        server.doc.apply_update(flight.update)
    editing.lost()
    write(editing, "b")
    assert editing.next() is None  # not before it is open again
    server.open(editing)
    editing.saved(flight)  # an answer that comes too late says nothing
    again = editing.next()
    assert again is not None
    server.doc.apply_update(again.update)
    editing.saved(again)
    assert editing.is_saved
    assert server.text == "ab"


def test_a_refused_update_goes_with_the_next(server: Server, editing: Editing) -> None:
    write(editing, "a")
    flight = editing.next()
    assert flight is not None
    write(editing, "b")
    editing.returned(flight)
    again = editing.next()
    assert again is not None
    server.doc.apply_update(again.update)
    assert server.text == "ab"


def test_opening_with_nothing_unsaved_sends_nothing(server: Server, editing: Editing) -> None:
    write(editing, "a")
    flight = editing.next()
    assert flight is not None
    server.doc.apply_update(flight.update)
    editing.saved(flight)
    editing.lost()
    server.open(editing)
    assert editing.next() is None


def test_bytes_that_are_no_update_are_an_error(editing: Editing) -> None:
    with pytest.raises((ValueError, RuntimeError)):
        editing.received(b"\x01\x01\x01")


def test_what_is_written_while_nothing_is_sent_is_merged(server: Server) -> None:
    """[DOC11] However long that takes: what waits is no more than what was written."""
    editing = Editing()
    for _ in range(1_000):
        write(editing, "word ")
    assert len(editing._written) < GATHERED
    assert len(editing._gathered) == 1
    assert len(editing._gathered[0][0]) < 20 * 1_000
    server.open(editing)
    flight = editing.next()
    assert flight is not None
    server.doc.apply_update(flight.update)
    editing.saved(flight)
    assert editing.is_saved
    assert server.text == "word " * 1_000


@pytest.mark.parametrize("offline", [True, False])
def test_an_update_is_as_large_as_one_may_be(server: Server, *, offline: bool) -> None:
    """More than that goes in several, in order, also when all of it was written offline."""
    editing = Editing()
    if not offline:
        server.open(editing)
    for number in range(12):
        write(editing, f"{number}" * 100_000)
    if offline:
        server.open(editing)
    sizes = []
    while (flight := editing.next()) is not None:
        sizes.append(len(flight.update))
        server.doc.apply_update(flight.update)
        editing.saved(flight)
    assert len(sizes) >= 3
    assert max(sizes) <= MOST_UPDATE
    assert server.text == read(editing)
    assert editing.is_saved


def test_what_changes_nothing_is_not_sent(editing: Editing) -> None:
    with editing.doc.transaction():
        write(editing, "")
    assert editing.is_saved
    assert editing.writes == 0


def test_a_panic_is_an_error_and_an_interrupt_is_none() -> None:
    """pycrdt's PanicException is no Exception: it must not end the client's loop, and an interrupt must."""
    panic = type("PanicException", (BaseException,), {})
    with pytest.raises(RuntimeError), readable():
        raise panic
    with pytest.raises(KeyboardInterrupt), readable():
        raise KeyboardInterrupt


def test_many_small_edits_go_in_several_updates(server: Server, editing: Editing) -> None:
    """The server takes so many structs at once and no more: each edit is one."""
    for _ in range(2 * TOGETHER + 1):
        write(editing, "a")
    counts = []
    while (flight := editing.next()) is not None:
        counts.append(flight.count)
        server.doc.apply_update(flight.update)
        editing.saved(flight)
    assert counts == [TOGETHER, TOGETHER, 1]
    assert server.text == read(editing)


def page(words: str) -> bytes:
    """The first update of a document with one paragraph."""
    doc: Doc[Any] = Doc(client_id=7)
    paragraph = doc.get("default", type=XmlFragment).children.append(XmlElement("paragraph"))
    paragraph.children.append(XmlText(words))
    return doc.get_update()


def goes_of(editing: Editing, update: bytes) -> int:
    """In how many goes others' update comes into a document."""
    goes: list[object] = []
    subscription = editing.doc.observe(goes.append)
    editing.received(update)
    editing.doc.unobserve(subscription)
    return len(goes)


@pytest.mark.parametrize(("length", "goes"), [(LONG, 2), (LONG // 2, 1)])
def test_what_others_delete_in_many_places_of_a_long_text_comes_in_two_goes(length: int, goes: int) -> None:
    """All at once takes with a million characters half a second. And none of it is sent back."""
    editing = Editing()
    update = page("ab" * (length // 2))
    editing.opened(update, b"\x00")
    every_b = b"\x00" + write_deletes([(7, 3 + 2 * at, 4 + 2 * at) for at in range(WORTH_IT)])
    assert goes_of(editing, every_b) == goes
    expected: Doc[Any] = Doc()
    for one in (update, every_b):
        expected.apply_update(one)
    assert editing.doc.get_update() == expected.get_update()
    assert text_of(editing.doc).startswith("a" * (WORTH_IT + 1) + "b")
    assert editing.is_saved


def test_others_edits_that_only_pycrdt_can_read_come_all_the_same() -> None:
    """Another program's elements, in a long text."""
    editing = Editing()
    editing.opened(page("a" * LONG), b"\x00")
    other: Doc[Any] = Doc()
    other.get("text", type=Text).insert(0, "elsewhere " * WORTH_IT)
    assert goes_of(editing, other.get_update()) == 1
    assert read(editing) == "elsewhere " * WORTH_IT


def test_what_is_too_much_at_once_goes_in_halves_and_what_is_written_meanwhile_behind_them(
    server: Server, editing: Editing
) -> None:
    root = editing.doc.get("default", type=XmlFragment)
    for number in range(8):
        root.children.insert(0, XmlElement(f"e{number}"))
    taken: list[int] = []
    while (flight := editing.next()) is not None:
        structs = len(read_update(flight.update).structs)
        if structs > 3:
            assert editing.halved(flight)
            if not taken:
                root.children.append(XmlElement("last"))
            continue
        server.doc.apply_update(flight.update)
        editing.saved(flight)
        taken.append(structs)
    assert editing.is_saved
    assert str(server.doc.get("default", type=XmlFragment)) == str(root)
    assert sum(taken) >= 9
    assert max(taken) <= 3


def test_one_edit_that_is_too_much_has_no_halves(editing: Editing) -> None:
    editing.doc.get("default", type=XmlFragment).children.append(XmlElement("p"))
    flight = editing.next()
    assert flight is not None
    assert not editing.halved(flight)
    editing.returned(flight)
    again = editing.next()
    assert again is not None
    assert again.update == flight.update
    assert not editing.halved(flight)
