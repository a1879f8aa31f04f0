"""Opening, listing and changing rooms."""

from __future__ import annotations

import pytest
from tests.unit.chat.classroom import COURSE, LEARNER, TEACHER, Classroom

from coursewire.bus.port import DeriveWanted
from coursewire.errors import Forbidden, Invalid, NotFound
from coursewire.namespaces.chat.contract import JoinRoom, ListRooms, OpenRoom, UpdateRoom


def test_everybody_of_the_course_is_in_its_new_room_and_hears_of_it(room: Classroom) -> None:
    opened = room.open("ada", "discussion", title="Problem set 1")
    assert (opened.member_count, opened.joined, opened.can_post) == (3, True, True)
    assert opened.id in room.rooms("ben")
    assert DeriveWanted("/chat", "unread", opened.id, None) in room.effects
    assert room.logged(f"room:{opened.id}") == []


def test_a_room_of_a_course_is_called_like_the_course_unless_it_is_given_a_title(room: Classroom) -> None:
    assert room.open("ada", "course").title == "CS101"
    assert room.open("ada", "course", title="  Cafe\u0301 ").title == "Caf\u00e9"


def test_a_direct_room_of_the_same_two_is_the_same_room(room: Classroom) -> None:
    first = room.open("ben", "direct", member_ids=["cleo"])
    again = room.open("cleo", "direct", member_ids=["ben"], title="ignored", course_id=COURSE)
    assert (first.id, first.title, first.course_id) == (again.id, "", None)
    assert [other.user_id for other in first.others] == ["cleo"]
    assert [other.user_id for other in again.others] == ["ben"]
    # Both hear that there is a room, once.
    for user_id in ("ben", "cleo"):
        assert [event for event, _ in room.events(f"user:{user_id}")] == ["room.updated"]


def test_a_direct_room_outlives_the_course_that_they_shared(room: Classroom) -> None:
    first = room.open("ben", "direct", member_ids=["cleo"])
    room.unenrol(COURSE, "ben")
    assert room.open("ben", "direct", member_ids=["cleo"]).id == first.id
    with pytest.raises(Invalid) as refused:
        room.open("ben", "direct", member_ids=["ada"])
    assert refused.value.field == "member_ids.0"


def test_a_group_may_have_no_title_and_shows_the_others(room: Classroom) -> None:
    group = room.open("ben", "group", member_ids=["cleo", "ada", "cleo"])
    assert (group.title, group.member_count) == ("", 3)
    assert [other.user_id for other in group.others] == ["ada", "cleo"]


@pytest.mark.parametrize("kind", ["direct", "group"])
def test_strangers_and_unknown_people_cannot_be_written_to_and_look_alike(room: Classroom, kind: str) -> None:
    room.enrol("math", {"eve": LEARNER})
    messages = set()
    for stranger in ("eve", "nobody"):
        with pytest.raises(Invalid) as refused:
            room.open("ben", kind, member_ids=[stranger], title="T")
        assert refused.value.field == "member_ids.0"
        messages.add(refused.value.message)
    assert len(messages) == 1


def test_the_people_of_a_courses_group_belong_to_the_course(room: Classroom) -> None:
    room.enrol("math", {"ben": LEARNER, "eve": LEARNER})
    with pytest.raises(Invalid) as refused:
        room.open("ben", "group", course_id=COURSE, member_ids=["cleo", "eve"])
    assert refused.value.field == "member_ids.1"
    assert room.open("ben", "group", course_id="math", member_ids=["eve"]).course_id == "math"
    with pytest.raises(NotFound) as absent:
        room.open("cleo", "group", course_id="math", member_ids=["ben"])
    assert absent.value.field == "course_id"


def test_in_a_room_of_a_course_nobody_else_is_named(room: Classroom) -> None:
    room.enrol("math", {"eve": LEARNER})
    room.open("ada", "course", member_ids=["ada", "ben"])
    with pytest.raises(Invalid) as refused:
        room.open("ada", "course", member_ids=["ben", "eve"])
    assert refused.value.field == "member_ids.1"


@pytest.mark.parametrize("kind", ["course", "discussion", "announcement", "group"])
def test_a_course_that_is_not_there_looks_like_one_that_one_is_not_in(room: Classroom, kind: str) -> None:
    room.enrol("math", {"eve": TEACHER})
    errors = []
    for caller in (room.caller("ada"), room.caller("root", "administrator"), room.lms):
        with pytest.raises(NotFound) as refused:
            room.open(caller, kind, course_id="nowhere", member_ids=["ada", "ben"])
        errors.append(refused.value)
    with pytest.raises(NotFound) as hidden:
        room.open("ada", kind, course_id="math", member_ids=["ben"])
    assert all(error.as_wire() == hidden.value.as_wire() for error in errors)
    assert hidden.value.field == "course_id"


def test_the_lms_opens_rooms_without_being_in_them(room: Classroom) -> None:
    for kind, people in (("course", []), ("group", ["ada", "ben"]), ("direct", ["ben", "cleo"])):
        opened = room.open(room.lms, kind, member_ids=people)
        assert not opened.joined
        assert opened.member_count == len(people or "abc")
    assert room.open("cleo", "direct", member_ids=["ben"]).id == opened.id


def test_the_list_has_what_one_may_read_the_one_that_moved_last_first(room: Classroom) -> None:
    room.enrol("math", {"eve": TEACHER, "ben": LEARNER})
    rooms = {
        "cs": room.open("ada", "course").id,
        "math": room.open("eve", "course", course_id="math").id,
        "group": room.open("ada", "group", member_ids=["cleo"], course_id=COURSE).id,
        "direct": room.open("ben", "direct", member_ids=["eve"]).id,
    }
    room.send("ada", rooms["cs"])
    assert list(room.rooms("ben")) == [rooms["cs"], rooms["direct"], rooms["math"]]
    assert list(room.rooms("ada")) == [rooms["cs"], rooms["group"]]
    assert list(room.rooms("ben", course_id="math")) == [rooms["math"]]
    assert list(room.rooms("ben", course_id="nowhere")) == []
    # Who stands above all courses sees their open rooms, and no private ones.
    for caller in (room.lms, room.caller("root", "administrator")):
        assert list(room.rooms(caller)) == [rooms["cs"], rooms["math"]]
        assert list(room.rooms(caller, course_id="math")) == [rooms["math"]]


def test_pages_of_the_list_hold_every_room_once(room: Classroom) -> None:
    made = [room.open("ada", "discussion", title=f"T{number}").id for number in range(7)]
    found: list[str] = []
    cursor = None
    while True:
        page = room.run("ben", ListRooms(limit=3, cursor=cursor))
        found += [item.id for item in page.items]
        cursor = page.next_cursor
        if cursor is None:
            break
    assert found == made[::-1]


@pytest.mark.parametrize(
    "cursor", ["junk", "/", "5", "5/", "/x", "-1/x", "9" * 40 + "/x", "1e5/x", "\u0661/x"]
)
def test_a_junk_cursor_of_the_list_is_named(room: Classroom, cursor: str) -> None:
    with pytest.raises(Invalid) as refused:
        room.run("ben", ListRooms(cursor=cursor))
    assert refused.value.field == "cursor"


def test_a_title_changes_for_everybody(room: Classroom) -> None:
    opened = room.open("ada", "discussion", title="Old")
    changed = room.run("ada", UpdateRoom(key="k1", room_id=opened.id, title="New")).room
    assert changed.title == "New"
    [(event, data)] = room.events(f"room:{opened.id}")
    assert (event, data["title"]) == ("room.updated", "New")
    assert room.rooms("ben")[opened.id].title == "New"
    with pytest.raises(Forbidden):
        room.run("ben", UpdateRoom(key="k2", room_id=opened.id, title="Mine"))


def test_opening_twice_with_one_key_makes_one_room(room: Classroom) -> None:
    """[LOG3]"""
    command = OpenRoom(key="once", kind="discussion", course_id=COURSE, title="T")
    first, again = room.run("ada", command), room.run("ada", command)
    assert (first.duplicate, again.duplicate) == (False, True)
    assert first.room == again.room
    assert len(room.rooms("ada")) == 1


def test_the_answer_shows_the_last_message_until_it_is_taken_back(room: Classroom) -> None:
    """[LOG5] Also a repeat of the key does not bring it back."""
    opened = room.open("ada")
    message = room.send("ben", opened.id, "unforgettable")
    join = JoinRoom(key="join-once", room_id=opened.id)
    shown = room.run("cleo", join).room.last_message
    assert shown is not None
    assert shown.text == "unforgettable"
    room.delete("ben", message.id)
    assert room.run("cleo", join).room.last_message.text == ""
    assert "unforgettable" not in room.everything()
