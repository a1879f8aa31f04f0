"""Who is in a room: joining, leaving, groups, and the roster of the course."""

from __future__ import annotations

from typing import Any

import pytest
from tests.unit.chat.classroom import COURSE, LEARNER, Classroom

from coursewire.bus.port import DeriveWanted, RightsChanged, Unlogged
from coursewire.errors import Forbidden, Invalid, NotFound
from coursewire.namespaces.chat import rules, service
from coursewire.namespaces.chat.contract import JoinRoom, LeaveRoom, ListMembers, UpdateRoom


def _members(room: Classroom, who: str, room_id: str, **fields: Any) -> list[str]:
    page = room.run(who, ListMembers(room_id=room_id, **fields))
    return [member.user_id for member in page.items]


def _told(room: Classroom, room_id: str) -> list[tuple[str, str, int]]:
    return [
        (event, data["user_id"], data["member_count"])
        for event, data in room.events(f"room:{room_id}")
        if event.startswith("member.")
    ]


def test_leaving_an_open_room_and_coming_back(room: Classroom) -> None:
    opened = room.open("ada")
    left = room.run("ben", LeaveRoom(room_id=opened.id)).room
    assert (left.joined, left.member_count, left.unread) == (False, 2, 0)
    room.run("ben", LeaveRoom(room_id=opened.id))  # again changes nothing
    room.send("ada", opened.id)
    assert room.rooms("ben")[opened.id].unread == 0
    back = room.run("ben", JoinRoom(room_id=opened.id)).room
    assert (back.joined, back.member_count, back.unread) == (True, 3, 1)
    room.run("ben", JoinRoom(room_id=opened.id))
    assert _told(room, opened.id) == [("member.left", "ben", 2), ("member.joined", "ben", 3)]


def test_the_roster_does_not_bring_back_who_left(room: Classroom) -> None:
    opened = room.open("ada")
    room.run("ben", LeaveRoom(room_id=opened.id))
    room.enrol(COURSE, {"ben": LEARNER, "dora": LEARNER})
    assert _members(room, "ada", opened.id) == ["ada", "cleo", "dora"]


def test_who_leaves_a_group_may_not_read_it_any_more_nor_come_back_alone(room: Classroom) -> None:
    group = room.open("ada", "group", member_ids=["ben", "cleo"])
    room.run("ben", LeaveRoom(room_id=group.id))
    assert RightsChanged(("ben",)) in room.effects
    for command in (JoinRoom(room_id=group.id), ListMembers(room_id=group.id)):
        with pytest.raises(NotFound) as refused:
            room.run("ben", command)
        assert refused.value.field == "room_id"
    assert group.id not in room.rooms("ben")
    room.send("ada", group.id)
    room.run("ada", UpdateRoom(key="k", room_id=group.id, add_member_ids=["ben"]))
    assert _members(room, "ben", group.id) == ["ada", "ben", "cleo"]


def test_members_change_the_people_of_a_group(room: Classroom) -> None:
    room.enrol(COURSE, {"dora": LEARNER, "emil": LEARNER})
    group = room.open("ada", "group", member_ids=["ben"])
    room.send("ada", group.id)
    command = UpdateRoom(
        key="k",
        room_id=group.id,
        add_member_ids=["dora", "emil", "dora"],
        remove_member_ids=["ben", "nobody"],
    )
    changed = room.run("ada", command).room
    assert changed.member_count == 3
    assert _told(room, group.id) == [
        ("member.joined", "dora", 4),
        ("member.joined", "emil", 4),
        ("member.left", "ben", 3),
    ]
    assert RightsChanged(("ben",)) in room.effects
    assert [event for event, _ in room.events("user:dora")] == ["room.updated"]
    assert room.rooms("dora")[group.id].unread == 0  # what was said before they came is not unread
    with pytest.raises(Invalid) as refused:
        room.run("dora", UpdateRoom(key="k", room_id=group.id, add_member_ids=["ben", "stranger"]))
    assert refused.value.field == "add_member_ids.1"


def test_an_administrator_is_no_member_of_a_group_but_the_lms_may_change_it(room: Classroom) -> None:
    group = room.open("ada", "group", member_ids=["ben"])
    with pytest.raises(NotFound):
        room.run(room.caller("root", "administrator"), UpdateRoom(key="k", room_id=group.id, title="Mine"))
    room.run(room.lms, UpdateRoom(key="k", room_id=group.id, add_member_ids=["cleo"]))
    assert _members(room, "cleo", group.id) == ["ada", "ben", "cleo"]


def test_what_an_administrator_may_ends_with_the_role(room: Classroom) -> None:
    """[SUB1] They post and read without a membership, which would outlast the token that says what they are."""
    opened = room.open("ada")
    root = room.caller("root", "administrator")
    room.enrol("math", {"root": LEARNER})  # they are somebody whom a roster knows
    room.send(root, opened.id, "The server room is warm.")
    assert "root" not in _members(room, "ada", opened.id)
    assert _told(room, opened.id) == []
    assert [effect.key for effect in room.effects if isinstance(effect, Unlogged)] == []  # nor has a receipt
    assert opened.id in room.rooms(root)
    with pytest.raises(NotFound):
        room.history("root", opened.id)
    assert room.rooms("root") == {}
    with pytest.raises(NotFound):
        room.send("root", opened.id)
    room.enrol(COURSE, {"root": LEARNER})  # who is on the roster as well is like everybody there
    room.send(root, opened.id)
    assert "root" in _members(room, "ada", opened.id)


def test_the_lms_is_no_person_and_joins_nothing(room: Classroom) -> None:
    opened = room.open("ada")
    with pytest.raises(Forbidden, match="no person"):
        room.run(room.lms, JoinRoom(room_id=opened.id))
    room.send(room.lms, opened.id, "The server room is warm.")
    assert _told(room, opened.id) == []
    assert "lms" not in _members(room, "ada", opened.id)


def test_pages_of_members_hold_everybody_once_also_with_odd_names(room: Classroom) -> None:
    names = {
        "u1": "A/B/C", "u2": "a" * 200, "x" * 128: "\u4e2d" * 200, "u4": "\U0001f389\U0001f389", "u5": "%_'\";--",
        "u6": "\u202eleft", "u7": "Zo\u00eb", "u8": "Same", "u9": "Same",
    }  # fmt: skip
    room.enrol_named(COURSE, names)
    opened = room.open("ada")
    found: list[str] = []
    cursor = None
    while True:
        page = room.run("ben", ListMembers(room_id=opened.id, limit=2, cursor=cursor))
        found += [member.user_id for member in page.items]
        cursor = page.next_cursor
        if cursor is None:
            break
    assert sorted(found) == sorted([*names, "ada", "ben", "cleo"])
    roles = {member.user_id: member.roles for member in room.run("ben", ListMembers(room_id=opened.id)).items}
    assert roles["ada"] == ["instructor"]


@pytest.mark.parametrize("cursor", ["junk", "/", "u1/", "/Name"])
def test_a_junk_cursor_of_members_is_named(room: Classroom, cursor: str) -> None:
    opened = room.open("ada")
    with pytest.raises(Invalid) as refused:
        room.run("ben", ListMembers(room_id=opened.id, cursor=cursor))
    assert refused.value.field == "cursor"


def test_a_new_student_is_in_the_open_rooms_with_nothing_unread(room: Classroom) -> None:
    opened = room.open("ada")
    room.send("ada", opened.id)
    room.effects.clear()
    room.enrol(COURSE, {"dora": LEARNER})
    assert room.rooms("dora")[opened.id].unread == 0
    assert _told(room, opened.id) == [("member.joined", "dora", 4)]
    assert room.events(f"room:{opened.id}")[-1][1]["name"] == "Dora"
    assert DeriveWanted("/chat", "unread", opened.id, ("dora",)) in room.effects


def test_who_is_taken_out_of_the_course_is_in_none_of_its_rooms(room: Classroom) -> None:
    """[SUB1] Open rooms and groups of the course; other rooms stay."""
    opened = room.open("ada")
    group = room.open("ada", "group", course_id=COURSE, member_ids=["ben", "cleo"])
    free = room.open("ada", "group", member_ids=["ben", "cleo"])
    room.unenrol(COURSE, "ben")
    assert list(room.rooms("ben")) == [free.id]
    for room_id in (opened.id, group.id):
        with pytest.raises(NotFound):
            room.history("ben", room_id)
        assert _told(room, room_id) == [("member.left", "ben", 2)]
    assert RightsChanged(("ben",)) in room.effects


def test_nothing_of_a_room_counts_for_who_has_left_it(room: Classroom) -> None:
    """By themselves, by others, or with the roster: they are told, and that of the other rooms is counted still."""
    opened, other = room.open("ada"), room.open("ben", "direct", member_ids=["cleo"])
    group = room.open("ada", "group", course_id=COURSE, member_ids=["ben", "cleo"])
    for place in (opened, group):
        room.send("ada", place.id, "for @ben")
    room.send("cleo", other.id)
    room.run("ben", LeaveRoom(room_id=opened.id))
    assert DeriveWanted("/chat", service.UNREAD_NO_MORE, opened.id, ("ben",)) in room.effects
    room.run("ada", UpdateRoom(key="k", room_id=group.id, remove_member_ids=["ben"]))
    assert DeriveWanted("/chat", service.UNREAD_NO_MORE, group.id, ("ben",)) in room.effects
    room.effects.clear()
    room.unenrol(COURSE, "cleo")
    for place in (opened, group):
        assert DeriveWanted("/chat", service.UNREAD_NO_MORE, place.id, ("cleo",)) in room.effects
    told = room.do(lambda tx: list(service.unread_no_more_of(tx, opened.id, ["ada", "ben", "cleo"])))
    assert {
        user_id: (event.data.unread, event.data.mentions, event.data.total) for user_id, event in told
    } == {
        "ben": (0, 0, 1),
        "cleo": (0, 0, 0),
    }  # and not ada, who is in it


def test_many_who_come_at_once_are_told_as_a_number(room: Classroom) -> None:
    opened = room.open("ada")
    room.enrol(COURSE, {f"u{number}": LEARNER for number in range(rules.NAMED_CHANGES_UP_TO + 1)})
    [(event, data)] = room.events(f"room:{opened.id}")
    assert (event, data["member_count"]) == ("room.updated", 3 + rules.NAMED_CHANGES_UP_TO + 1)


def test_a_large_room_hears_of_no_roster(room: Classroom) -> None:
    opened = room.open("ada")
    room.enrol(COURSE, {f"u{number}": LEARNER for number in range(rules.TOLD_ROSTER_UP_TO)})
    room.enrol(COURSE, {"last": LEARNER})
    assert room.events(f"room:{opened.id}") == []
    assert room.rooms("last")[opened.id].member_count == 3 + rules.TOLD_ROSTER_UP_TO + 1


def test_a_whole_course_comes_and_goes_in_slices(room: Classroom) -> None:
    """More people than one statement takes."""
    crowd = {f"u{number:04}": LEARNER for number in range(1_200)}
    opened = room.open("ada")
    room.enrol(COURSE, crowd)
    assert room.rooms("u1199")[opened.id].member_count == 1_203
    room.replace(COURSE, ["ada"])
    assert room.rooms("ada")[opened.id].member_count == 1
