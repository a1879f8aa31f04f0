"""Pages of a room: newest, before, after, around, threads, and where there is more."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError
from tests.unit.chat.classroom import Classroom

from coursewire.errors import NotFound
from coursewire.namespaces.chat.contract import Message, ReadHistory


@pytest.fixture
def said(room: Classroom) -> list[Message]:
    """Ten messages of one room."""
    opened = room.open("ada")
    return [room.send("ada", opened.id, f"m{number}") for number in range(1, 11)]


@pytest.mark.parametrize(
    ("anchor", "number", "limit", "numbers", "has_before", "has_after"),
    [
        (None, None, 3, [8, 9, 10], True, False),
        (None, None, 10, [*range(1, 11)], False, False),
        (None, None, 50, [*range(1, 11)], False, False),
        ("before", 4, 2, [2, 3], True, True),
        ("before", 4, 3, [1, 2, 3], False, True),
        ("before", 1, 5, [], False, True),
        ("after", 7, 2, [8, 9], True, True),
        ("after", 7, 3, [8, 9, 10], True, False),
        ("after", 10, 5, [], True, False),
        ("around", 5, 1, [5], True, True),
        ("around", 5, 2, [4, 5], True, True),
        ("around", 5, 3, [4, 5, 6], True, True),
        ("around", 5, 4, [3, 4, 5, 6], True, True),
        ("around", 1, 4, [1, 2], False, True),
        ("around", 10, 4, [8, 9, 10], True, False),
        ("around", 1, 1, [1], False, True),
        ("around", 5, 100, [*range(1, 11)], False, False),
    ],
)
def test_pages(
    room: Classroom,
    said: list[Message],
    anchor: str | None,
    number: int | None,
    limit: int,
    numbers: list[int],
    has_before: bool,  # noqa: FBT001 - a column of the table
    has_after: bool,  # noqa: FBT001 - a column of the table
) -> None:
    where: dict[str, Any] = {} if anchor is None or number is None else {anchor: said[number - 1].id}
    page = room.history("ben", said[0].room_id, limit=limit, **where)
    assert [message.number for message in page.items] == numbers
    assert (page.has_before, page.has_after) == (has_before, has_after)


def test_walking_back_from_the_newest_finds_everything_once(room: Classroom, said: list[Message]) -> None:
    found: list[str] = []
    page = room.history("ben", said[0].room_id, limit=3)
    while True:
        found = [message.text for message in page.items] + found
        if not page.has_before:
            break
        page = room.history("ben", said[0].room_id, limit=3, before=page.items[0].id)
    assert found == [f"m{number}" for number in range(1, 11)]


def test_an_empty_room_has_an_empty_page(room: Classroom) -> None:
    opened = room.open("ada")
    page = room.history("ben", opened.id)
    assert (page.items, page.has_before, page.has_after, page.position.offset) == ([], False, False, 0)


def test_a_thread_is_its_first_message_and_what_belongs_to_it(room: Classroom, said: list[Message]) -> None:
    room_id, first = said[0].room_id, said[2]
    replies = [room.send("ben", room_id, f"t{number}", thread_id=first.id) for number in range(3)]
    room.send("ada", room_id, "elsewhere")
    page = room.history("ben", room_id, thread_id=first.id)
    assert [message.text for message in page.items] == ["m3", "t0", "t1", "t2"]
    page = room.history("ben", room_id, thread_id=first.id, limit=1)
    assert [message.id for message in page.items] == [replies[2].id]
    assert page.has_before


@pytest.mark.parametrize("anchor", ["before", "after", "around"])
def test_an_anchor_must_be_a_message_of_this_room(room: Classroom, said: list[Message], anchor: str) -> None:
    other = room.send("ada", room.open("ada", title="Other").id)
    errors = []
    for message_id in (other.id, "nowhere"):
        with pytest.raises(NotFound) as refused:
            room.history("ben", said[0].room_id, **{anchor: message_id})
        errors.append(refused.value.as_wire())
    assert errors[0] == errors[1]
    assert errors[0]["field"] == anchor


def test_there_is_one_anchor_at_most() -> None:
    with pytest.raises(ValidationError, match="one of before, after and around"):
        ReadHistory(room_id="r", before="a", after="b")


def test_the_position_goes_with_the_page(room: Classroom, said: list[Message]) -> None:
    """[SUB3] What comes after the position is not in the page, and nothing between is lost."""
    room_id = said[0].room_id
    page = room.history("ben", room_id)
    assert page.position.offset == len(room.logged(f"room:{room_id}")) == 10
    room.send("ada", room_id, "later")
    later = [event for event in room.logged(f"room:{room_id}") if event.offset > page.position.offset]
    assert len(later) == 1
