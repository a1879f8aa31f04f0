"""Updates are read whole or not at all, for a bounded number of steps; what they lack is told exactly."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from random import Random
from typing import Any

import pytest
from pycrdt import Doc
from tests.property.yjs_nonsense import clocks_of, edit, root_of, updates_of
from tests.unit.collaboration.yjs import block, deleting, element, head, run, text, unit, update

from coursewire.errors import Invalid, TooLarge
from coursewire.namespaces.collaboration.encoding import reading
from coursewire.namespaces.collaboration.encoding.known import Known
from coursewire.namespaces.collaboration.encoding.lib0 import Source, write_number, write_raw
from coursewire.namespaces.collaboration.encoding.placing import check_profile, note_applied, place
from coursewire.namespaces.collaboration.encoding.reading import missing, read_update
from coursewire.namespaces.collaboration.encoding.rendering import text_of
from coursewire.namespaces.collaboration.encoding.structs import Id, Struct

LINE = update(block(7, 0, element(), run(parent=(7, 0)), text("a😀b", parent=(7, 1))))
"""A paragraph: its element is unit 0, its run of text 1, and `a😀b` 2 to 5; 4 is the second half of the face."""


def known(*updates: bytes) -> Known:
    so_far = Known()
    for raw in updates:
        note_applied(read_update(raw), so_far)
    return so_far


def edited(seed: int, count: int) -> tuple[Doc[Any], list[bytes]]:
    rng = Random(seed)  # noqa: S311 - a life that can be repeated
    doc: Doc[Any] = Doc()
    root_of(doc)
    heard = updates_of(doc)
    while len(heard) < count:
        edit(rng, doc)
    return doc, heard


def test_an_update_is_read_whole() -> None:
    read = read_update(LINE)
    assert [(struct.clock, struct.size, struct.text) for struct in read.structs] == [
        (0, 1, "paragraph"),
        (1, 1, ""),
        (2, 4, "a😀b"),
    ]
    assert read.halves == {(7, 4)}
    assert read.blocks[7][:2] == (0, 6)


REFUSED = {
    "nothing": b"",
    "cut short": LINE[:-1],
    "something behind it": LINE + b"\x00",
    "more clients than bytes": b"\xff\xff\x03" + LINE[1:],
    "more structs than bytes": b"\x01\xff\xff\x03\x07\x00",
    "a number without end": b"\x01" + b"\xff" * 12,
    "a number of 54 bits": b"\x01\x01" + write_number(2**53) + b"\x00\x00\x01\x00",
    "a clock of 32 bits": update(block(7, 2**31 - 1, text("a"))),
    "a client twice": update(block(7, 0, text("a")), block(7, 1, text("b"))),
    "no structs": update(block(7, 0)),
    "no text": update(block(7, 0, text(""))),
    "nothing deleted": update(block(7, 0, head(1) + b"\x00")),
    "another root": update(block(7, 0, text("a", parent="other"))),
    "a parent of no kind": update(block(7, 0, b"\x04\x02\x01a")),
    "an object of JSON": update(block(7, 0, head(2) + b"\x01" + write_raw(b"{}"))),
    "bytes": update(block(7, 0, head(3) + write_raw(b"abc"))),
    "something embedded": update(block(7, 0, head(5) + write_raw(b"{}"))),
    "a subdocument": update(block(7, 0, head(9) + write_raw(b"guid") + b"\x7f")),
    "a hole": update(block(7, 0, b"\x0a\x05")),
    "something collected that has a neighbour": update(block(7, 0, b"\x40\x05")),
    "something collected that has a key": update(block(7, 0, b"\x20\x05")),
    "a map": update(block(7, 0, head(7) + b"\x01")),
    "an attribute that is an element": update(
        block(7, 0, b"\x27\x01" + write_raw(b"default") + write_raw(b"level") + b"\x06")
    ),
    "a name without end": update(block(7, 0, element("x" * 65))),
    "no UTF-8": update(block(7, 0, head(4) + write_raw(b"\xff\xfe"))),
    "a mark that is no JSON": update(block(7, 0, head(6) + write_raw(b"bold") + write_raw(b"{'a'}"))),
    "a mark that is too deep": update(
        block(7, 0, head(6) + write_raw(b"bold") + write_raw(b"[" * 20 + b"]" * 20))
    ),
    "a value that is too deep": update(block(7, 0, head(8) + b"\x01" + b"\x75\x01" * 20 + b"\x7f")),
    "a value of no kind": update(block(7, 0, head(8) + b"\x01\x05")),
    "a list that counts more than it holds": update(block(7, 0, head(8) + b"\x01\x75\xff\xff\x03")),
    "beside what comes after it": update(block(7, 0, text("a", left=(7, 1)), text("b"))),
    "beside itself": update(block(7, 0, text("a", left=(7, 0)))),
    "deleted twice": update(deletes=deleting(7, (0, 3), (2, 2))),
    "deleted out of order": update(deletes=deleting(7, (5, 1), (0, 1))),
    "a deletion of nothing": update(deletes=deleting(7, (0, 0))),
    "deletions of a client twice": update(deletes=b"\x02\x07\x01\x00\x01\x07\x01\x00\x01"),
}


@pytest.mark.parametrize("raw", REFUSED.values(), ids=REFUSED.keys())
def test_what_is_no_update_is_refused_with_its_field(raw: bytes) -> None:
    with pytest.raises(Invalid) as refused:
        read_update(raw)
    assert refused.value.field == "update"


def test_an_update_has_a_bounded_number_of_structs_and_clients() -> None:
    three = update(block(7, 0, *[text("a")] * 3))
    assert read_update(three, most_structs=3).structs
    with pytest.raises(TooLarge, match="several updates: it has more than 2 structs"):
        read_update(three, most_structs=2)
    with pytest.raises(TooLarge, match="more than 1 clients"):
        read_update(update(block(7, 0, text("a")), block(8, 0, text("a"))), most_clients=1)
    with pytest.raises(TooLarge, match="more than 3 ranges") as refused:
        read_update(update(deletes=deleting(7, *[(2 * number, 1) for number in range(4)])), most_structs=3)
    assert refused.value.field == "update"


class Counting(Source):
    """Counts what is read."""

    steps = 0

    def byte(self) -> int:
        Counting.steps += 1
        return super().byte()

    def number(self) -> int:
        Counting.steps += 1
        return super().number()

    def take(self, size: int) -> bytes:
        Counting.steps += 1
        return super().take(size)


def test_reading_costs_no_more_than_there_are_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ten thousand mutants: bytes changed, put in, taken out, numbers blown up."""
    monkeypatch.setattr(reading, "Source", Counting)
    rng = Random(5)  # noqa: S311 - the same mutants each time
    _doc, seeds = edited(3, 40)
    refused = 0
    for _ in range(10_000):
        raw = bytearray(rng.choice(seeds))
        for _ in range(rng.randrange(1, 4)):
            at = rng.randrange(len(raw))
            raw[at : at + rng.randrange(3)] = rng.choice(
                (b"", bytes([rng.randrange(256)]), b"\xff\xff\xff\xff\x0f", b"\x80" * 6, b"\x00")
            )
        Counting.steps = 0
        try:
            read_update(bytes(raw))
        except Invalid as error:
            refused += error.field == "update"
        assert Counting.steps <= 3 * len(raw) + 3
    assert refused > 5_000


def test_an_update_in_order_lacks_nothing_and_one_left_out_is_told_exactly() -> None:
    doc, updates = edited(4, 60)
    clocks: dict[int, int] = {}
    for raw in updates:
        read = read_update(raw)
        assert missing(read, clocks) is None
        clocks |= {client: block.end for client, block in read.blocks.items()}
    assert clocks == clocks_of(doc)
    for index, left_out in enumerate(updates[:-1]):
        clocks = {}
        for raw in updates[:index]:
            clocks |= {client: block.end for client, block in read_update(raw).blocks.items()}
        if read_update(left_out).blocks:
            following = next(raw for raw in updates[index + 1 :] if read_update(raw).blocks)
            assert missing(read_update(following), clocks) is not None


@pytest.mark.parametrize(
    "raw",
    [
        update(block(7, 1, text("a"))),
        update(block(7, 0, text("a", left=(8, 0)))),
        update(block(7, 0, text("a", right=(8, 0)))),
        update(block(7, 0, text("a", parent=(8, 0)))),
        update(block(7, 0, text("a", left=(8, 1))), block(8, 0, text("b"))),
        update(deletes=deleting(7, (0, 1))),
        update(block(7, 0, text("a")), deletes=deleting(7, (0, 2))),
    ],
)
def test_what_an_update_needs_is_missing(raw: bytes) -> None:
    assert missing(read_update(raw), {}) is not None


def test_a_caller_that_holds_part_of_an_update_lacks_nothing() -> None:
    assert missing(read_update(LINE), {7: 3}) is None
    assert missing(read_update(LINE), {7: 99}) is None


VALUE = b"\x01\x7e"
"""One value: null."""

NONSENSE = {
    "text in the document itself": text("x"),
    "text in an element": text("x", parent=(7, 0)),
    "an element in a run of text": element(parent=(7, 1)),
    "a value in a run of text": head(8, parent=(7, 1)) + VALUE,
    "a value in an element": head(8, parent=(7, 0)) + VALUE,
    "an attribute of the document itself": b"\x28\x01" + write_raw(b"default") + write_raw(b"level") + VALUE,
    "in a text": text("x", parent=(7, 2)),
    "between two elements": text("x", left=(7, 0), right=(7, 2)),
    "behind half a face": text("x", left=(7, 3), right=(7, 4)),
    "in front of half a face": text("x", left=(7, 2), right=(7, 4)),
}


@pytest.mark.parametrize("struct", NONSENSE.values(), ids=NONSENSE.keys())
def test_what_no_editor_of_this_document_writes_is_refused(struct: bytes) -> None:
    room = known(LINE)
    before = room.pack()
    read = read_update(update(block(9, 0, struct)))
    assert missing(read, room.clocks) is None
    with pytest.raises(Invalid) as refused:
        check_profile(read, room)
    assert refused.value.field == "update"
    assert room.pack() == before


def test_what_an_editor_writes_at_the_same_places_is_taken() -> None:
    for struct in (
        b"\x28\x00" + unit((7, 0)) + write_raw(b"level") + VALUE,
        element(),
        text("x", parent=(7, 1)),
        text("x", left=(7, 2), right=(7, 3)),
        text("x", left=(7, 5)),
        text("x", right=(7, 2)),
        element(left=(7, 0)),
    ):
        check_profile(read_update(update(block(9, 0, struct))), known(LINE))


@pytest.mark.parametrize("span", [(3, 1), (4, 1), (2, 2), (4, 2)])
def test_a_deletion_that_cuts_a_character_is_refused(span: tuple[int, int]) -> None:
    with pytest.raises(Invalid, match="cut in two"):
        check_profile(read_update(update(deletes=deleting(7, span))), known(LINE))


def test_a_deletion_of_a_whole_character_is_taken() -> None:
    check_profile(read_update(update(deletes=deleting(7, (3, 2)))), known(LINE))


def test_a_repeat_whose_known_part_ends_in_a_character_is_refused() -> None:
    room = known(update(block(7, 0, element(), run(parent=(7, 0)), text("ab", parent=(7, 1)))))
    with pytest.raises(Invalid, match="cut in two"):
        check_profile(read_update(LINE), room)


def test_a_repeat_with_another_content_makes_no_element() -> None:
    """Who sends unit 2 again as an element gets no children into what is a text."""
    room = known(LINE)
    again = update(block(7, 2, element(left=(7, 0))), block(9, 0, text("x", parent=(7, 2))))
    with pytest.raises(Invalid):
        check_profile(read_update(again), room)
    alone = read_update(update(block(7, 2, element(left=(7, 0)))))
    check_profile(alone, room)
    note_applied(alone, room)
    assert (7, 2) not in room.depths


def test_a_repeat_goes_on_with_what_belongs_there() -> None:
    """Elements one behind the other, sent again as a text that is longer: editors stop at text in no element."""
    room = known(update(block(7, 0, element(), element(left=(7, 0)), element(left=(7, 1)))))
    for again in (text("abcd", left=(7, 0)), head(8, left=(7, 0)) + b"\x04" + b"\x7e" * 4):
        with pytest.raises(Invalid, match="does not belong there"):
            check_profile(read_update(update(block(7, 1, again))), room)


def test_structs_that_wait_in_a_long_row_cost_no_more_than_there_are_of_them() -> None:
    """Each of eight hundred waits for the next; the last two for one another, struct by struct."""
    row, many = 800, 2_000
    line = update(block(7, 0, element(), run(parent=(7, 0)), text("x", parent=(7, 1))))
    waiting = [block(client, 0, text("a", left=(client + 1, 0))) for client in range(10, 9 + row)]
    waiting[-1] = block(8 + row, 0, text("a", left=(9 + row, many - 1)))
    turns = block(9 + row, 0, *[text("a", left=(10 + row, clock)) for clock in range(many)])
    first = block(
        10 + row, 0, text("b", left=(7, 2)), *[text("b", left=(10 + row, n)) for n in range(many - 1)]
    )
    read, room = read_update(update(*waiting, turns, first)), known(line)
    calls = 0

    def count(_frame: object, event: str, _arg: object) -> None:
        nonlocal calls
        calls += event == "call"

    sys.setprofile(count)
    try:
        place(read, room)
    finally:
        sys.setprofile(None)
    assert calls < 30 * len(read.structs)


def test_structs_that_wait_for_one_another_are_refused() -> None:
    """pycrdt keeps them pending, and says nothing."""
    circle = update(block(8, 0, text("a", left=(9, 0))), block(9, 0, text("b", left=(8, 0))))
    assert missing(read_update(circle), {}) is None
    with pytest.raises(Invalid, match="wait for one another"):
        check_profile(read_update(circle), Known())


def test_two_clients_may_stand_beside_one_another_in_turn() -> None:
    both = update(
        block(8, 0, element(), run(parent=(8, 0)), text("a", parent=(8, 1)), text("c", left=(9, 0))),
        block(9, 0, text("b", left=(8, 2)), text("d", left=(8, 3))),
    )
    read = read_update(both)
    check_profile(read, Known())
    assert read.placed is not None
    assert [read.structs[index].text for index in read.placed.order] == ["paragraph", "", "a", "b", "c", "d"]


def test_elements_in_one_another_have_a_bound() -> None:
    """Deleting a hundred thousand of them ends the process: yrs calls itself for each."""

    def nested(count: int) -> bytes:
        inner = [element(parent=(7, clock)) for clock in range(count - 1)]
        return update(block(7, 0, element(), *inner))

    room = known(nested(60))
    check_profile(read_update(nested(100)), Known())
    with pytest.raises(Invalid, match="in one another"):
        check_profile(read_update(nested(101)), Known())
    with pytest.raises(Invalid, match="in one another"):
        check_profile(
            read_update(
                update(block(8, 0, element(parent=(7, 59)), *[element(parent=(8, n)) for n in range(40)]))
            ),
            room,
        )


def test_places_far_from_one_another_have_a_bound() -> None:
    """Three thousand of these kept pycrdt busy for 0.3 s, and twice as many take four times as long."""
    size = 3_000
    line = update(block(7, 0, element(), run(parent=(7, 0)), text("x" * 2, parent=(7, 1))))
    others = [text("y", left=(7, 2), right=(7, 3))]
    others += [text("y", left=(7, 2), right=(8, clock)) for clock in range(size)]
    room = known(line, update(block(8, 0, *others)))
    spread = [text("z", left=(7, 2), right=(8, clock)) for clock in range(size)]
    with pytest.raises(TooLarge, match="too many places"):
        check_profile(read_update(update(block(9, 0, *spread))), room)


def test_what_goes_too_far_is_not_placed_any_further() -> None:
    """Half a document's worth of hostile structs must not be looked at when the first ten are too many."""
    line = update(block(7, 0, element(), run(parent=(7, 0)), text("x" * 2, parent=(7, 1))))
    read, seen = read_update(update(block(8, 0, *[text("y", left=(7, 2)) for _ in range(100)]))), 0

    def put(_struct: Struct, _home: Id) -> None:
        nonlocal seen
        seen += 1
        if seen == 10:
            raise TooLarge("it goes too far", field="update")

    with pytest.raises(TooLarge, match="too far"):
        place(read, known(line), put)
    assert seen == 10


def test_what_has_to_be_walked_past_is_counted() -> None:
    """As much as the element holds, where others may have come between two neighbours, or there is something behind."""
    room = known(
        update(block(7, 0, element(), run(parent=(7, 0)), text("abcd", parent=(7, 1)))),
        *[update(block(8, clock, text("y", right=(7, 2)))) for clock in range(10)],
        update(block(10, 0, text("y", left=(7, 3), right=(7, 4)))),
    )
    steps = []
    for written in (
        [text("x", left=(7, 2), right=(7, 3))],
        [text("x", left=(7, 3), right=(7, 4))],
        [text("x", left=(7, 2))],
        [text("x", left=(7, 5))],
        [text("x", left=(10, 0), right=(7, 5))],
        [text("x", left=(7, 3)), text("x", left=(9, 0)), text("x", left=(9, 1))],
        [text("x", left=(7, 3), right=(7, 4)), text("x", left=(7, 3), right=(9, 0))],
        [text("x", right=(7, 3)), text("x", left=(7, 2), right=(7, 3))],
        [text("x", right=(7, 2)), text("x", left=(7, 5))],
        [text("x", right=(8, 0))],
        [text("x", right=(8, 9))],
    ):
        read = read_update(update(block(9, 0, *written)))
        check_profile(read, room)
        assert read.placed is not None
        steps.append(read.placed.steps)
    # Of the line two pieces, ten in front of it, one within.
    most = 1 + 13
    assert steps == [0, most, most, 0, 0, most, most + most + 1, most, most, most, most]


def test_what_is_typed_on_and_on_is_no_matter_how_long() -> None:
    room = known(LINE)
    size = 15_000
    typed = [text("x", left=(7, 5)), *[text("x", left=(9, clock)) for clock in range(size)]]
    check_profile(read_update(update(block(9, 0, *typed))), room)
    backwards = [text("x", right=(7, 2)), *[text("x", right=(9, clock)) for clock in range(size)]]
    check_profile(read_update(update(block(9, 0, *backwards))), room)


def test_known_is_packed_and_unpacked() -> None:
    doc, updates = edited(6, 80)
    room = known(*updates)
    assert Known.unpack(room.pack()).pack() == room.pack()
    assert room.clocks == clocks_of(doc)
    for broken in (b"", b"\x02", room.pack()[:-1], room.pack() + b"\x00"):
        with pytest.raises(Invalid) as refused:
            Known.unpack(broken)
        assert refused.value.field == "known"


def test_a_unit_is_two_numbers() -> None:
    assert unit((300, 1)) == b"\xac\x02\x01"


@pytest.mark.parametrize("recorded", json.loads(Path(__file__).with_name("undo.json").read_text()))
def test_what_yjs_writes_when_it_undoes_is_taken(recorded: dict[str, Any]) -> None:
    """Recorded from its UndoManager: it puts units behind and before one and the same, or between two in reverse."""
    room, doc = Known(), Doc[Any]()
    for written in recorded["updates"]:
        raw = bytes.fromhex(written)
        read = read_update(raw)
        assert missing(read, room.clocks) is None
        check_profile(read, room)
        doc.apply_update(raw)
        note_applied(read, room)
    assert text_of(doc) == recorded["text"]
