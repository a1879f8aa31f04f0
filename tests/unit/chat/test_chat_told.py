"""What people are told of counts, readers and order: of the rooms that they are in, and of nobody who is not named."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from tests.unit.chat.classroom import COURSE, TEACHER, Classroom

from coursewire.bus.port import DeriveWanted
from coursewire.namespaces.chat import service, store
from coursewire.namespaces.chat.contract import MessageReported, ModerateRoom, ReportMessage, RoomSummary
from coursewire.vocabulary import new_id


@pytest.fixture
def rooms(room: Classroom) -> tuple[RoomSummary, RoomSummary]:
    return room.open("ada", "discussion", title="One"), room.open("ada", "discussion", title="Two")


def counted(room: Classroom, room_id: str, user_id: str) -> tuple[int, int, int]:
    """Return what a count says: unread and mentions of a room, and the total."""
    [(_, event)] = room.do(service.unread_of, room_id, [user_id])
    return event.data.unread, event.data.mentions, event.data.total


def moderate(room: Classroom, room_id: str, action: str, **fields: Any) -> Any:
    command = {"key": new_id(), "room_id": room_id, "action": action, **fields}
    return room.run("ada", ModerateRoom.model_validate(command))


def test_the_total_is_of_the_rooms_that_one_is_in(
    room: Classroom, rooms: tuple[RoomSummary, RoomSummary]
) -> None:
    """In the counts that are told, in the answer to a receipt, and for who has left the room of it."""
    one, two = rooms
    first = room.send("ada", one.id)
    room.send("ada", two.id)
    assert counted(room, one.id, "cleo") == (1, 0, 2)
    assert room.mark("cleo", one.id, delivered=first.id).unread.total == 2
    room.leave("cleo", two.id)
    assert counted(room, one.id, "cleo") == (1, 0, 1)
    assert room.mark("cleo", two.id, delivered=room.send("ada", two.id).id).unread.total == 1
    assert room.mark("cleo", one.id, read=first.id).unread.total == 0


def test_a_mention_counts_until_it_is_read(room: Classroom, rooms: tuple[RoomSummary, RoomSummary]) -> None:
    [one, _] = rooms
    before, called = room.send("ada", one.id), room.send("ada", one.id, "@ben, look")
    assert room.mark("ben", one.id, read=before.id).unread.mentions == 1
    assert room.mark("ben", one.id, read=called.id).unread.mentions == 0
    assert (counted(room, one.id, "ben"), room.rooms("ben")[one.id].mentions) == ((0, 0, 0), 0)


def test_of_who_has_left_nobody_is_told_how_far_they_have_read(
    room: Classroom, rooms: tuple[RoomSummary, RoomSummary]
) -> None:
    [one, _] = rooms
    said = room.send("ada", one.id)
    for who in ("ben", "cleo"):
        room.mark(who, one.id, read=said.id)
    assert room.do(store.readers_of, one.id, said.number, "ada") == (2, 2)
    room.leave("cleo", one.id)
    assert room.do(store.readers_of, one.id, said.number, "ada") == (1, 1)
    told = {event.data.user_id for event in room.do(service.latest_of_room, one.id)}
    assert told == {"ada", "ben"}


def test_who_shows_an_anonymous_message_again_may_have_written_it(
    room: Classroom, rooms: tuple[RoomSummary, RoomSummary]
) -> None:
    [one, _] = rooms
    for anonymous in (True, False):
        said = room.send("ada", one.id, "hello", anonymous=anonymous)
        moderate(room, one.id, "hide", message_id=said.id)
        room.effects.clear()
        moderate(room, one.id, "restore", message_id=said.id)
        shown = room.logged(f"room:{one.id}")[-1]
        data = orjson.loads(shown.data)
        assert (shown.event, data["text"], shown.actor) == (
            "message.edited", "hello", None if anonymous else "ada",
        )  # fmt: skip
        assert "key" not in data, "it is its author's own wording"
        derived = [effect for effect in room.effects if isinstance(effect, DeriveWanted)]
        assert [(one.name, one.argument) for one in derived] == [(service.UNREAD, said.room_id)]


def test_an_answer_to_staff_is_taken_back_with_the_message_that_it_shows(
    room: Classroom, rooms: tuple[RoomSummary, RoomSummary]
) -> None:
    """[LOG5]"""
    [one, _] = rooms
    said = room.send("ben", one.id, "something private")
    for action, fields in (
        ("hide", {"message_id": said.id}),
        ("restore", {"message_id": said.id}),
        ("lock", {}),
    ):
        moderate(room, one.id, action, key=action, **fields)
    assert (
        "something private"
        in moderate(room, one.id, "restore", key="restore", message_id=said.id).model_dump_json()
    )
    room.delete("ben", said.id)
    for action, fields in (("restore", {"message_id": said.id}), ("lock", {})):
        again = moderate(room, one.id, action, key=action, **fields)
        assert again.duplicate
        assert "something private" not in again.model_dump_json()


def test_whoever_is_muted_is_not_told_by_whom(
    room: Classroom, rooms: tuple[RoomSummary, RoomSummary]
) -> None:
    [one, _] = rooms
    moderate(room, one.id, "mute", user_id="ben", seconds=60)
    told = room.logged("user:ben")[-1]
    assert (told.event, told.actor) == ("member.muted", None)


@pytest.mark.parametrize(
    ("author", "reporter", "told"),
    [
        ("ada", "ben", ("tom",)),
        ("ben", "tom", ("ada",)),
        ("ben", "cleo", ("ada", "tom")),
        ("ada", "tom", None),
    ],
)
def test_staff_hear_of_reports_but_not_of_those_about_them_or_by_them(
    room: Classroom, author: str, reporter: str, told: tuple[str, ...] | None
) -> None:
    room.enrol(COURSE, {"tom": TEACHER})
    facts: list[MessageReported] = []
    reactions: Any = room.reactions
    reactions[MessageReported] = [("/chat", lambda _, fact: facts.append(fact))]
    one = room.open("ada", "discussion", title="One")
    said = room.send(author, one.id)
    room.run(reporter, ReportMessage(key=new_id(), message_id=said.id, reason="other"))
    assert [fact.staff for fact in facts] == ([] if told is None else [told])
