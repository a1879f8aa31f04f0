"""Whom a message calls: read once from its text, counted for each, and told to the other namespaces."""

from __future__ import annotations

from typing import Any

import pytest
from tests.unit.chat.classroom import COURSE, LEARNER, Classroom

from coursewire.namespaces.chat import service
from coursewire.namespaces.chat.contract import JoinRoom, MessageAddressed, UnreadChanged
from coursewire.text.addressing import MOST_NAMES, called_in


@pytest.mark.parametrize(
    ("text", "names", "groups"),
    [
        ("no call", (), ()),
        ("@ben", ("ben",), ()),
        ("Hello @ben, @ada!", ("ben", "ada"), ()),
        ("ask @ben.", ("ben.", "ben"), ()),
        ("(@u.42-7) @u_1@school.org", ("u.42-7", "u_1@school.org"), ()),
        ("ben@school.org and x/@ben and a.@ben", (), ()),
        ("@staff: and @room", (), ("staff", "room")),
        ("@staffing @rooms", ("staffing", "rooms"), ()),
        ("`@ben` and ```\n@room\n``` and @ada", ("ada",), ()),
        ("```\n@ben", (), ()),
        ("@ @@ @! @...", (), ()),
        ("@ben @ben @staff @staff", ("ben",), ("staff",)),
        ("täg@ben", (), ()),
    ],
)
def test_what_stands_behind_an_at_sign(text: str, names: tuple[str, ...], groups: tuple[str, ...]) -> None:
    assert called_in(text) == (names, groups)


def test_a_text_full_of_names_is_read_up_to_a_bound() -> None:
    called = called_in(" ".join(f"@u{number}" for number in range(1_000)))
    assert called.names == tuple(f"u{number}" for number in range(MOST_NAMES))


@pytest.fixture
def facts(room: Classroom) -> list[MessageAddressed]:
    """What /chat tells the others, from now on."""
    told: list[MessageAddressed] = []
    room.reactions = {**room.reactions, MessageAddressed: [("/others", lambda _, fact: told.append(fact))]}
    return told


def _counts(room: Classroom, room_id: str) -> dict[str, int]:
    """The mentions of each member that has any, in the list and in the derived value alike."""
    members = [user_id for (user_id,) in room.sql("SELECT user_id FROM chat_members")]
    counts = {
        user_id: event.data.mentions
        for user_id, event in room.do(service.unread_of, room_id, sorted(set(members)))
        if isinstance(event, UnreadChanged) and event.data.mentions
    }
    assert counts == {
        user_id: summary.mentions
        for user_id in members
        if (summary := room.rooms(user_id).get(room_id)) is not None and summary.mentions
    }
    return counts


def test_an_id_in_the_text_and_one_beside_it_are_the_same(room: Classroom) -> None:
    chat = room.open("ada")
    said = room.send("ben", chat.id, "@cleo, and Ada; @nobody, @ben. @cleo!", mentions=["ada", "cleo"])
    assert said.mentions == ["ada", "cleo"]
    assert _counts(room, chat.id) == {"ada": 1, "cleo": 1}


def test_staff_are_called_by_anybody(room: Classroom, facts: list[MessageAddressed]) -> None:
    room.enrol(COURSE, {"tim": "teaching_assistant", "max": "mentor"})
    chat = room.open("ada")
    said = room.send("ben", chat.id, "@staff help")
    assert (said.mentions, said.mention_groups) == ([], ["staff"])
    assert _counts(room, chat.id) == {"ada": 1, "tim": 1}
    assert sorted(facts[0].mentioned) == ["ada", "tim"]
    room.send("ada", chat.id, "@staff and @tim: look")
    assert _counts(room, chat.id) == {"tim": 2}  # ada has read her own


def test_everybody_is_called_where_few_are_or_by_staff(
    room: Classroom, facts: list[MessageAddressed]
) -> None:
    chat = room.open("ada")
    assert room.send("ben", chat.id, "@room hello").mention_groups == ["room"]
    assert _counts(room, chat.id) == {"ada": 1, "cleo": 1}
    room.enrol_named(COURSE, {f"u{number}": "U" for number in range(20)})
    said = room.send("ben", chat.id, "@room again, @cleo")
    assert (said.mention_groups, said.mentions) == ([], ["cleo"])
    assert _counts(room, chat.id) == {"ada": 1, "cleo": 2}
    nameless = [room.send(who, chat.id, "@room, who am I?", anonymous=True) for who in ("ada", "ben")]
    assert [said.mention_groups for said in nameless] == [[], []]  # one is staff, which nobody can tell
    room.send("ada", chat.id, "@room and @cleo: listen")
    assert set(_counts(room, chat.id).values()) == {1, 3}
    assert [len(fact.mentioned) for fact in facts] == [2, 1, 22]


def test_in_a_direct_room_and_a_group_without_course_groups_are_words(
    room: Classroom, facts: list[MessageAddressed]
) -> None:
    direct = room.open("ben", "direct", member_ids=["cleo"])
    assert room.send("ben", direct.id, "@room @staff").mention_groups == []
    group = room.open("ben", "group", member_ids=["cleo"])
    assert room.send("ben", group.id, "@room @staff").mention_groups == ["room"]
    assert [fact.mentioned for fact in facts] == [(), ("cleo",)]


def test_what_is_taken_back_mentions_nobody(room: Classroom) -> None:
    chat = room.open("ada")
    said = room.send("ben", chat.id, "@room")
    room.delete("ben", said.id)
    assert _counts(room, chat.id) == {}
    assert room.sql("SELECT * FROM chat_mentions") == []


def test_who_comes_later_or_had_left_was_not_called(room: Classroom, facts: list[MessageAddressed]) -> None:
    room.enrol(COURSE, {"tim": "teaching_assistant"})
    chat = room.open("ada")
    for who in ("cleo", "tim"):
        room.leave(who, chat.id)
    room.send("ada", chat.id, "@room")
    room.send("ben", chat.id, "@staff and @cleo")
    room.enrol(COURSE, {"dora": LEARNER})
    for who in ("cleo", "tim"):
        room.run(who, JoinRoom(room_id=chat.id))
    assert _counts(room, chat.id) == {"ada": 1}  # ben has read what stood there when he spoke
    assert [fact.mentioned for fact in facts] == [("ben",), ("ada",)]


# What the others are told


def _only(facts: list[MessageAddressed]) -> dict[str, Any]:
    [fact] = facts
    facts.clear()
    names = ("mentioned", "replied_to", "direct_to", "is_announcement", "room_kind", "course_id")
    return {name: getattr(fact, name) for name in names if getattr(fact, name)}


def test_what_calls_nobody_is_no_fact(room: Classroom, facts: list[MessageAddressed]) -> None:
    room.send("ben", room.open("ada", "course").id, "to all, and so to nobody: x@y.z")
    room.send("ben", room.open("ben", "group", member_ids=["cleo"]).id)
    assert facts == []


def test_a_direct_message_is_for_the_other(room: Classroom, facts: list[MessageAddressed]) -> None:
    direct = room.open("ben", "direct", member_ids=["cleo"])
    room.send("ben", direct.id)
    assert _only(facts) == {"direct_to": ("cleo",), "room_kind": "direct"}
    room.send("cleo", direct.id)
    assert _only(facts)["direct_to"] == ("ben",)


def test_an_announcement_is_for_its_course(room: Classroom, facts: list[MessageAddressed]) -> None:
    room.send("ada", room.open("ada", "announcement").id, "Monday!")
    assert _only(facts) == {"is_announcement": True, "room_kind": "announcement", "course_id": COURSE}


def test_a_reply_is_for_whom_it_answers(room: Classroom, facts: list[MessageAddressed]) -> None:
    chat = room.open("ada")
    root = room.send("ben", chat.id)
    parent = room.send("cleo", chat.id, thread_id=root.id)
    assert _only(facts)["replied_to"] == ("ben",)
    room.send("ada", chat.id, thread_id=root.id, reply_to=parent.id)
    assert _only(facts)["replied_to"] == ("cleo", "ben")
    room.send("ada", chat.id, "@ben", thread_id=root.id, reply_to=parent.id)
    fact = _only(facts)
    assert (fact["mentioned"], fact["replied_to"]) == (("ben",), ("cleo",))
    room.send("ben", chat.id, thread_id=root.id)
    room.unenrol(COURSE, "cleo")
    room.send("ada", chat.id, reply_to=parent.id)
    room.delete("ben", root.id)
    room.send("ada", chat.id, thread_id=root.id)
    room.send("ada", chat.id, reply_to=root.id)
    assert facts == []


def test_the_same_key_tells_once(room: Classroom, facts: list[MessageAddressed]) -> None:
    """[LOG3]"""
    chat = room.open("ada")
    for _ in range(2):
        room.send("ada", chat.id, "@ben", key="k1")
    assert len(facts) == 1


def test_a_fact_of_an_anonymous_message_has_no_author(room: Classroom, facts: list[MessageAddressed]) -> None:
    chat = room.open("ada")
    own = room.send("ben", chat.id, "who?", anonymous=True)
    room.send("ben", chat.id, "@ada", anonymous=True, thread_id=own.id)
    [fact] = facts
    assert fact.message.author is None
    assert "ben" not in repr(fact)
    facts.clear()
    room.send("cleo", chat.id, "you!", reply_to=own.id)
    assert facts[0].replied_to == ("ben",)  # who is told by name, and alone


def test_an_anonymous_author_who_calls_themself_is_not_left_out(room: Classroom) -> None:
    """Everybody sees who is mentioned: of those in the room only the author would be missing."""
    chat = room.open("ada")
    said = room.send("ben", chat.id, "ask @ben or @cleo", mentions=["ada"], anonymous=True)
    assert said.mentions == ["ada", "ben", "cleo"]
    assert _counts(room, chat.id) == {"ada": 1, "cleo": 1}
