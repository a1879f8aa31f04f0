"""Pointers and counts: forward only, the server's count always."""

from __future__ import annotations

import orjson
import pytest
from pydantic import ValidationError
from tests.unit.chat.classroom import COURSE, LEARNER, Classroom

from coursewire.bus.port import DeriveWanted, Unlogged
from coursewire.errors import NotFound
from coursewire.namespaces.chat import rules, service
from coursewire.namespaces.chat.contract import LeaveRoom, MarkReceipt, ReceiptChanged, UnreadChanged


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
