"""Whoever may no longer read a room hears of no edit in it: not live, not in the inbox, not in what is replayed."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from typing import NamedTuple

import pytest
from tests.fault.plain_client import Json, PlainClient
from tests.integration.chat_campus import COURSE, Campus, Person, campus
from tests.integration.notification_campus import come, hear

from coursewire.vocabulary import new_id

BEFORE, AFTER = "the exam is at five", "the exam is at six"
TAKEN_BACK = "A message was taken back"


@pytest.fixture
async def site() -> AsyncIterator[Campus]:
    async with campus() as site:
        yield site


@pytest.fixture
async def stack() -> AsyncIterator[AsyncExitStack]:
    async with AsyncExitStack() as stack:
        yield stack


class Classroom(NamedTuple):
    """Ada says something; Ben, who is to lose the right, and Cleo, who keeps it, are told."""

    site: Campus
    ada: Person
    ben: Person
    room_id: str
    message: Json


async def _expelled(room: Classroom) -> None:
    await room.ada.do("room.update", key=new_id(), room_id=room.room_id, remove_member_ids=["ben"])


async def _left(room: Classroom) -> None:
    await room.ben.do("room.leave", key=new_id(), room_id=room.room_id)


async def _unenrolled(room: Classroom) -> None:
    reply = await room.site.lms.delete(f"/v1/courses/{COURSE}/members/ben")
    assert reply.status_code == 200


async def _off_the_roster(room: Classroom) -> None:
    members = [{"user_id": who, "name": who.title(), "roles": ["learner"]} for who in ("ada", "cleo")]
    members[0]["roles"] = ["instructor"]
    reply = await room.site.lms.put(f"/v1/courses/{COURSE}/members?replace=true", json={"members": members})
    assert reply.status_code == 200


GROUP: Json = {"kind": "group", "member_ids": ["ben", "cleo"]}
LOSSES: dict[str, tuple[Json, str, Callable[[Classroom], Awaitable[None]]]] = {
    "taken out of a group": (GROUP, f"@ben @cleo {BEFORE}", _expelled),
    "left a group": (GROUP, f"@room {BEFORE}", _left),
    "taken out of the group of a course": ({**GROUP, "course_id": COURSE}, f"@ben @cleo {BEFORE}", _expelled),
    "left the course, so its group": ({**GROUP, "course_id": COURSE}, f"@room {BEFORE}", _unenrolled),
    "left the course": ({"kind": "course"}, f"@ben @cleo {BEFORE}", _unenrolled),
    "left the course, as all others": ({"kind": "discussion"}, f"@room {BEFORE}", _off_the_roster),
    "left the course that had an announcement": ({"kind": "announcement"}, BEFORE, _unenrolled),
}


async def _told(site: Campus, stack: AsyncExitStack, loss: str) -> tuple[Classroom, PlainClient, PlainClient]:
    ada, ben = await site.come("ada"), await site.come("ben")
    of_ben, of_cleo = await come(stack, site, "ben"), await come(stack, site, "cleo")
    opened, text, lose = LOSSES[loss]
    room = await ada.open(**opened)
    message = await ada.send(room["id"], text)
    for inbox in (of_ben, of_cleo):
        item, _ = await hear(inbox, "notification.created")
        assert BEFORE in item["body"]
    classroom = Classroom(site, ada, ben, room["id"], message)
    await lose(classroom)
    return classroom, of_ben, of_cleo


async def _replayed(site: Campus, stack: AsyncExitStack, user_id: str) -> list[Json]:
    """Return all that a new tab is told of somebody's past."""
    tab = await come(stack, site, user_id)
    position = (await tab.ask("notification.list"))["position"]
    again = await come(stack, site, user_id, resume={f"user:{user_id}": {**position, "offset": 0}})
    return [data for name, data, _ in again.events if name.startswith("notification.")]


@pytest.mark.parametrize("loss", LOSSES)
async def test_an_edit_reaches_only_those_who_may_read_the_room(
    site: Campus, stack: AsyncExitStack, loss: str
) -> None:
    """[LOG5] [SUB1] Theirs is taken away, with the counts, in the past as well; the others read the edit."""
    room, ben, cleo = await _told(site, stack, loss)
    edit = {"message_id": room.message["id"], "text": AFTER, "version": 1}
    await room.ada.do("message.edit", key=new_id(), **edit)

    changed, _ = await hear(cleo, "notification.changed")
    assert changed["body"] == AFTER
    assert [item["body"] for item in (await cleo.ask("notification.list"))["items"]] == [AFTER]
    assert (await cleo.ask("notification.list"))["counts"]["unread"] == 1

    gone, meta = await hear(ben, "notification.changed")
    assert (gone["title"], gone["body"], gone["html"]) == (TAKEN_BACK, "", "")
    assert gone["expires_at"] == meta["at"]
    assert "actor" not in gone
    await hear(ben, "counts.changed", lambda counts: counts["unread"] == 0)
    page = await ben.ask("notification.list")
    assert (page["items"], page["counts"]["unread"], page["counts"]["unseen"]) == ([], 0, 0)
    for state in ("archived", "snoozed"):
        assert (await ben.ask("notification.list", filter={"state": state}))["items"] == []
    past = await _replayed(site, stack, "ben")
    assert [data["title"] for data in past] == [TAKEN_BACK, TAKEN_BACK]
    assert AFTER not in str(ben.events)


async def test_what_is_shown_again_is_shown_to_those_who_may_read(
    site: Campus, stack: AsyncExitStack
) -> None:
    """[LOG5] Hidden, it is taken from all; shown again, it comes back to those who are there."""
    ben, cleo = await come(stack, site, "ben"), await come(stack, site, "cleo")
    ada = await site.come("ada")
    room = await ada.open("course")
    message = await ada.send(room["id"], f"@ben @cleo {BEFORE}")
    for inbox in (ben, cleo):
        await hear(inbox, "notification.created")
    moderate = {"room_id": room["id"], "message_id": message["id"]}
    await ada.do("room.moderate", key=new_id(), action="hide", **moderate)
    for inbox in (ben, cleo):
        await hear(inbox, "notification.changed", lambda data: data["title"] == TAKEN_BACK)
    await site.lms.delete(f"/v1/courses/{COURSE}/members/ben")
    await ada.do("room.moderate", key=new_id(), action="restore", **moderate)
    await hear(cleo, "notification.changed", lambda data: BEFORE in data["body"])
    await hear(ben, "notification.changed", lambda data: "expires_at" in data)
    assert (await ben.ask("notification.list"))["items"] == []
    assert BEFORE not in str(await _replayed(site, stack, "ben"))
    assert BEFORE in str(await _replayed(site, stack, "cleo"))


async def test_who_has_left_an_open_room_may_read_it_and_the_edit(
    site: Campus, stack: AsyncExitStack
) -> None:
    """Being a member is one thing, being enrolled another: the right decides."""
    ada, ben = await site.come("ada"), await site.come("ben")
    inbox = await come(stack, site, "ben")
    room = await ada.open("course")
    message = await ada.send(room["id"], f"@ben {BEFORE}")
    await hear(inbox, "notification.created")
    await ben.do("room.leave", key=new_id(), room_id=room["id"])
    await ada.do("message.edit", key=new_id(), message_id=message["id"], text=AFTER, version=1)
    changed, _ = await hear(inbox, "notification.changed")
    assert changed["body"] == AFTER


async def test_a_reply_to_somebody_who_was_taken_out_is_edited_without_them(
    site: Campus, stack: AsyncExitStack
) -> None:
    """Their answer had come; what it was made into does not."""
    ada, ben = await site.come("ada"), await site.come("ben")
    inbox = await come(stack, site, "ben")
    room = await ada.open(**GROUP)
    asked = await ben.send(room["id"], "when is it?")
    reply = await ada.send(room["id"], BEFORE, reply_to=asked["id"])
    await hear(inbox, "notification.created")
    await ada.do("room.update", key=new_id(), room_id=room["id"], remove_member_ids=["ben"])
    await ada.do("message.edit", key=new_id(), message_id=reply["id"], text=AFTER, version=1)
    await hear(inbox, "notification.changed", lambda data: "expires_at" in data)
    assert AFTER not in str(inbox.events)
    assert (await inbox.ask("notification.list"))["items"] == []
