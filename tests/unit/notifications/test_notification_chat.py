"""What chat says becomes a notification, in the transaction of the message, and is taken back with it."""

from __future__ import annotations

from typing import Any

import pytest
from tests.unit.notifications.inboxes import COURSE, Inboxes

from coursewire.namespaces.chat.contract import (
    DeleteMessage,
    EditMessage,
    Message,
    ModerateRoom,
    OpenRoom,
    SendMessage,
)
from coursewire.namespaces.notifications.contract import ReadPreferences
from coursewire.vocabulary import new_id

CHAT = "/chat"
TAKEN_BACK = "A message was taken back"


def open_room(inboxes: Inboxes, who: str, kind: str, **fields: Any) -> str:
    if kind not in {"direct", "group"}:
        fields.setdefault("course_id", COURSE)
    command = OpenRoom.model_validate({"key": new_id(), "kind": kind, **fields})
    room_id: str = inboxes.run(who, command, CHAT).room.id
    return room_id


def say(inboxes: Inboxes, who: str, room_id: str, text: str, **fields: Any) -> Message:
    command = SendMessage.model_validate({"key": new_id(), "room_id": room_id, "text": text, **fields})
    message: Message = inboxes.run(who, command, CHAT).message
    inboxes.work_off()
    return message


def test_a_direct_message_tells_the_other_one(inboxes: Inboxes) -> None:
    room_id = open_room(inboxes, "ben", "direct", member_ids=["cleo"])
    message = say(inboxes, "ben", room_id, "Are **you** there?")
    [item] = inboxes.items("cleo")
    assert (item.title, item.body, item.category) == ("Ben wrote to you", "Are you there?", "message")
    assert item.actor is not None
    assert item.actor.user_id == "ben"
    assert item.action is not None
    assert item.action.url == f"/chat?room={room_id}&message={message.id}"
    assert inboxes.items("ben") == []


def test_messages_of_one_room_are_one_item(inboxes: Inboxes) -> None:
    room_id = open_room(inboxes, "ben", "direct", member_ids=["cleo"])
    for text in ("one", "two", "three"):
        say(inboxes, "ben", room_id, text)
    [item] = inboxes.items("cleo")
    assert (item.body, item.group_count, item.group_key) == ("three", 3, f"chat:{room_id}")
    inboxes.check_counts()


def test_a_mention_tells_whom_it_calls_and_nobody_else(inboxes: Inboxes) -> None:
    room_id = open_room(inboxes, "ada", "course", title="Lectures")
    say(inboxes, "ben", room_id, "hello all")
    say(inboxes, "ben", room_id, "look at this", mentions=["ada"])
    [item] = inboxes.items("ada")
    assert (item.title, item.priority) == ("Ben mentioned you in Lectures", "high")
    assert inboxes.items("cleo") == []


def test_a_course_at_mentions_lets_a_mention_through(inboxes: Inboxes) -> None:
    inboxes.prefer("ada", courses={COURSE: "mentions"})
    room_id = open_room(inboxes, "ada", "course", title="Lectures")
    say(inboxes, "ben", room_id, "look", mentions=["ada"])
    assert len(inboxes.items("ada")) == 1
    inboxes.send(audience={"course_id": COURSE}, title="For all")
    assert len(inboxes.items("ada")) == 1


def test_an_anonymous_mention_names_nobody(inboxes: Inboxes) -> None:
    room_id = open_room(inboxes, "ada", "course", title="Lectures")
    say(inboxes, "ben", room_id, "who am I?", mentions=["ada"], anonymous=True)
    [item] = inboxes.items("ada")
    assert (item.title, item.actor) == ("Somebody mentioned you in Lectures", None)
    assert "ben" not in str(inboxes.events("ada")).lower()


def test_an_announcement_reaches_the_course_but_not_its_author(inboxes: Inboxes) -> None:
    room_id = open_room(inboxes, "ada", "announcement", title="News")
    say(inboxes, "ada", room_id, "The exam is on *Friday*.")
    assert inboxes.items("ada") == []
    for who in ("ben", "cleo"):
        [item] = inboxes.items(who)
        assert (item.title, item.category) == ("News", "announcement")
        assert "<em>Friday</em>" in item.html


def test_a_message_that_fails_tells_nobody(inboxes: Inboxes, monkeypatch: pytest.MonkeyPatch) -> None:
    """[LOG1]"""
    room_id = open_room(inboxes, "ben", "direct", member_ids=["cleo"])

    def fails(*_: Any, **__: Any) -> None:
        raise LookupError

    monkeypatch.setattr("coursewire.log.remember", fails)
    with pytest.raises(LookupError):
        say(inboxes, "ben", room_id, "lost")
    assert inboxes.rows() == []
    assert inboxes.events("cleo") == []


def test_what_was_said_is_taken_back_with_the_message(inboxes: Inboxes) -> None:
    """[LOG5] In the inbox, in the log, and with an event for those who have it before them."""
    room_id = open_room(inboxes, "ben", "direct", member_ids=["cleo"])
    first = say(inboxes, "ben", room_id, "an old secret")
    second = say(inboxes, "ben", room_id, "the new secret")
    inboxes.run("ben", DeleteMessage(key=new_id(), message_id=second.id), CHAT)
    assert [(item.title, item.body, item.html) for item in inboxes.items("cleo")] == [(TAKEN_BACK, "", "")]
    events = inboxes.events("cleo")
    assert "new secret" not in str(events)
    assert "an old secret" in str(events)
    assert [name for name, _ in events] == ["notification.created"] + ["notification.changed"] * 2
    inboxes.run("ben", DeleteMessage(key=new_id(), message_id=first.id), CHAT)
    assert "secret" not in str(inboxes.events("cleo"))
    inboxes.check_counts()


def test_an_edit_changes_what_is_quoted(inboxes: Inboxes) -> None:
    room_id = open_room(inboxes, "ben", "direct", member_ids=["cleo"])
    message = say(inboxes, "ben", room_id, "at five")
    inboxes.run("ben", EditMessage(key=new_id(), message_id=message.id, text="at six", version=1), CHAT)
    assert [item.body for item in inboxes.items("cleo")] == ["at six"]
    assert "at five" not in str(inboxes.events("cleo"))


def test_what_is_hidden_is_not_quoted_until_it_is_shown_again(inboxes: Inboxes) -> None:
    """[LOG5]"""
    room_id = open_room(inboxes, "ada", "course", title="Lectures")
    message = say(inboxes, "ben", room_id, "a rude word", mentions=["cleo"])
    for action, quoted in (("hide", ""), ("restore", "a rude word")):
        command = {"key": new_id(), "room_id": room_id, "action": action, "message_id": message.id}
        inboxes.run("ada", ModerateRoom.model_validate(command), CHAT)
        [item] = inboxes.items("cleo")
        assert item.body == quoted
        assert ("rude" in str(inboxes.events("cleo"))) is bool(quoted)
    assert item.title == "Ben wrote a message"


def test_an_announcement_that_is_taken_back_on_its_way_reaches_nobody_else(
    inboxes: Inboxes, monkeypatch: pytest.MonkeyPatch
) -> None:
    room_id = open_room(inboxes, "ada", "announcement", title="News")
    with monkeypatch.context() as patch:
        patch.setattr(inboxes, "work_off", lambda: None)
        message = say(inboxes, "ada", room_id, "No lecture tomorrow")
    inboxes.run("ada", DeleteMessage(key=new_id(), message_id=message.id), CHAT)
    inboxes.work_off()
    assert inboxes.rows() == []


def test_of_many_who_have_it_all_are_told(inboxes: Inboxes, monkeypatch: pytest.MonkeyPatch) -> None:
    """A slice at once, the others by the background; each of them once."""
    monkeypatch.setattr("coursewire.namespaces.notifications.store.SLICE", 2)
    monkeypatch.setattr("coursewire.namespaces.notifications.service.delivering.AT_ONCE", 2)
    learners = [f"student-{number}" for number in range(5)]
    inboxes.enrol(dict.fromkeys(learners, "learner"))
    room_id = open_room(inboxes, "ada", "announcement", title="News")
    message = say(inboxes, "ada", room_id, "No lecture tomorrow")
    inboxes.run("ada", DeleteMessage(key=new_id(), message_id=message.id), CHAT)
    assert all("No lecture" not in str(inboxes.events(who)) for who in learners)
    assert [len(inboxes.events(who)) for who in ("ben", "cleo", *learners)] == [2, 2, 1, 1, 1, 1, 1]
    inboxes.work_off()
    for who in ("ben", "cleo", *learners):
        assert [name for name, _ in inboxes.events(who)] == ["notification.created", "notification.changed"]
        assert inboxes.events(who)[-1][1]["title"] == TAKEN_BACK


def test_of_an_erased_person_nothing_is_left(inboxes: Inboxes) -> None:
    """[LOG5] Neither their own inbox, nor what others were told of them."""
    inboxes.channels.configured.update(["email", "push"])
    room_id = open_room(inboxes, "ben", "direct", member_ids=["cleo"])
    say(inboxes, "ben", room_id, "it was me")
    say(inboxes, "cleo", room_id, "I know")
    inboxes.send("ben", "cleo", title="For both", dedupe_key="d")
    inboxes.prefer("ben", least_priority="high")
    inboxes.erase("ben")
    assert {item.user_id for item in inboxes.rows()} == {"cleo"}
    assert sorted(item.title for item in inboxes.items("cleo")) == [TAKEN_BACK, "For both"]
    assert "Ben" not in str(inboxes.events("cleo"))
    assert "it was me" not in str(inboxes.events("cleo"))
    assert inboxes.events("ben") == []
    assert {row.user_id for row in inboxes.outgoing()} == {"cleo"}
    assert inboxes.run("ben", ReadPreferences()).preferences.least_priority == "low"
    inboxes.check_counts()


def test_an_erased_person_is_not_reached_by_what_is_on_its_way(
    inboxes: Inboxes, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(inboxes, "work_off", lambda: None)
        inboxes.send("ada", "ben", "cleo")
    inboxes.erase("ben")
    inboxes.work_off()
    assert sorted(item.user_id for item in inboxes.rows()) == ["ada", "cleo"]
