"""Pointers and counts: forward only, the server's count always."""

from __future__ import annotations

import orjson
import pytest
from pydantic import ValidationError
from tests.unit.chat.classroom import COURSE, LEARNER, Classroom

from coursewire.bus.port import DeriveWanted, Unlogged
from coursewire.errors import NotFound
from coursewire.namespaces.chat import rules, service
from coursewire.namespaces.chat.contract import (
    JoinRoom,
    LeaveRoom,
    MarkReceipt,
    Readers,
    ReadReceipts,
    ReceiptChanged,
    UnreadChanged,
    UpdateRoom,
)


def test_reading_implies_delivery_and_pointers_only_move_forward(room: Classroom) -> None:
    opened = room.open("ada")
    first, second, third = (room.send("ada", opened.id) for _ in range(3))
    answer = room.mark("ben", opened.id, read=second.id)
    assert (answer.receipt.read_number, answer.receipt.delivered_number) == (2, 2)
    assert answer.receipt.read_to == answer.receipt.delivered_to == second.id
    assert (answer.unread.unread, answer.unread.total) == (1, 1)
    answer = room.mark("ben", opened.id, delivered=third.id)
    assert (answer.receipt.read_number, answer.receipt.delivered_number) == (2, 3)
    room.effects.clear()
    answer = room.mark("ben", opened.id, read=first.id, delivered=first.id)
    assert (answer.receipt.read_to, answer.receipt.delivered_to) == (second.id, third.id)
    assert room.effects == []  # an earlier message changes nothing, and nothing is told


def test_small_rooms_are_told_by_name_and_large_ones_are_not(room: Classroom) -> None:
    small = room.open("ada", "group", member_ids=["ben"])
    message = room.send("ada", small.id)
    room.effects.clear()
    room.mark("ben", small.id, read=message.id)
    told = [effect for effect in room.effects if isinstance(effect, Unlogged)]
    assert [(effect.channel, effect.event, effect.key) for effect in told] == [
        (f"room:{small.id}", "receipt.changed", "ben")
    ]
    assert orjson.loads(told[0].data)["read_to"] == message.id
    assert {
        event.data.user_id: event.data.read_number
        for event in room.do(service.latest_of_room, small.id)
        if isinstance(event, ReceiptChanged)
    } == {"ada": 1, "ben": 1}

    room.enrol(COURSE, {f"u{number}": LEARNER for number in range(rules.NAMED_RECEIPTS_UP_TO)})
    large = room.open("ada")
    message = room.send("ada", large.id)
    room.effects.clear()
    room.mark("ben", large.id, read=message.id)
    assert room.effects == [DeriveWanted("/chat", "unread", large.id, ("ben",))]
    assert list(room.do(service.latest_of_room, large.id)) == []


def test_speaking_is_reading_and_is_told(room: Classroom) -> None:
    opened = room.open("ada")
    room.send("ada", opened.id)
    answer = room.send("ben", opened.id)
    assert room.rooms("ben")[opened.id].unread == 0
    assert room.rooms("ben")[opened.id].read_to == answer.id
    told = [orjson.loads(effect.data) for effect in room.effects if isinstance(effect, Unlogged)]
    assert told[-1]["user_id"] == "ben"
    assert told[-1]["read_to"] == answer.id


def test_counts_of_a_room_and_over_all_rooms(room: Classroom) -> None:
    one, two = room.open("ada", title="One"), room.open("ada", title="Two")
    room.send("ada", one.id, mentions=["ben"])
    room.send("ada", one.id)
    gone = room.send("ada", two.id, mentions=["ben"])
    room.send("ada", two.id)
    room.delete("ada", gone.id)
    found = {
        user_id: (event.data.unread, event.data.mentions, event.data.total)
        for user_id, event in room.do(service.unread_of, one.id, ["ada", "ben", "cleo", "stranger"])
        if isinstance(event, UnreadChanged)
    }
    assert found == {"ada": (0, 0, 0), "ben": (2, 1, 3), "cleo": (2, 0, 3)}


def test_who_only_looks_in_moves_nothing(room: Classroom) -> None:
    opened = room.open("ada")
    message = room.send("ada", opened.id)
    room.run("ben", LeaveRoom(room_id=opened.id))
    room.effects.clear()
    for who in (room.caller("ben"), room.caller("root", "administrator"), room.lms):
        answer = room.mark(who, opened.id, read=message.id)
        assert (answer.receipt.read_number, answer.receipt.read_to) == (0, None)
        assert (answer.unread.unread, answer.unread.total) == (0, 0)
    assert room.effects == []


def test_a_message_of_another_room_cannot_be_marked(room: Classroom) -> None:
    opened, other = room.open("ada"), room.open("ada")
    message = room.send("ada", other.id)
    for field in ("read", "delivered"):
        with pytest.raises(NotFound) as refused:
            room.mark("ben", opened.id, **{field: message.id})
        assert refused.value.field == field


def test_something_must_be_marked() -> None:
    with pytest.raises(ValidationError, match="give delivered, read or both"):
        MarkReceipt(room_id="r")


def test_marking_twice_with_one_key_gives_the_first_answer(room: Classroom) -> None:
    """[LOG3]"""
    opened = room.open("ada")
    message = room.send("ada", opened.id)
    first = room.mark("ben", opened.id, read=message.id, key="once")
    room.send("ada", opened.id)
    again = room.mark("ben", opened.id, read=message.id, key="once")
    assert (first.duplicate, again.duplicate) == (False, True)
    assert (first.receipt, first.unread) == (again.receipt, again.unread)


def _readers(room: Classroom, who: str, message_id: str) -> Readers:
    readers: Readers = room.run(who, ReadReceipts(message_id=message_id))
    return readers


def test_who_has_read_a_message_is_told_by_name_in_small_rooms(room: Classroom) -> None:
    opened = room.open("ada")
    message = room.send("ada", opened.id)
    room.mark("ben", opened.id, read=message.id)
    room.mark("cleo", opened.id, delivered=message.id)
    told = _readers(room, "ben", message.id)
    assert (told.receipts, told.delivered, told.read) == ("names", 2, 1)
    assert {(item.user_id, item.read_number) for item in told.items} == {("ben", 1), ("cleo", 0)}
    later = room.send("ada", opened.id)
    assert _readers(room, "ada", later.id).items == []


def test_in_large_rooms_readers_are_counted(room: Classroom) -> None:
    room.enrol(COURSE, {f"u{number}": LEARNER for number in range(rules.NAMED_RECEIPTS_UP_TO)})
    opened = room.open("ada")
    assert room.rooms("ben")[opened.id].receipts == "counts"
    message = room.send("ada", opened.id)
    for number in range(5):
        room.mark(f"u{number}", opened.id, read=message.id)
    room.mark("ben", opened.id, delivered=message.id)
    told = _readers(room, "ada", message.id)
    assert (told.receipts, told.delivered, told.read, told.items) == ("counts", 6, 5, [])


def test_the_readers_of_an_anonymous_message_do_not_tell_its_author(room: Classroom) -> None:
    """By being left out: everybody who has read it is counted, the author among them."""
    opened = room.open("ada")
    message = room.send("ben", opened.id, anonymous=True)
    assert _readers(room, "cleo", message.id).read == 0
    for who in ("ada", "ben", "cleo"):
        room.mark(who, opened.id, read=message.id)
    told = _readers(room, "cleo", message.id)
    assert (told.read, {item.user_id for item in told.items}) == (3, {"ada", "ben", "cleo"})


def test_a_room_may_tell_no_receipts(room: Classroom) -> None:
    """Counts go on; what was told before is taken from whoever comes next."""
    opened = room.open("ben", "direct", member_ids=["cleo"])
    message = room.send("ben", opened.id)
    room.mark("cleo", opened.id, read=message.id)
    room.effects.clear()
    changed = room.run("ben", UpdateRoom(key="off", room_id=opened.id, receipts="off")).room
    assert (changed.receipts, room.events(f"room:{opened.id}")[-1][1]["receipts"]) == ("off", "off")
    told = [orjson.loads(effect.data) for effect in room.effects if isinstance(effect, Unlogged)]
    assert sorted((receipt["user_id"], receipt["read_number"]) for receipt in told) == [
        ("ben", 0),
        ("cleo", 0),
    ]
    room.effects.clear()
    second = room.send("ben", opened.id)
    assert room.mark("cleo", opened.id, read=second.id).unread.unread == 0
    assert [effect for effect in room.effects if isinstance(effect, Unlogged)] == []
    assert list(room.do(service.latest_of_room, opened.id)) == []
    answer = _readers(room, "ben", second.id)
    assert (answer.receipts, answer.delivered, answer.read, answer.items) == ("off", None, None, [])
    room.run("cleo", UpdateRoom(key="on", room_id=opened.id, receipts="on"))
    told = [orjson.loads(effect.data) for effect in room.effects if isinstance(effect, Unlogged)]
    assert sorted((receipt["user_id"], receipt["read_number"]) for receipt in told) == [
        ("ben", 2),
        ("cleo", 2),
    ]
    assert len(_readers(room, "ben", second.id).items) == 1


def test_choosing_it_again_tells_no_receipts(room: Classroom) -> None:
    opened = room.open("ada")
    room.send("ada", opened.id)
    room.effects.clear()
    room.run("ada", UpdateRoom(key="on", room_id=opened.id, receipts="on"))
    assert [effect for effect in room.effects if isinstance(effect, Unlogged)] == []


def _forgotten(room: Classroom) -> set[str]:
    """Whose receipts the nodes have been told to forget."""
    told = [effect for effect in room.effects if isinstance(effect, Unlogged) and effect.is_last]
    for effect in told:
        said = orjson.loads(effect.data)
        assert (said["read_number"], said["delivered_number"], "read_to" in said) == (0, 0, False)
    return {effect.key or "" for effect in told}


def test_a_room_that_grows_large_forgets_who_has_read_what(room: Classroom) -> None:
    """Nodes keep newest values for whoever comes next, who would be told by name in a room where nobody is."""
    opened = room.open("ada")
    message = room.send("ada", opened.id)
    room.mark("ben", opened.id, read=message.id)
    room.enrol(COURSE, {f"u{number:02}": LEARNER for number in range(rules.NAMED_RECEIPTS_UP_TO - 3)})
    assert _forgotten(room) == set()
    room.effects.clear()
    room.enrol(COURSE, {"last": LEARNER})
    assert {"ada", "ben", "cleo", "u00"} <= _forgotten(room)
    assert len(_forgotten(room)) == rules.NAMED_RECEIPTS_UP_TO
    room.effects.clear()
    room.run("last", LeaveRoom(room_id=opened.id))
    assert _forgotten(room) == set()  # nobody was named
    room.run("last", JoinRoom(room_id=opened.id))
    assert len(_forgotten(room)) == rules.NAMED_RECEIPTS_UP_TO


def test_who_comes_by_speaking_into_a_room_that_grows_large_has_no_receipt(room: Classroom) -> None:
    people = [f"u{number:02}" for number in range(rules.NAMED_RECEIPTS_UP_TO - 2)]
    room.enrol(COURSE, dict.fromkeys(people, LEARNER))
    opened = room.open("ada")
    room.run("u00", LeaveRoom(room_id=opened.id))
    room.effects.clear()
    room.send("u00", opened.id)
    told = [effect for effect in room.effects if isinstance(effect, Unlogged)]
    assert len(told) == rules.NAMED_RECEIPTS_UP_TO
    assert _forgotten(room) == {effect.key for effect in told} == {"ada", "ben", "cleo", *people[1:]}


def test_whoever_goes_takes_their_receipt_along(room: Classroom) -> None:
    """By themselves, by others, with the roster, or erased."""
    opened = room.open("ada")
    group = room.open("ada", "group", member_ids=["ben", "cleo"])
    takes_out = UpdateRoom(key="k", room_id=group.id, remove_member_ids=["ben"])
    for who, command in (("ben", LeaveRoom(room_id=opened.id)), ("ada", takes_out)):
        room.effects.clear()
        room.run(who, command)
        assert _forgotten(room) == {"ben"}
    room.run("ben", JoinRoom(room_id=opened.id))
    room.effects.clear()
    room.unenrol(COURSE, "ben")
    assert _forgotten(room) == {"ben"}
    room.effects.clear()
    room.erase("cleo")
    assert _forgotten(room) == {"cleo"}


def test_a_group_that_grows_large_forgets_who_has_read_what(room: Classroom) -> None:
    people = [f"u{number:02}" for number in range(rules.NAMED_RECEIPTS_UP_TO)]
    room.enrol(COURSE, dict.fromkeys(people, LEARNER))
    group = room.open("ada", "group", member_ids=["ben"])
    room.effects.clear()
    room.run("ada", UpdateRoom(key="k", room_id=group.id, add_member_ids=people))
    assert _forgotten(room) == {"ada", "ben"}
