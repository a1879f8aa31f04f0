"""[LOG5] What was taken back in chat is nowhere in notifications, by whatever way it had gone."""

from __future__ import annotations

import pytest
from tests.unit.notifications.inboxes import HOUR, Inboxes
from tests.unit.notifications.test_notification_chat import CHAT, open_room, say

from coursewire.namespaces.chat.contract import DeleteMessage, Message
from coursewire.namespaces.notifications.contract import SnoozeNotification
from coursewire.vocabulary import iso, new_id

SECRET = "what nobody should have said"


def take_back(inboxes: Inboxes, who: str, message: Message) -> None:
    inboxes.run(who, DeleteMessage(key=new_id(), message_id=message.id), CHAT)


def test_the_remembered_answer_to_a_snooze_goes_with_it(inboxes: Inboxes) -> None:
    """Also that of a group: its item has another id than what it says."""
    room_id = open_room(inboxes, "ben", "direct", member_ids=["cleo"])
    say(inboxes, "ben", room_id, "hello")
    message = say(inboxes, "ben", room_id, SECRET)
    [item] = inboxes.items("cleo")
    snooze = SnoozeNotification(key="snooze", id=item.id, until=iso(inboxes.ledger.now + HOUR))
    assert SECRET in str(inboxes.run("cleo", snooze))
    take_back(inboxes, "ben", message)
    again = inboxes.run("cleo", snooze)
    assert again.duplicate
    assert SECRET not in str(again)


def test_a_message_that_no_item_tells_of_any_more_is_taken_from_the_log(inboxes: Inboxes) -> None:
    """One who had it was erased, and the group of the other one has grown past it."""
    room_id = open_room(inboxes, "ada", "course")
    message = say(inboxes, "ada", room_id, SECRET, mentions=["ben", "cleo"])
    say(inboxes, "ada", room_id, "and more", mentions=["cleo"])
    inboxes.erase("ben")
    assert SECRET in str(inboxes.events("cleo"))
    take_back(inboxes, "ada", message)
    assert SECRET not in str(inboxes.events("cleo"))


def test_what_an_erased_person_said_without_a_name_goes_however_much_it_was(
    inboxes: Inboxes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A room is told of the newest only; the notifications of the others go in silence."""
    monkeypatch.setattr("coursewire.namespaces.chat.service.erasure.TOLD_PER_ROOM", 1)
    room_id = open_room(inboxes, "ada", "course")
    say(inboxes, "ben", room_id, SECRET, mentions=["ada"], anonymous=True)
    say(inboxes, "ben", room_id, "the newest")
    inboxes.erase("ben")
    assert SECRET not in str(inboxes.events("ada"))
    assert SECRET not in str(inboxes.items("ada"))
