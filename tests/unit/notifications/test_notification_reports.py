"""A report in chat tells the staff of the course, and nobody else."""

from __future__ import annotations

from typing import Any

from tests.unit.notifications.inboxes import COURSE, Inboxes
from tests.unit.notifications.test_notification_chat import CHAT, open_room, say

from coursewire.namespaces.chat.contract import DeleteMessage, Message, ReportMessage, UpdateRoom
from coursewire.vocabulary import new_id


def report(inboxes: Inboxes, who: str, message: Message, reason: Any = "harassment", **fields: Any) -> None:
    inboxes.run(who, ReportMessage(key=new_id(), message_id=message.id, reason=reason, **fields), CHAT)


def a_course(inboxes: Inboxes) -> str:
    """Return a room of a course with two of its staff; Dan only helps."""
    inboxes.enrol({"dan": "teaching_assistant"})
    inboxes.enrol({"eve": "instructor"}, "math")
    return open_room(inboxes, "ada", "course", title="Lectures")


def test_staff_of_the_course_are_told_and_nobody_is_named(inboxes: Inboxes) -> None:
    room_id = a_course(inboxes)
    message = say(inboxes, "ben", room_id, "a rude word")
    report(inboxes, "cleo", message, note="he always does that")
    for who in ("ada", "dan"):
        [item] = inboxes.items(who)
        assert (item.title, item.body) == ("A message was reported in Lectures", "Hurts or threatens")
        assert (item.category, item.course_id, item.actor) == ("discussion", COURSE, None)
        assert item.group_key == f"chat-reports:{room_id}"
        assert item.action is not None
        assert item.action.url == f"/chat?room={room_id}&message={message.id}"
        told = str(inboxes.events(who))
        for secret in ("cleo", "Cleo", "ben", "Ben", "rude", "always"):
            assert secret not in told
    for who in ("ben", "cleo", "eve"):
        assert inboxes.events(who) == []
    inboxes.check_counts()


def test_reports_of_one_room_are_one_item_that_counts(inboxes: Inboxes) -> None:
    room_id, other = a_course(inboxes), open_room(inboxes, "ada", "discussion", title="Break")
    for number in range(3):
        report(inboxes, "cleo", say(inboxes, "ben", room_id, f"number {number}"), reason="spam")
    report(inboxes, "cleo", say(inboxes, "ben", other, "there as well"))
    found = {item.group_key: (item.group_count, item.body) for item in inboxes.items("ada")}
    assert found == {
        f"chat-reports:{room_id}": (3, "Spam"),
        f"chat-reports:{other}": (1, "Hurts or threatens"),
    }


def test_the_same_report_again_tells_nobody_again(inboxes: Inboxes) -> None:
    room_id = a_course(inboxes)
    message = say(inboxes, "ben", room_id, "hm")
    for _ in range(2):
        report(inboxes, "cleo", message)
    assert [item.group_count for item in inboxes.items("ada")] == [1]


def test_staff_who_wrote_it_or_reported_it_are_not_told(inboxes: Inboxes) -> None:
    """Also of an anonymous message: its author is the last to hear of a report."""
    room_id = a_course(inboxes)
    report(inboxes, "cleo", say(inboxes, "ada", room_id, "who am I?", anonymous=True))
    assert (inboxes.items("ada"), len(inboxes.items("dan"))) == ([], 1)
    report(inboxes, "ada", say(inboxes, "ben", room_id, "hm"))
    assert (inboxes.items("ada"), inboxes.items("dan")[0].group_count) == ([], 2)


def test_of_a_private_room_staff_get_the_list_and_no_way_in(inboxes: Inboxes) -> None:
    a_course(inboxes)
    room_id = open_room(inboxes, "ben", "group", course_id=COURSE, member_ids=["cleo"], title="Us")
    report(inboxes, "cleo", say(inboxes, "ben", room_id, "in private"))
    [item] = inboxes.items("ada")
    assert item.action is not None
    assert item.action.url == "/chat?reports=open"


def test_rooms_without_a_course_have_no_staff_to_tell(inboxes: Inboxes) -> None:
    """Neither those whom they meet elsewhere, nor staff who are in the group itself."""
    a_course(inboxes)
    for room_id in (
        open_room(inboxes, "ben", "direct", member_ids=["cleo"]),
        open_room(inboxes, "ada", "group", member_ids=["ben", "cleo"]),
    ):
        report(inboxes, "cleo", say(inboxes, "ben", room_id, "in private"))
    assert inboxes.items("ada") == []
    assert inboxes.items("dan") == []


def test_it_says_the_same_when_the_message_does_not(inboxes: Inboxes) -> None:
    """[LOG5] It quotes nothing, so nothing of it is to be taken back."""
    room_id = a_course(inboxes)
    message = say(inboxes, "ben", room_id, "a rude word")
    report(inboxes, "cleo", message)
    before = inboxes.events("ada")
    inboxes.run("ada", DeleteMessage(key=new_id(), message_id=message.id), CHAT)
    assert inboxes.events("ada") == before


def test_many_staff_are_told_slice_by_slice(inboxes: Inboxes, monkeypatch: Any) -> None:
    monkeypatch.setattr("coursewire.namespaces.notifications.store.SLICE", 2)
    room_id = a_course(inboxes)
    staff = [f"tutor-{number}" for number in range(5)]
    inboxes.enrol(dict.fromkeys(staff, "teaching_assistant"))
    inboxes.run("ada", UpdateRoom(key=new_id(), room_id=room_id, title="Labs"), CHAT)
    report(inboxes, "cleo", say(inboxes, "ben", room_id, "hm"))
    for who in ("ada", "dan", *staff):
        assert [item.title for item in inboxes.items(who)] == ["A message was reported in Labs"]
    inboxes.check_counts()
