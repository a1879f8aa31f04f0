"""An edit reaches nobody who may no longer read the room, by whatever way the old words had gone."""

from __future__ import annotations

from typing import Any

import pytest
from tests.unit.notifications.inboxes import COURSE, HOUR, PATH, Inboxes
from tests.unit.notifications.test_notification_chat import CHAT, TAKEN_BACK, open_room, say

from coursewire.namespaces.chat.contract import (
    DeleteMessage,
    EditMessage,
    MessageAddressed,
    ReadersAsked,
    UpdateRoom,
)
from coursewire.namespaces.notifications.contract import SnoozeNotification
from coursewire.vocabulary import iso, new_id

BEFORE, AFTER = "at five", "at six"


def expel(inboxes: Inboxes, room_id: str, *user_ids: str) -> None:
    inboxes.run("ada", UpdateRoom(key=new_id(), room_id=room_id, remove_member_ids=list(user_ids)), CHAT)


def edit(inboxes: Inboxes, message_id: str, text: str = AFTER, version: int = 1) -> None:
    inboxes.run("ada", EditMessage(key=new_id(), message_id=message_id, text=text, version=version), CHAT)


def group(inboxes: Inboxes) -> str:
    return open_room(inboxes, "ada", "group", member_ids=["ben", "cleo"])


def test_the_past_of_a_group_that_has_grown_past_it_is_emptied_too(inboxes: Inboxes) -> None:
    """[LOG5] Their item says something newer, and stays; the log still tells of this one."""
    room_id = group(inboxes)
    first = say(inboxes, "ada", room_id, f"@ben @cleo {BEFORE}")
    say(inboxes, "ada", room_id, "@ben @cleo and bring pens")
    expel(inboxes, room_id, "ben")
    edit(inboxes, first.id)
    assert [item.body for item in inboxes.items("ben")] == ["@ben @cleo and bring pens"]
    (_, was), *_ = inboxes.events("ben")
    assert was["title"] == TAKEN_BACK
    for secret in (BEFORE, AFTER):
        assert secret not in str(inboxes.events("ben"))
    assert AFTER in str(inboxes.events("cleo"))
    inboxes.check_counts()


def test_the_remembered_answer_to_a_snooze_says_nothing_new(inboxes: Inboxes) -> None:
    """[LOG5] Nor does one that was archived or snoozed come back with it."""
    room_id = group(inboxes)
    message = say(inboxes, "ada", room_id, f"@ben @cleo {BEFORE}")
    snooze = {who: SnoozeNotification(key=who, id=inboxes.items(who)[0].id, until=iso(inboxes.ledger.now + HOUR))
              for who in ("ben", "cleo")}  # fmt: skip
    for who, command in snooze.items():
        inboxes.run(who, command)
    expel(inboxes, room_id, "ben")
    edit(inboxes, message.id)
    assert AFTER in str(inboxes.run("cleo", snooze["cleo"]))
    again = inboxes.run("ben", snooze["ben"])
    assert again.duplicate
    assert (again.notification.title, again.notification.body) == (TAKEN_BACK, "")
    assert inboxes.items("ben", state="snoozed") == []
    inboxes.ledger.now += HOUR
    inboxes.work_off()
    assert inboxes.items("ben") == []
    assert [item.body for item in inboxes.items("cleo")] == [AFTER]
    inboxes.check_counts()


def test_who_loses_an_item_hears_that_it_has_ended(inboxes: Inboxes) -> None:
    """As of one whose time is over: a page that shows it takes it out."""
    room_id = group(inboxes)
    message = say(inboxes, "ada", room_id, f"@ben @cleo {BEFORE}")
    expel(inboxes, room_id, "ben")
    edit(inboxes, message.id)
    ended = iso(inboxes.ledger.now)
    name, data = inboxes.events("ben")[-1]
    assert (name, data["title"], data["expires_at"]) == (
        "notification.changed", TAKEN_BACK, ended,
    )  # fmt: skip
    assert "expires_at" not in inboxes.events("cleo")[-1][1]


def test_no_mail_leaves_with_it(inboxes: Inboxes) -> None:
    """Also where the mail is all: an item that its owner wants elsewhere only."""
    follow: Any = inboxes.namespaces[PATH].reactions[MessageAddressed]
    follow.args[0].configured.update(["email"])
    for who in ("ben", "cleo"):
        inboxes.prefer(who, categories={"message": {"in_app": "off", "email": "immediate"}})
    room_id = group(inboxes)
    message = say(inboxes, "ada", room_id, f"@ben @cleo {BEFORE}")
    assert {row.user_id for row in inboxes.outgoing()} == {"ben", "cleo"}
    expel(inboxes, room_id, "ben")
    edit(inboxes, message.id)
    assert {row.user_id for row in inboxes.outgoing()} == {"cleo"}
    assert {item.user_id for item in inboxes.rows()} == {"cleo"}
    assert inboxes.events("ben") == []


def test_a_deletion_takes_it_away_from_them_as_well(inboxes: Inboxes) -> None:
    room_id = group(inboxes)
    message = say(inboxes, "ada", room_id, f"@ben @cleo {BEFORE}")
    expel(inboxes, room_id, "ben")
    inboxes.run("ada", DeleteMessage(key=new_id(), message_id=message.id), CHAT)
    assert inboxes.items("ben") == []
    assert [item.title for item in inboxes.items("cleo")] == [TAKEN_BACK]
    assert BEFORE not in str(inboxes.events("ben"))
    inboxes.check_counts()


def test_who_is_back_reads_the_next_edit(inboxes: Inboxes) -> None:
    """The right of now decides, not that of then."""
    room_id = group(inboxes)
    message = say(inboxes, "ada", room_id, f"@ben @cleo {BEFORE}")
    expel(inboxes, room_id, "ben")
    inboxes.run("ada", UpdateRoom(key=new_id(), room_id=room_id, add_member_ids=["ben"]), CHAT)
    edit(inboxes, message.id)
    assert [item.body for item in inboxes.items("ben")] == [AFTER]


def test_of_many_none_is_told_who_has_lost_the_right(
    inboxes: Inboxes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before the content says anything new all of them lose it; who loses the right on its way there, then."""
    monkeypatch.setattr("coursewire.namespaces.notifications.store.SLICE", 2)
    monkeypatch.setattr("coursewire.namespaces.notifications.service.delivering.AT_ONCE", 2)
    learners = [f"student-{number}" for number in range(6)]
    inboxes.enrol(dict.fromkeys(learners, "learner"))
    room_id = open_room(inboxes, "ada", "announcement", title="News")
    message = say(inboxes, "ada", room_id, BEFORE)
    for who in ("student-0", "student-3"):
        inboxes.unenrol(who)
    edit(inboxes, message.id)
    assert {item.user_id for item in inboxes.rows()} == {"ben", "cleo", *learners} - {
        "student-0",
        "student-3",
    }
    inboxes.unenrol("student-5")
    inboxes.work_off()
    for who in ("ben", "cleo", *learners):
        [_, (_, changed)] = inboxes.events(who)
        lost = who in {"student-0", "student-3", "student-5"}
        assert (changed["title"], changed["body"]) == ((TAKEN_BACK, "") if lost else ("News", AFTER))
        assert [item.body for item in inboxes.items(who)] == ([] if lost else [AFTER])
    inboxes.check_counts()


def test_chat_says_who_may_read_a_room_now(inboxes: Inboxes) -> None:
    """Members; everybody enrolled, in the open rooms of a course; of a room that is not there, nobody."""
    people = ("ada", "ben", "cleo", "eve")
    inboxes.enrol({"eve": "learner"}, "math")

    def readers(room_id: str) -> set[str]:
        asked = ReadersAsked(room_id, people)
        inboxes.do(lambda tx: tx.tell(asked))
        return asked.may_read

    private = open_room(inboxes, "ada", "group", member_ids=["ben"])
    open_to_all = open_room(inboxes, "ada", "discussion", course_id=COURSE)
    assert readers(private) == {"ada", "ben"}
    assert readers(open_to_all) == {"ada", "ben", "cleo"}
    expel(inboxes, private, "ben")
    inboxes.unenrol("ben")
    assert readers(private) == {"ada"}
    assert readers(open_to_all) == {"ada", "cleo"}
    assert readers("none") == set()
