"""What waits to leave by email or push quotes nothing to who may not read it any more, however that came about."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from tests.unit.collaboration.drafts import Draft, add_line
from tests.unit.collaboration.study import Study
from tests.unit.collaboration.test_versions import restore
from tests.unit.notifications.inboxes import Inboxes
from tests.unit.notifications.test_notification_chat import open_room, say
from tests.unit.notifications.test_notification_readers import expel

from coursewire.namespaces.chat.contract import LeaveRoom
from coursewire.namespaces.notifications.channels import OutgoingChannels
from coursewire.namespaces.notifications.contract import ReadPreferences, UpdatePreferences
from coursewire.namespaces.notifications.delivery import readers, store
from coursewire.namespaces.notifications.delivery.parcels import Parcel
from coursewire.realtime.transaction import Transaction
from coursewire.vocabulary import new_id

PATH = "/notifications"
WORDS = "the exam is at five"


@pytest.fixture
def study() -> Iterator[Study]:
    study = Study()
    yield study
    study.close()


def mailing(house: Inboxes | Study, *user_ids: str) -> None:
    """Let the node send mails, and these want each at once."""
    ways_out: OutgoingChannels = house.namespaces[PATH].commands[ReadPreferences].args[0]  # type: ignore[union-attr]
    ways_out.configured.add("email")
    if isinstance(house, Inboxes):
        house.channels = ways_out
    kinds = {
        name: {"email": "immediate"} for name in ("message", "announcement", "discussion", "collaboration")
    }
    for user_id in user_ids:
        house.run(user_id, UpdatePreferences.model_validate({"key": new_id(), "categories": kinds}), PATH)


def mails(house: Inboxes | Study) -> dict[str, list[str]]:
    """Return what leaves now, by whom it is for."""

    def leaving(raw: Any) -> list[Parcel]:
        tx = Transaction(raw, PATH, None, house.reactions)
        turns, _ = store.next_in_turn(tx, "email", after="", busy=(), most=100)
        return readers.parcels(tx, store.claim(tx, "email", turns, lease_ms=1_000))

    return {one.claim.user_id: [told.body for told in one.told] for one in house.write(leaving)}


LOSSES: dict[str, tuple[str, str, Callable[[Inboxes, str], object]]] = {
    "taken out of a group": ("group", "@ben @cleo", lambda one, room_id: expel(one, room_id, "ben")),
    "left a group": (
        "group",
        "@ben @cleo",
        lambda one, room_id: one.run("ben", LeaveRoom(key=new_id(), room_id=room_id), "/chat"),
    ),
    "left the course": ("course", "@ben @cleo", lambda one, _: one.unenrol("ben")),
    "left the course that had an announcement": ("announcement", "", lambda one, _: one.unenrol("ben")),
}


@pytest.mark.parametrize("loss", LOSSES)
def test_a_message_leaves_only_to_those_who_may_read_the_room_still(inboxes: Inboxes, loss: str) -> None:
    """[LOG5] [SUB1]"""
    kind, called, lose = LOSSES[loss]
    mailing(inboxes, "ben", "cleo")
    members = {"member_ids": ["ben", "cleo"]} if kind == "group" else {}
    room_id = open_room(inboxes, "ada", kind, **members)
    said = f"{called} {WORDS}".strip()
    say(inboxes, "ada", room_id, said)
    lose(inboxes, room_id)
    assert mails(inboxes) == {"ben": [], "cleo": [said]}


DEMOTIONS: dict[str, tuple[dict[str, str], str, Callable[[Study], object]]] = {
    "is staff no more": ({"visibility": "staff"}, "tom", lambda one: one.enrol({"tom": "learner"})),
    "is in the group no more": (
        {"visibility": "group:red"},
        "ben",
        lambda one: one.put_group("red", ["cleo"]),
    ),
    "left the course": ({}, "ben", lambda one: one.unenrol("ben")),
}


@pytest.mark.parametrize("loss", DEMOTIONS)
def test_a_note_leaves_only_to_those_who_may_see_it_still(study: Study, loss: str) -> None:
    """[ANN1]"""
    audience, who, lose = DEMOTIONS[loss]
    mailing(study, "ada", "tom", "ben", "cleo")
    author = "cleo" if "red" in str(audience) else "ada"
    study.annotate(author, f"@tom @ben {WORDS}", **audience)
    before = {"tom", "ben"} if audience != {"visibility": "staff"} else {"tom"}
    lose(study)
    assert mails(study) == {user_id: [] if user_id == who else [f"@tom @ben {WORDS}"] for user_id in before}


def test_a_version_that_was_brought_back_is_told_to_those_who_may_open_the_document_still(
    study: Study,
) -> None:
    mailing(study, "ben", "cleo")
    draft = Draft(study, "<p>one</p>")
    version = draft.save("ada", "Good")
    for who in ("ben", "cleo"):
        draft.edit(who, add_line(who))
    restore(study, "ada", version)
    study.unenrol("ben")
    told = mails(study)
    assert (told["ben"], len(told["cleo"])) == ([], 1)


def test_what_the_lms_sends_leaves_all_the_same(inboxes: Inboxes) -> None:
    """A grade is theirs, also when the course is over."""
    mailing(inboxes, "ben")
    inboxes.send("ben", category="announcement", course_id="cs101", body="Marked", title="Your grade")
    inboxes.unenrol("ben")
    assert mails(inboxes) == {"ben": ["Marked"]}
