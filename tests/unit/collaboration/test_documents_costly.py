"""Edits that are cheap to send and costly to apply or to keep: they count for what they cost, or have a bound."""

from __future__ import annotations

from collections.abc import AsyncIterator
from itertools import count
from typing import Any

import pytest
from pycrdt import Doc, XmlElement, XmlFragment, XmlText
from tests.unit.collaboration.reading_room import ReadingRoom, Writer
from tests.unit.collaboration.yjs import block, deleting, element, head, mark, run, text, update
from tests.unit.realtime.guest import Json
from tests.unit.realtime.house import Clock

from coursewire.errors import Invalid, TooLarge
from coursewire.namespaces.collaboration.encoding import labour, placing
from coursewire.namespaces.collaboration.encoding.known import Known
from coursewire.namespaces.collaboration.encoding.placing import check_profile, note_applied
from coursewire.namespaces.collaboration.encoding.reading import read_update
from coursewire.namespaces.collaboration.encoding.structs import MOST_MARK, Content
from coursewire.namespaces.collaboration.rooms import commands, replica, rooms
from coursewire.namespaces.collaboration.rules import limits
from coursewire.namespaces.collaboration.service import contents
from coursewire.realtime.limits import Rate

BUDGET = 256 * 1024


@pytest.fixture
async def room() -> AsyncIterator[ReadingRoom]:
    room = await ReadingRoom.open(limited=True)
    yield room
    await room.close()


async def test_edits_far_from_their_neighbours_use_up_what_a_session_may_send(
    room: ReadingRoom, monkeypatch: pytest.MonkeyPatch
) -> None:
    """[DOC4] A few kilobytes that make pycrdt walk through a paragraph again and again."""
    budget = 32 * 1024
    monkeypatch.setattr(rooms, "_EDITS", Rate(0.001, budget))
    document_id = await room.document()
    ben = await room.come("ben")
    await ben.open(document_id)
    places = range(3, 53)
    crowd = [text("y", left=(7, 2), right=(7, clock)) for clock in places]
    await ben.send(update(block(7, 0, element(), run(parent=(7, 0)), text("ab", parent=(7, 1)), *crowd)))
    sent, steps = 0, 0
    while steps < budget * limits.STEPS_PER_BYTE:
        raw = update(block(100 + sent, 0, *[text("z", left=(7, 2), right=(7, clock)) for clock in places]))
        assert len(raw) < 1_000
        answer = await ben.guest.answer(ben.say(raw))
        if not answer["ok"]:
            break
        sent += 1
        steps += len(places) * len(places) * sent
    assert answer["error"]["code"] == "rate_limited"
    assert sent >= 5
    ada = await room.come("ada")
    await ada.open(document_id)
    await ada.type("still here ")


async def test_measuring_a_full_document_uses_up_what_a_session_may_send(
    room: ReadingRoom, monkeypatch: pytest.MonkeyPatch
) -> None:
    """[DOC4] Who deletes a word and writes another one has it measured each time: milliseconds of a long one."""
    monkeypatch.setattr(rooms, "_EDITS", Rate(0.001, BUDGET))
    document_id = await room.document()
    ben = await room.come("ben")
    await ben.open(document_id)
    line = text("a" * 5_000, parent=(7, 1))
    await ben.send(update(block(7, 0, element(), run(parent=(7, 0)), line)))
    monkeypatch.setattr(limits, "MOST_DOCUMENT", 5_110)
    times = 0
    answer: Json = {"ok": True}
    while answer["ok"] and times < 100:
        await ben.send(update(deletes=deleting(7, (2 + 40 * times, 40))))
        words = text("b" * 40, left=(7, 5_001) if not times else (8, 40 * times - 1))
        answer = await ben.guest.answer(ben.say(update(block(8, 40 * times, words))))
        times += 1
    assert answer["error"]["code"] == "rate_limited"
    assert 5 < times < 2 * BUDGET // limits.MEASURING_COST


async def test_many_small_deletions_count_for_more_than_their_bytes(
    room: ReadingRoom, monkeypatch: pytest.MonkeyPatch
) -> None:
    """[DOC4] 68 KB of them took 390 ms in a long text."""
    monkeypatch.setattr(rooms, "_EDITS", Rate(0.001, limits.STATE_COST + 12_000))
    document_id = await room.document()
    ben = await room.come("ben")
    await ben.open(document_id)
    line = text("abcdefgh" * 500, parent=(7, 1))
    await ben.send(update(block(7, 0, element(), run(parent=(7, 0)), line)))
    raw = update(deletes=deleting(7, *[(clock, 1) for clock in range(3, 2_003, 2)]))
    assert len(raw) < 5_000
    answer = await ben.guest.answer(ben.say(raw))
    assert answer["error"]["code"] == "rate_limited"


async def test_taking_letters_out_does_not_let_a_document_grow_beyond_all_bounds(
    room: ReadingRoom, monkeypatch: pytest.MonkeyPatch
) -> None:
    """[DOC4] Each leaves 16 bytes: 1.9 MB became 4.7 MB, which fits into no outbox. Larger parts always go."""
    monkeypatch.setattr(rooms, "_EDITS", Rate(0.001, 64 * BUDGET))
    document_id = await room.document()
    ben = await room.come("ben")
    await ben.open(document_id)
    line = text("a" * 5_000, parent=(7, 1))
    await ben.send(update(block(7, 0, element(), run(parent=(7, 0)), line)))
    monkeypatch.setattr(limits, "MOST_IN_PIECES", 20_000)
    clock, answer = 3, Json(ok=True)
    while answer["ok"] and clock < 4_600:
        raw = update(deletes=deleting(7, *[(place, 1) for place in range(clock, clock + 200, 2)]))
        answer = await ben.guest.answer(ben.say(raw))
        clock += 200
    assert (answer["error"]["code"], answer["error"]["field"]) == ("too_large", "update")
    size = len((await (await room.come("ada")).open(document_id))["update"])
    assert 10_000 < size <= 20_000
    monkeypatch.setattr(limits, "MOST_IN_PIECES", size)
    await ben.send_refused(update(deletes=deleting(7, (4_990, 1))))
    await ben.send(update(deletes=deleting(7, (4, 4_000))))
    await ben.send(update(deletes=deleting(7, (4_990, 1))))


async def test_opening_again_and_again_uses_up_what_a_session_may_send(
    room: ReadingRoom, monkeypatch: pytest.MonkeyPatch
) -> None:
    """[DOC4] As comparing states does: each is answered with the whole document, in whatever tab, of whichever."""
    monkeypatch.setattr(rooms, "_EDITS", Rate(0.001, BUDGET))
    documents = [await room.document() for _ in range(2)]
    tabs = [await room.come("ben") for _ in range(2)]
    ada = await room.come("ada")
    await ada.open(documents[0])
    most = BUDGET // limits.STATE_COST
    for turn in range(most - 1):  # the state vectors count as well
        await tabs[turn % 2].open(documents[turn % 3 % 2])
    error = await tabs[most % 2].open_refused(documents[0])
    assert (error["code"], error["retryable"]) == ("rate_limited", True)
    await ada.open(documents[1])
    await ada.type("still here ")


async def both(room: ReadingRoom) -> tuple[Writer, Writer]:
    """Let Ada and Ben open the same document."""
    document_id = await room.document()
    ada, ben = await room.come("ada"), await room.come("ben")
    await ada.open(document_id)
    await ben.open(document_id)
    return ada, ben


async def test_who_sends_what_takes_very_long_rests_for_many_times_as_long(
    room: ReadingRoom, monkeypatch: pytest.MonkeyPatch
) -> None:
    """[DOC4] Of whatever kind it is, also when it is refused: 18,000 cuts before 200,000 blocks took 6 s."""
    ada, ben = await both(room)
    spent = iter([0.0, 0.2, 10.0, 12.0, 20.0, 20.0])
    monkeypatch.setattr(commands, "thread_time", lambda: next(spent))
    await ben.type("in time ")
    assert (await ben.send_refused(b"nonsense"))["code"] == "invalid"
    error = await ben.send_refused(ben.edit("too soon "))
    assert error["code"] == "rate_limited"
    assert 30_000 < error["retry_after_ms"] <= 2_000 / limits.SHARE + 1
    await ada.type("meanwhile ")


async def test_edits_take_their_share_of_a_processor_in_the_long_run(
    room: ReadingRoom, monkeypatch: pytest.MonkeyPatch
) -> None:
    """[DOC4] Each is below what may be taken at once; all of them together are not."""
    ada, ben = await both(room)
    clock = Clock(room.house, runs=True)
    reads = count()
    # Long enough that the time that the test itself takes does not matter.
    monkeypatch.setattr(commands, "thread_time", lambda: next(reads) * 90.0)
    monkeypatch.setattr(limits, "ON_CREDIT_S", 4_000.0)
    for _ in range(3):
        await ben.type("long ")
    edit = ben.edit("one more ")
    error = await ben.send_refused(edit)
    assert error["code"] == "rate_limited"
    # 3 x 90 s are 5,400 s of a twentieth, of which 4,000 may be owed.
    assert 1_300_000 < error["retry_after_ms"] <= 1_400_001
    await ada.type("meanwhile ")
    await clock.advance(1_401)
    await ben.send(edit)
    assert (await ben.send_refused(ben.edit("again ")))["code"] == "rate_limited"
    await clock.advance(60_000)
    room.rooms.let_go(0.0)
    assert room.rooms.paid == {}


async def test_a_document_that_takes_too_long_to_load_takes_in_nothing_more(
    room: ReadingRoom, monkeypatch: pytest.MonkeyPatch
) -> None:
    """[DOC4] What walks past others when it is put in does so at each load: 280 KB took 18 s, of two readers one."""
    ada, ben = await both(room)
    ticks = count()
    monkeypatch.setattr(replica, "thread_time", lambda: next(ticks) * limits.MOST_LOADING_S * 0.6)
    await ben.type("one ")
    await ben.type("two ")
    error = await ada.send_refused(ada.edit("three "))
    assert (error["code"], error["field"], error["retryable"]) == ("too_large", "update", False)
    await ben.send(update(deletes=deleting(ben.doc.client_id, (2, 4))))
    monkeypatch.setattr(contents, "thread_time", lambda: next(ticks) * limits.MOST_LOADING_S * 1.2)

    async def again() -> Writer:
        """Load it once more, and let Cleo write in it."""
        loaded = room.rooms.find(ben.document_id)
        assert loaded is not None
        loaded.drop("for a test")
        cleo = await room.come("cleo")
        await cleo.open(ben.document_id)
        return cleo

    cleo = await again()
    assert (await cleo.send_refused(cleo.edit("three ")))["code"] == "too_large"  # of its edits
    assert await room.rooms.compacting.compact(ben.document_id)  # which says it exactly
    cleo.doc = Doc()
    await cleo.open(ben.document_id)
    await cleo.type("three ")
    assert await room.rooms.compacting.compact(ben.document_id)
    cleo = await again()
    assert (await cleo.send_refused(cleo.edit("four ")))["code"] == "too_large"  # of its snapshot
    monkeypatch.undo()
    await room.forget_past(ben.document_id)
    anew = await room.come("ada")
    await anew.open(ben.document_id)
    await anew.type("five ")


async def test_usual_edits_do_not_add_up_to_a_load_that_takes_long(
    room: ReadingRoom, monkeypatch: pytest.MonkeyPatch
) -> None:
    """[DOC4] However many there are before the next snapshot: loading that takes a fraction of it."""
    ben = (await both(room))[1]
    ticks = count()
    monkeypatch.setattr(replica, "thread_time", lambda: next(ticks) * limits.NOTED_S * 0.9)
    monkeypatch.setattr(limits, "MOST_LOADING_S", limits.NOTED_S)
    for _ in range(3):
        await ben.type("usual ")


LINE = update(block(7, 0, element(), run(parent=(7, 0)), text("x", parent=(7, 1))))


def take(known: Known, raw: bytes) -> None:
    read = read_update(raw)
    check_profile(read, known)
    note_applied(read, known)


def long_line(size: int) -> Known:
    known = Known()
    take(known, update(block(7, 0, element(), run(parent=(7, 0)), text("x" * size, parent=(7, 1)))))
    return known


def steps(known: Known, raw: bytes) -> int:
    read = read_update(raw)
    check_profile(read, known)
    assert read.placed is not None
    return read.placed.steps


def between(client: int, *places: int) -> bytes:
    return update(block(client, 0, *[text("y", left=(7, place), right=(7, place + 1)) for place in places]))


def test_cutting_a_long_text_counts() -> None:
    """[DOC4] 18,000 places of a million characters, the last one first, took 5.7 s, and came as 200 KB."""
    known = long_line(100_000)
    assert steps(known, update(block(8, 0, text("y", left=(7, 100_001))))) < 10
    one = steps(known, between(8, 50_000))
    assert one > 150
    assert steps(known, update(deletes=deleting(7, (50_001, 1)))) >= one
    assert steps(known, update(block(8, 0, text("y", left=(7, 2), right=(7, 50_001))))) >= one
    backwards, forwards = between(8, *range(99_000, 3, -1_000)), between(8, *range(1_000, 100_000, 1_000))
    assert steps(known, backwards) > 40 * one
    assert steps(known, forwards) < 10 * one
    # What comes with the update is cut as well.
    whole = text("x" * 100_000, left=(7, 2))
    assert steps(known, update(block(8, 0, whole), block(9, 0, text("y", left=(8, 50_000))))) >= one


def test_too_many_places_of_a_long_text_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """[DOC4] What two passes over it would take no editor sends at once."""
    monkeypatch.setattr(labour, "MOST_STEPS", 400)
    known = long_line(100_000)
    assert steps(known, between(8, 50_000)) < 400
    with pytest.raises(TooLarge, match="too many places"):
        steps(known, between(8, *range(99_000, 90_000, -1_000)))


async def test_deleting_in_many_places_before_many_blocks_is_refused_once(
    room: ReadingRoom, monkeypatch: pytest.MonkeyPatch
) -> None:
    """[DOC4] In several updates it is taken, and all of them again: a difference of states repeats them."""
    monkeypatch.setattr(labour, "MOST_MOVED", 1_300)
    document_id = await room.document()
    ben = await room.come("ben")
    await ben.open(document_id)
    line = [element(), run(parent=(7, 0)), text("x" * 100, parent=(7, 1))]
    await ben.send(update(block(7, 0, *line)))
    firsts = [(7, 2), *[(7, clock) for clock in range(102, 151)]]
    await ben.send(update(block(7, 102, *[text("y", right=first) for first in firsts])))
    places = [(clock, 1) for clock in range(3, 83, 2)]
    whole = update(deletes=deleting(7, *places))
    error = await ben.send_refused(whole)
    assert (error["code"], error["field"]) == ("too_large", "update")
    for part in (places[:15], places[15:30], places[30:]):
        await ben.send(update(deletes=deleting(7, *part)))
    await ben.send(whole)
    await ben.send_refused(update(deletes=deleting(7, *[(clock, 2) for clock, _ in places])))


def test_blocks_behind_a_cut_count() -> None:
    """[DOC4] All of a client that are behind it are moved."""
    known = long_line(1_000)
    before = steps(known, between(8, 500))
    firsts = [(7, 2), *[(7, clock) for clock in range(1_002, 2_001)]]
    take(known, update(block(7, 1_002, *[text("y", right=first) for first in firsts])))
    assert steps(known, between(8, 500)) > before + 5


def value(element_of: tuple[int, int], *, left: tuple[int, int] | None = None) -> bytes:
    """A value of the attribute `level`, behind another one or none."""
    says = b"\x01\x77\x01a"
    if left is not None:
        return head(8, left=left) + says
    named = head(8, parent=element_of)
    return bytes([named[0] | 0x20]) + named[1:] + b"\x05level" + says


def test_the_values_that_an_attribute_had_count() -> None:
    """[DOC4] 1,000 that stand behind none took 27 s where two had written 100,000 by turns. Also after a reload."""
    known = Known()
    take(known, update(block(7, 0, element())))
    lefts: list[tuple[int, int] | None] = [None, *[(8 + turn % 2, turn // 2) for turn in range(999)]]
    values = [value((7, 0), left=left) for left in lefts]
    take(known, update(block(8, 0, *values[::2]), block(9, 0, *values[1::2])))
    one = steps(known, update(block(10, 0, value((7, 0)))))
    assert one >= 1_000 * labour.OF_ATTRIBUTE
    assert steps(known, update(block(10, 0, *[value((7, 0))] * 5))) > 5 * one
    assert steps(Known.unpack(known.pack()), update(block(10, 0, value((7, 0))))) == one


def test_what_others_put_between_two_neighbours_counts() -> None:
    """[DOC4] 100,000 letters of two by turns cost whoever wrote "between neighbours" 18 ms each."""
    known = long_line(2)
    lefts = [(7, 2), *[(8 + turn % 2, turn // 2) for turn in range(999)]]
    letters = [text("x", left=left, right=(7, 3)) for left in lefts]
    take(known, update(block(8, 0, *letters[::2]), block(9, 0, *letters[1::2])))
    late = text("z", left=(7, 2), right=(7, 3))
    one = steps(known, update(block(10, 0, late)))
    assert one >= 1_000
    assert steps(known, update(block(10, 0, *[late] * 5))) >= 5 * one
    on = [text("z", left=(10, clock), right=(7, 3)) for clock in range(4)]
    assert steps(known, update(block(10, 0, late, *on))) == one


def test_what_is_collected_counts_for_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """[DOC4] An old document, brought here whole by a program, has 1,500 paragraphs that were deleted one by one."""
    monkeypatch.setattr(labour, "MOST_STEPS", 200)
    doc: Doc[Any] = Doc()
    lines = doc.get("default", type=XmlFragment).children
    for number in range(60):
        lines.append(XmlElement("paragraph", None, [XmlText(f"line {number}")]))
    for number in range(58, 0, -2):
        del lines[number]
    whole = doc.get_update()
    collected = [one for one in read_update(whole).structs if one.content == Content.COLLECTED]
    assert len(collected) > 25
    known = Known()
    take(known, whole)
    late = text("late", left=(collected[0].client, collected[0].clock))
    assert steps(known, update(block(9, 0, *[late] * 30))) == 0


def marks(first: int, count: int, kinds: int) -> bytes:
    """Marks behind one another, each another one than the one before it."""
    behind = [(7, 2), *[(8, clock) for clock in range(first, first + count)]]
    if first:
        behind[0] = (8, first - 1)
    names = [f"mark{index % kinds}" for index in range(count)]
    written = [mark(name, b"1", left=left) for name, left in zip(names, behind, strict=False)]
    return update(block(8, first, *written))


def test_marks_have_a_bound_by_kinds_and_number(monkeypatch: pytest.MonkeyPatch) -> None:
    """[DOC4] Each piece of text is read with all that mark it: 38 KB of them took 187 MB. Also after a reload."""
    monkeypatch.setattr(placing, "MOST_MARKED", 1_000)
    known = Known()
    take(known, LINE)
    with pytest.raises(TooLarge, match="too many kinds"):
        take(known, marks(0, 40, kinds=40))
    take(known, marks(0, 80, kinds=10))
    known = Known.unpack(known.pack())
    with pytest.raises(TooLarge, match="too many kinds"):
        take(known, marks(80, 30, kinds=10))
    take(known, marks(80, 20, kinds=10))
    take(known, update(block(9, 0, text("y", left=(7, 2)))))


def test_what_a_mark_says_has_a_bound() -> None:
    """[DOC4] Each piece of text within a link of 100 KB is read with 100 KB of its own."""
    known = Known()
    take(known, LINE)
    for size in (MOST_MARK, MOST_MARK + 1):
        link = b'{"href":"' + b"h" * (size - 11) + b'"}'
        raw = update(block(8, 0, mark("link", link, left=(7, 2))))
        if size <= MOST_MARK:
            take(known, raw)
        else:
            with pytest.raises(Invalid, match="at most"):
                take(known, raw)


@pytest.mark.parametrize(
    ("says", "size", "often"), [("\U0001f600" * 100, 200, 5), ("x", 1, 497)], ids=["faces", "letters"]
)
def test_a_document_that_is_written_and_deleted_has_a_bound(
    says: str, size: int, often: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """[DOC4] It stays small, and what is known of it grows. Deleting is always taken."""
    monkeypatch.setattr(placing, "MOST_KEPT", 500)
    known = Known()
    take(known, LINE)

    def again(time: int) -> bytes:
        clock = time * size
        return update(block(8, clock, text(says, left=(7, 2))), deletes=deleting(8, (clock, size)))

    for time in range(often):
        take(known, again(time))
        known = Known.unpack(known.pack())
    with pytest.raises(TooLarge):
        take(known, again(often))
    take(known, update(deletes=deleting(7, (2, 1))))
