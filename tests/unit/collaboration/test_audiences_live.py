"""Which channels of a document are for somebody, while groups and roles change."""

from __future__ import annotations

import asyncio

from tests.unit.collaboration.reading_room import COURSE, ReadingRoom, Writer
from tests.unit.realtime.house import Clock

from coursewire.identity import groups
from coursewire.namespaces.collaboration.service.contents import Contents
from coursewire.realtime.transaction import Transaction


async def group(room: ReadingRoom, group_id: str, *user_ids: str) -> None:
    """Let the LMS say who is in a group."""

    def work(tx: Transaction) -> None:
        for fact in groups.put_group(tx.raw, COURSE, group_id, user_ids):
            tx.tell(fact)

    await room.write(work)


def told(writer: Writer) -> list[list[str]]:
    """Return the channels of each report, without the document that they belong to."""
    document = f"document:{writer.document_id}"
    reports = writer.guest.named("document.channels")
    assert {(one.meta["channel"], one.data["document_id"]) for one in reports} <= {
        (f"user:{writer.user}", writer.document_id)
    }
    return [[name.removeprefix(document) for name in one.data["channels"]] for one in reports]


async def test_who_comes_into_a_group_is_told_of_its_channel(room: ReadingRoom) -> None:
    """[FAN4] [ANN1] And hears it from then on; who was in it already, and staff, who hear all, are told nothing."""
    await group(room, "red", "cleo")
    document_id = await room.document()
    ada, ben, cleo = [await room.come(user) for user in ("ada", "ben", "cleo")]
    for writer in (ada, ben, cleo):
        await writer.open(document_id)
    await group(room, "red", "cleo", "ben", "ada")
    await ben.guest.event("document.channels")
    assert told(ben) == [["", ":group:red"]]
    await ben.ask("subscribe", channel=f"document:{document_id}:group:red")
    await group(room, "red", "cleo", "ada")
    await ben.guest.event("channel.closed")
    assert [one.meta["channel"] for one in ben.guest.named("channel.closed")] == [
        f"document:{document_id}:group:red"
    ]
    await Clock(room.house).advance(1)
    assert told(ben)[1:] == [[""]]
    assert (told(ada), told(cleo)) == ([], [])


async def test_who_becomes_staff_or_is_it_no_more_is_told_of_the_channels(room: ReadingRoom) -> None:
    """[FAN4] [ANN1] Also where the mode stays the same; who is of the staff needs no channel of a group."""
    await group(room, "red", "ben")
    document_id = await room.document()
    ben = await room.come("ben")
    await ben.open(document_id)
    clock = Clock(room.house)
    await room.change_role("ben", "teaching_assistant")
    await clock.advance(1)
    await room.change_role("ben", "learner")
    await clock.advance(1)
    assert told(ben) == [["", ":staff"], ["", ":group:red"]]
    assert ben.guest.named("document.mode") == []


async def test_a_report_is_forgotten_once_it_was_sent(room: ReadingRoom) -> None:
    """[SUB1] Who comes later is not told what was so then."""
    document_id = await room.document()
    ben = await room.come("ben")
    await ben.open(document_id)
    await group(room, "red", "ben")
    await ben.guest.event("document.channels")
    second = await room.come("ben")
    await room.settle()
    assert second.guest.named("document.channels") == []


async def test_a_group_that_changes_while_a_document_is_opened_has_it_opened_again(room: ReadingRoom) -> None:
    """[SUB1] What is not listened to would never be missed. The next opening has all of it."""
    document_id = await room.document()
    ben = await room.come("ben")
    load, may_load = room.rooms._load, asyncio.Event()

    async def slowly(document_id: str) -> Contents:
        await may_load.wait()
        return await load(document_id)

    room.rooms._load = slowly  # type: ignore[method-assign]
    opening = asyncio.ensure_future(ben.open_refused(document_id))
    await room.settle()
    await group(room, "red", "ben")
    await room.settle()
    may_load.set()
    error = await opening
    assert (error["code"], error["retryable"]) == ("unavailable", True)
    opened = await ben.open(document_id)
    assert set(opened["positions"]) == {f"document:{document_id}", f"document:{document_id}:group:red"}
    assert [one["user_id"] for one in opened["participants"]] == ["ben"]
