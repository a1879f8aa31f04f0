"""Saying, changing and taking back; and that the events tell all of it."""

from __future__ import annotations

import random

import pytest
from pydantic import ValidationError
from tests.unit.chat.classroom import COURSE, LEARNER, Classroom
from tests.unit.chat.screen import Screen

from coursewire.bus.port import TakenBack
from coursewire.errors import Conflict, Forbidden, Invalid, NotFound
from coursewire.namespaces.chat import rules, service
from coursewire.namespaces.chat.contract import (
    DeleteMessage,
    EditMessage,
    LeaveRoom,
    SendMessage,
    UpdateRoom,
)


def test_numbers_and_offsets_count_from_one(room: Classroom) -> None:
    """[LOG2]"""
    opened, other = room.open("ada"), room.open("ada")
    for index in range(3):
        assert room.send("ben", opened.id).number == index + 1
        assert room.send("ada", other.id).number == index + 1
    assert [event.offset for event in room.logged(f"room:{opened.id}")] == [1, 2, 3]


def test_a_message_that_fails_leaves_nothing(room: Classroom) -> None:
    """[LOG1] Neither a row, nor a number, nor an event."""
    opened = room.open("ada", "announcement")
    before, effects = room.counts(), list(room.effects)
    with pytest.raises(Forbidden):
        room.send("ben", opened.id)
    with pytest.raises(Invalid):
        room.send("ada", opened.id, reply_to="nowhere")
    assert (room.counts(), room.effects) == (before, effects)
    assert room.send("ada", opened.id).number == 1


def test_a_key_says_it_once(room: Classroom) -> None:
    """[LOG3] The repeat gets the first answer; another text under the same key is a conflict; keys are one's own."""
    opened = room.open("ada")
    command = SendMessage(key="k1", room_id=opened.id, text="once")
    first, again = room.run("ben", command), room.run("ben", command)
    assert (first.duplicate, again.duplicate) == (False, True)
    assert first.message == again.message
    with pytest.raises(Conflict) as refused:
        room.run("ben", SendMessage(key="k1", room_id=opened.id, text="twice"))
    assert refused.value.field == "key"
    assert room.run("cleo", command).message.number == 2


def test_text_is_kept_in_nfc_and_its_html_is_safe(room: Classroom) -> None:
    opened = room.open("ada")
    message = room.send("ada", opened.id, 'cafe\u0301 <b>&\r\n"it\'s"\tI\u0307')
    assert message.text == 'caf\u00e9 <b>&\n"it\'s"\t\u0130'
    assert message.html == '<p>caf\u00e9 &lt;b&gt;&amp;<br>\n"it\'s"\t\u0130</p>'


@pytest.mark.parametrize("length", [1, 8_000])
def test_text_may_be_as_long_as_this(room: Classroom, length: int) -> None:
    opened = room.open("ada")
    assert len(room.send("ada", opened.id, "\U0001f600" * length).text) == length


@pytest.mark.parametrize(
    "text", ["", " \n\t", "x" * 8_001, "\x00", "a\x1bb", "\ud800", "\x7f", "\x85", 5, None, ["a"], {"a": 1}]
)
def test_text_that_is_none_is_named(text: object) -> None:
    with pytest.raises(ValidationError) as refused:
        SendMessage.model_validate({"key": "k", "room_id": "r", "text": text})
    assert {error["loc"] for error in refused.value.errors()} == {("text",)}


def test_only_others_in_the_room_are_mentioned_each_once(room: Classroom) -> None:
    opened = room.open("ada")
    room.run("cleo", LeaveRoom(room_id=opened.id))
    message = room.send("ada", opened.id, mentions=["ben", "ada", "ben", "cleo", "stranger"])
    assert message.mentions == ["ben"]
    assert room.rooms("ben")[opened.id].mentions == 1
    assert room.events(f"room:{opened.id}")[-1][1]["mentions"] == ["ben"]
    assert room.counts()["chat_mentions"] == 1


@pytest.mark.parametrize("field", ["reply_to", "thread_id"])
def test_a_reply_is_to_a_message_of_the_same_room(room: Classroom, field: str) -> None:
    opened, other = room.open("ada"), room.open("ben", "direct", member_ids=["cleo"])
    hidden = room.send("ben", other.id)
    errors = []
    for message_id in (hidden.id, "nowhere"):
        with pytest.raises(Invalid) as refused:
            room.send("ada", opened.id, **{field: message_id})
        errors.append(refused.value.as_wire())
    assert errors[0] == errors[1]
    assert errors[0]["field"] == field
    first = room.send("ada", opened.id)
    assert getattr(room.send("ben", opened.id, **{field: first.id}), field) == first.id


def test_who_speaks_in_an_open_room_joins_it(room: Classroom) -> None:
    opened = room.open("ada")
    room.run("ben", LeaveRoom(room_id=opened.id))
    room.send("ben", opened.id)
    assert [event for event, _ in room.events(f"room:{opened.id}")] == [
        "member.left",
        "member.joined",
        "message.sent",
    ]
    assert room.rooms("ben")[opened.id].joined


def test_an_edit_with_an_old_version_gets_the_current_message(room: Classroom) -> None:
    opened = room.open("ada")
    message = room.send("ben", opened.id, "first")
    edited = room.edit("ben", message.id, "second", 1)
    assert (edited.version, edited.text, edited.html) == (2, "second", "<p>second</p>")
    assert edited.edited_at is not None
    with pytest.raises(Conflict) as refused:
        room.edit("ben", message.id, "third", 1)
    assert refused.value.field == "version"
    assert refused.value.details == {"message": edited.model_dump(exclude_none=True)}


def test_a_message_that_one_may_not_see_looks_like_none(room: Classroom) -> None:
    hidden = room.send("ben", room.open("ben", "direct", member_ids=["cleo"]).id)
    for kind in ("edit", "delete"):
        errors = []
        for message_id in (hidden.id, "nowhere"):
            command = (
                EditMessage(key="k", message_id=message_id, text="t", version=1)
                if kind == "edit"
                else DeleteMessage(key="k", message_id=message_id)
            )
            with pytest.raises(NotFound) as refused:
                room.run("ada", command)
            errors.append(refused.value.as_wire())
        assert errors[0] == errors[1]
        assert errors[0]["field"] == "message_id"


def test_what_was_taken_back_is_nowhere(room: Classroom) -> None:
    """[LOG5] Not in the tables, not in the log, not among the remembered answers; its place and number stay."""
    opened = room.open("ada")
    room.run(
        "ben", LeaveRoom(room_id=opened.id)
    )  # sending joins again: the answer belongs to the message still
    command = SendMessage(key="k1", room_id=opened.id, text="my secret", mentions=["cleo"])
    message = room.run("ben", command).message
    room.edit("ben", message.id, "my secret, edited", 1)
    assert room.everything().count("secret") > 5
    gone = room.delete("ben", message.id)
    assert "secret" not in room.everything()
    assert (gone.state, gone.text, gone.number, gone.version) == ("deleted", "", 1, 3)
    assert TakenBack("/chat", (f"room:{opened.id}",)) in room.effects
    [shown] = room.history("cleo", opened.id).items
    assert shown == gone
    assert room.rooms("cleo")[opened.id].unread == room.rooms("cleo")[opened.id].mentions == 0
    again = room.run("ben", command)
    assert (again.duplicate, again.message.state, again.message.text) == (True, "deleted", "")
    for who in ("ben", "ada"):
        with pytest.raises(Conflict) as refused:
            room.delete(who, message.id)
        assert refused.value.details is not None
        assert refused.value.details["message"]["state"] == "deleted"


def test_staff_take_back_what_others_said(room: Classroom) -> None:
    message = room.send("ben", room.open("ada").id, "rude")
    with pytest.raises(Forbidden):
        room.delete("cleo", message.id)
    room.delete("ada", message.id)
    [deleted] = [
        event for event in room.logged(f"room:{message.room_id}") if event.event == "message.deleted"
    ]
    assert deleted.actor == "ada"


def test_the_lms_writes_in_a_persons_name_and_in_its_own(room: Classroom) -> None:
    group = room.open("ben", "group", member_ids=["cleo"])
    author = room.do(service.somebody, "ben")
    message = room.send(author, group.id, "for ben")
    assert message.author is not None
    assert (message.author.user_id, message.author.name) == ("ben", "Ben")
    own = room.send(room.lms, group.id, "by the platform")
    assert [item.id for item in room.history(room.lms, group.id).items] == [message.id, own.id]
    with pytest.raises(NotFound) as refused:
        room.do(service.somebody, "nobody")
    assert refused.value.field == "user_id"


@pytest.mark.parametrize("seed", range(8))
def test_the_events_tell_what_a_fresh_read_shows(room: Classroom, seed: int) -> None:
    """[SUB3] Old state + events = new state, whatever happens in between."""
    rng = random.Random(seed)  # noqa: S311 - a life that can be repeated
    opened = room.open("ada", "group", member_ids=["ben", "cleo"], course_id=COURSE)
    for index in range(rng.randrange(5)):
        room.send("ada", opened.id, f"before {index}")
    page = room.history(room.lms, opened.id)
    screen = Screen(room.rooms("ada")[opened.id], page.items)
    for step in range(40):
        _do_something(room, rng, opened.id, step)
    for event in room.logged(f"room:{opened.id}"):
        if event.offset > page.position.offset:
            screen.fold(event)
    fresh = room.rooms("ada")[opened.id]
    shown = [rules.as_told(message) for message in room.history(room.lms, opened.id, limit=100).items]
    assert screen.shown == shown
    assert (screen.title, screen.member_count) == (fresh.title, fresh.member_count)


def _do_something(room: Classroom, rng: random.Random, room_id: str, step: int) -> None:  # noqa: C901 - one case each
    who = rng.choice(["ada", "ben", "cleo"])
    mine = [
        message
        for message in room.history(who, room_id).items
        if message.state == "sent" and message.author and message.author.user_id == who
    ]
    there = [message for message in room.history(who, room_id).items if message.state == "sent"]
    roots = [message for message in room.history(who, room_id).items if message.thread_id is None]
    doings = [
        "send",
        "send",
        "edit",
        "delete",
        "title",
        "people",
        "anonymous",
        "reply",
        "thread",
        "react",
        "pin",
    ]
    match rng.choice(doings):
        case "reply" if there:
            room.send(who, room_id, f"reply {step}", reply_to=rng.choice(there).id)
        case "thread" if roots:
            room.send(who, room_id, f"aside {step}", thread_id=rng.choice(roots).id)
        case "react" if there:
            room.react(
                who, rng.choice(there).id, rng.choice(["\N{THUMBS UP SIGN}", "\N{CAT}"]), on=step % 3 > 0
            )
        case "pin" if there:
            room.pin(who, rng.choice(there).id, on=step % 3 > 0)
        case "send":
            room.send(who, room_id, f"text {step}", mentions=["ada", "ben"])
        case "anonymous":
            room.send(who, room_id, f"text {step}", anonymous=True)
        case "edit" if mine:
            message = rng.choice(mine)
            room.edit(who, message.id, f"edited {step}", message.version)
        case "delete" if mine:
            room.delete(who, rng.choice(mine).id)
        case "title":
            room.run(who, UpdateRoom(key=f"t{step}", room_id=room_id, title=f"Title {step}"))
        case "people":
            room.enrol(COURSE, {f"u{step}": LEARNER})
            room.run("ada", UpdateRoom(key=f"p{step}", room_id=room_id, add_member_ids=[f"u{step}"]))
