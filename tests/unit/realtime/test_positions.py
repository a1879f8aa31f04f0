"""What the bus has lost is noticed by the log, also when nothing follows that would show the hole."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from tests.property.stepped import LossyBus
from tests.unit.realtime.conftest import Build
from tests.unit.realtime.guest import Guest
from tests.unit.realtime.house import Clock, House, texts
from tests.unit.realtime.notes import PATH

from coursewire import log
from coursewire.errors import Unavailable
from coursewire.realtime import positions
from coursewire.storage import Storage

BOARD = "board:math"


@pytest.fixture
async def house(build: Build) -> House:
    """Make a house whose bus can lose what it is given."""
    house = await build(bus=LossyBus())
    await house.enrol("math", "ada", "bob")
    return house


def said(guest: Guest) -> list[str]:
    return texts(guest.named("note.added"))


async def lose(house: House, *words: str) -> None:
    """Commit something of which the bus says nothing."""
    assert isinstance(house.bus, LossyBus)
    for word in words:
        house.bus.losing += 1
        await house.add("math", word)
    await house.settle()


def counted_reads(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Return a list that grows with every read of the storage from now on."""
    reads: list[Any] = []
    read = Storage.read

    def counted(storage: Storage, work: Callable[..., Any]) -> Any:
        reads.append(work)
        return read(storage, work)

    monkeypatch.setattr(Storage, "read", counted)
    return reads


async def test_a_lost_last_event_comes_within_five_seconds(house: House) -> None:
    """[FAN2] Nothing follows it that would show the hole."""
    clock = Clock(house, runs=True)
    house.positions.start()
    guests = [await house.visitor(user, BOARD) for user in ("ada", "bob")]
    await house.add("math", "1")
    await lose(house, "2", "3")
    assert said(guests[0]) == ["1"]
    await clock.advance(positions.CHECK_EVERY_S)
    await clock.advance(positions.UNDER_WAY_S)
    assert positions.CHECK_EVERY_S + positions.UNDER_WAY_S < 5
    assert [said(guest) for guest in guests] == [["1", "2", "3"]] * 2
    assert [guest.offsets(BOARD) for guest in guests] == [[1, 2, 3]] * 2
    assert house.positions.found == 1


async def test_it_is_checked_again_and_again(house: House) -> None:
    """[FAN2]"""
    clock = Clock(house)
    house.positions.start()
    ada = await house.visitor("ada", BOARD)
    for word in "12":
        await lose(house, word)
        await clock.advance(positions.CHECK_EVERY_S)
        await clock.advance(positions.UNDER_WAY_S)
    assert said(ada) == ["1", "2"]


async def test_a_log_that_is_away_is_asked_again(
    house: House, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """[FAN2]"""
    clock = Clock(house)
    house.positions.start()
    ada = await house.visitor("ada", BOARD)
    await lose(house, "1")

    def away(_self: Storage, _work: Any) -> Any:
        raise Unavailable("the storage is away")

    with monkeypatch.context() as patch:
        patch.setattr(Storage, "read", away)
        await clock.advance(positions.CHECK_EVERY_S)
    assert "tried again" in caplog.text
    await clock.advance(positions.CHECK_EVERY_S)
    await clock.advance(positions.UNDER_WAY_S)
    assert said(ada) == ["1"]


async def test_what_is_still_on_its_way_is_no_hole(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """[FAN2] A reader may see a commit before the bus has brought it: nothing is read for that."""
    clock = Clock(house)
    ada = await house.visitor("ada", BOARD)
    assert isinstance(house.bus, LossyBus)
    house.bus.hold()
    await house.add("math", "1")
    reads = counted_reads(monkeypatch)
    check = asyncio.ensure_future(house.positions.check())
    await house.settle()
    house.bus.release()
    await clock.advance(positions.UNDER_WAY_S)
    await check
    assert (said(ada), house.positions.found, len(reads)) == (["1"], 0, 1)


async def test_many_channels_are_one_read_a_page(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """[FAN2] None while nobody listens. The last page finds what was lost as well."""
    reads = counted_reads(monkeypatch)
    await house.positions.check()
    assert reads == []
    ada = await house.visitor("ada")
    users = [f"user{number}" for number in range(8)]
    for user in users:
        await house.visitor(user)
    await ada.ask("subscribe", channel=BOARD)
    assert house.hub.channel_count == 10
    clock = Clock(house)
    await lose(house, "1")
    reads.clear()
    monkeypatch.setattr(positions, "PAGE", 4)
    check = asyncio.ensure_future(house.positions.check())
    await house.settle()
    assert len(reads) == 3
    await clock.advance(positions.UNDER_WAY_S)
    await check
    await house.settle()
    assert said(ada) == ["1"]
    reads.clear()
    monkeypatch.setattr(positions, "PAGE", 500)
    await house.positions.check()
    assert len(reads) == 1


async def test_a_stream_that_began_anew_unheard_is_begun_anew(house: House) -> None:
    """[LOG4] [FAN2] Whoever listens comes again, and learns it from the answer."""
    clock = Clock(house)
    ada = await house.visitor("ada", BOARD)
    await house.add("math", "1")
    before = await ada.ask("subscribe", channel=BOARD)
    await house.storage.write(lambda raw: log.reset(raw, PATH, BOARD))
    check = asyncio.ensure_future(house.positions.check())
    await house.settle()
    await clock.advance(positions.UNDER_WAY_S)
    await check
    assert (await ada.event("channel.closed")).data == {"reason": "lagging"}
    since = {"epoch": before["epoch"], "offset": before["offset"]}
    answer = await ada.ask("subscribe", channel=BOARD, since=since)
    assert (answer["recovered"], answer["reason"]) == (False, "epoch")


async def test_a_channel_that_was_left_meanwhile_is_left_alone(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """[FAN2]"""
    clock = Clock(house)
    ada = await house.visitor("ada", BOARD)
    await lose(house, "1")
    reads = counted_reads(monkeypatch)
    check = asyncio.ensure_future(house.positions.check())
    await house.settle()
    await ada.ask("unsubscribe", channel=BOARD)
    await clock.advance(positions.UNDER_WAY_S)
    await check
    assert (house.positions.found, len(reads)) == (0, 1)
