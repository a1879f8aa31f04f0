"""Documents opened without end, or opened and closed in quick turns: bounded, with reasons; nobody else notices."""

from __future__ import annotations

import asyncio

import pytest
from tests.unit.collaboration.reading_room import PATH, ReadingRoom, Writer
from tests.unit.realtime.guest import Json
from tests.unit.realtime.house import LIMITS, Clock

from coursewire.namespaces.collaboration.rooms import rooms
from coursewire.namespaces.collaboration.rooms.rooms import Rooms

TURNS = 30


def say_open(writer: Writer, document_id: str) -> int:
    """Ask for a document, and wait for nothing."""
    payload = {"document_id": document_id, "client_id": writer.doc.client_id}
    return writer.guest.say("document.open", payload, PATH, others=(writer.doc.get_state(),))


def nothing_is_left(room: ReadingRoom) -> None:
    """Of nobody who was here is anything kept, and no document when they have rested."""
    assert [len(one.company.people) for one in room.rooms._rooms.values() if one.is_busy] == []
    assert room.rooms._grants == {}
    assert room.house.hub.channel_count == 0
    room.rooms.let_go(asyncio.get_running_loop().time() + 1)
    assert (room.rooms._rooms, room.rooms._buckets) == ({}, {})


async def test_one_socket_opens_as_many_as_it_may_listen_to(room: ReadingRoom) -> None:
    """[FAN3] [DOC2] Each further one is refused with a reason, and takes no place; what was open goes on."""
    ids = [await room.document() for _ in range(LIMITS.subscriptions // 2 + 20)]
    ada, ben = await room.come("ada"), await room.come("ben")
    await ben.open(ids[0])
    answers = [await ada.guest.answer(say_open(ada, one)) for one in ids]
    opened = [one for one, answer in zip(ids, answers, strict=True) if answer["ok"]]
    # Staff listen to two channels of each, and to one of their own.
    assert opened == ids[: (LIMITS.subscriptions - 1) // 2]
    errors = [answer["error"] for answer in answers[len(opened) :]]
    assert {(error["code"], error["retryable"]) for error in errors} == {("too_large", False)}
    assert set(room.rooms._rooms) == set(opened)
    await ben.type("undisturbed")
    ada.document_id = ids[0]
    ada.doc.apply_update(answers[0]["data"]["update"])
    await ada.reads("undisturbed")
    await ada.ask("document.close", document_id=ids[0])
    assert (await ada.guest.answer(say_open(ada, ids[-1])))["ok"]
    ada.guest.vanish()
    ben.guest.vanish()
    await room.settle()
    nothing_is_left(room)


async def heard_of_ben(room: ReadingRoom, writer: Writer) -> list[Json]:
    """What somebody was told of Ben's coming and going, when all is told."""
    await Clock(room.house).advance(2)
    return [one for one in writer.people() if one["user_id"] == "ben"]


async def test_opening_and_closing_in_quick_turns_leaves_what_the_last_one_said(room: ReadingRoom) -> None:
    """[CMD1] [DOC9] In the order in which they were said, answered each; others hear where it has ended."""
    ids = [await room.document() for _ in range(2)]
    ada, ben = await room.come("ada"), await room.come("ben")
    await ada.open(ids[0])
    acks = []
    for turn in range(TURNS):
        acks.append(say_open(ben, ids[turn % 2]))
        acks.append(ben.guest.say("document.close", {"document_id": ids[turn % 2]}, PATH))
        if turn % 3 == 0:  # what nobody is in is let go in between
            room.rooms.let_go(asyncio.get_running_loop().time() + 1)
    assert [(await ben.guest.answer(ack))["ok"] for ack in acks] == [True] * len(acks)
    told = [one["here"] for one in await heard_of_ben(room, ada)]
    assert told[-1:] in ([], [False])
    assert len(told) < TURNS / 2
    await ben.open(ids[0])
    assert [one["here"] for one in await heard_of_ben(room, ada)][-1] is True
    await ben.type("here")
    await ada.reads("here")
    for writer in (ada, ben):
        writer.guest.vanish()
    await room.settle()
    nothing_is_left(room)


async def test_a_document_that_somebody_is_about_to_enter_is_not_let_go(
    room: ReadingRoom, monkeypatch: pytest.MonkeyPatch
) -> None:
    """[DOC2] However often it is asked for and given up meanwhile."""
    document_id = await room.document()
    gate = asyncio.Event()
    real = Rooms._load

    async def slow(self: Rooms, wanted: str) -> object:
        found = await real(self, wanted)
        await gate.wait()
        return found

    monkeypatch.setattr(Rooms, "_load", slow)
    gone = [await room.come("cleo") for _ in range(5)]
    for writer in gone:
        say_open(writer, document_id)
    ada = await room.come("ada")
    ack = say_open(ada, document_id)
    await room.settle()
    for writer in gone:
        writer.guest.vanish()
    room.rooms.let_go(asyncio.get_running_loop().time() + 1)
    assert list(room.rooms._rooms) == [document_id]
    gate.set()
    answer = await ada.guest.answer(ack)
    assert [one["user_id"] for one in answer["data"]["participants"]] == ["ada"]
    await room.settle()
    assert room.rooms.counts["loads"] == 1
    ada.guest.vanish()
    await room.settle()
    nothing_is_left(room)


async def test_one_person_does_not_take_all_the_places(
    room: ReadingRoom, monkeypatch: pytest.MonkeyPatch
) -> None:
    """[DOC2] In however many tabs; whoever has few open gets the next one."""
    monkeypatch.setattr(rooms, "MOST_OPEN", 8)
    monkeypatch.setattr(rooms, "SHARE", 2)
    ids = [await room.document() for _ in range(8)]
    tabs = [await room.come("ben") for _ in range(3)]
    taken = [
        (await tab.guest.answer(say_open(tab, one)))["ok"] for one, tab in zip(ids, tabs * 3, strict=False)
    ]
    assert taken == [True] * 4 + [False] * 4
    error = await tabs[0].open_refused(ids[4])
    assert (error["code"], error["field"], error["retryable"]) == ("too_large", "document_id", False)
    await tabs[1].open(ids[0])  # where one is already, another tab costs nothing
    ada = await room.come("ada")
    for one in ids[4:]:
        await ada.open(one)
    assert (await (await room.come("cleo")).open_refused(await room.document()))["code"] == "overloaded"


async def test_large_documents_count_for_what_they_are(
    room: ReadingRoom, monkeypatch: pytest.MonkeyPatch
) -> None:
    """[DOC2] Those that nobody is in make space, the oldest first, and as many as have to."""
    ids = [await room.document() for _ in range(6)]
    for one in ids[:5]:
        ben = await room.come("ben")
        await ben.open(one)
        await ben.type("x" * 1_000)
        ben.guest.vanish()
    await room.settle()
    monkeypatch.setattr(rooms, "MOST_BYTES", 3_500)
    monkeypatch.setattr(rooms, "SHARE", 1)
    await (await room.come("ada")).open(ids[5])
    assert list(room.rooms._rooms) == [*ids[2:5], ids[5]]
