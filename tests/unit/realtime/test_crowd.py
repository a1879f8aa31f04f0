"""A fan-out to many at once: who comes, leaves or falls behind in the midst of it, and what is not taken whole."""

from __future__ import annotations

from typing import Any

import pytest
from tests.unit.realtime import notes
from tests.unit.realtime.house import House, texts
from tests.unit.realtime.test_channels import BOARD, committed, epoch_of, said

from coursewire.realtime import channels
from coursewire.realtime.channels import Channel
from coursewire.realtime.session import Session
from coursewire.wire.frames import Encoded


@pytest.fixture(autouse=True)
def _two_are_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(channels, "MANY", 2)
    monkeypatch.setattr(channels, "SLICE", 1)


def board(house: House) -> Channel:
    channel = house.hub.find(notes.PATH, BOARD)
    assert channel is not None
    return channel


def session_of(house: House, number: int) -> Session:
    """Return the session of who came as number so many, from 0."""
    return list(board(house).subscriptions)[number]


async def test_many_are_written_to_past_their_sessions(house: House) -> None:
    guests = await house.visitors(3, BOARD)
    written: list[Encoded] = []
    for guest in guests:
        guest.line.on_write = written.append
    await house.add("math", "1", "2")
    await house.add("math", "3")
    await house.settle()
    assert [said(guest) for guest in guests] == [["1", "2", "3"]] * 3
    assert written == []


@pytest.mark.parametrize("leaving", [0, 2])
async def test_who_leaves_in_the_midst_gets_nothing_more(house: House, leaving: int) -> None:
    """[SES1] And the others get it once, whether their turn was before or is to come."""
    guests = await house.visitors(4, BOARD)
    house.hub.hear(committed(await epoch_of(house), 1))
    assert [len(said(guest)) for guest in guests] == [1, 0, 0, 0]
    guests[leaving].leave()
    await house.settle()
    house.hub.hear(committed(await epoch_of(house), 2))
    await house.settle()
    heard = [["1", "2"]] * 4
    heard[leaving] = ["1"] if leaving == 0 else []
    assert [said(guest) for guest in guests] == heard


@pytest.mark.parametrize("behind", [0, 1, 3])
async def test_who_falls_behind_in_the_midst_goes_on_from_where_it_was(house: House, behind: int) -> None:
    """[FAN3] From the log: nothing missing, nothing twice."""
    guests = await house.visitors(4, BOARD)
    held: list[Any] = []
    publish, house.storage.committed = house.storage.committed, held.extend
    await house.add("math", "1")
    house.storage.committed = publish
    publish(held)
    assert [len(said(guest)) for guest in guests] == [1, 0, 0, 0]
    session = session_of(house, behind)
    house.hub.full([session])
    await house.settle()
    await house.add("math", "2")
    await house.settle()
    house.hub.drained([session])
    await house.add("math", "3")
    await house.settle()
    assert [said(guest) for guest in guests] == [["1", "2", "3"]] * 4


async def test_who_comes_in_the_midst_gets_it_once(house: House) -> None:
    """[SUB2] What is under way it has from the log; what comes next with the others."""
    guests = await house.visitors(3, BOARD)
    epoch = await epoch_of(house)
    late = await house.visitor("bob")
    late.say("subscribe", {"channel": BOARD, "since": {"epoch": epoch, "offset": 0}})
    await house.add("math", "1", "2")
    await house.add("math", "3")
    await house.settle()
    await house.add("math", "4")
    await house.settle()
    assert [said(guest) for guest in (*guests, late)] == [["1", "2", "3", "4"]] * 4


async def test_who_is_at_the_top_in_the_midst_of_a_fan_out_gets_only_what_comes_next(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """[SUB2] Once, however often it is told to begin."""
    monkeypatch.setattr(channels, "SLICE", 3)
    guests = await house.visitors(5, BOARD)
    late = session_of(house, 4)
    house.hub.full([late])
    epoch = await epoch_of(house)
    house.hub.hear(committed(epoch, 1))
    assert [len(said(guest)) for guest in guests] == [1, 1, 1, 0, 0]
    subscription = late.subscriptions[BOARD]
    subscription.offset = 1  # as if it had been replayed
    house.hub.start(subscription)
    house.hub.start(subscription)
    await house.settle()
    house.hub.hear(committed(epoch, 2))
    await house.settle()
    assert [said(guest) for guest in guests] == [["1", "2"]] * 4 + [["2"]]


async def test_what_the_kernel_takes_half_of_is_written_to_its_end(house: House) -> None:
    """And what comes next waits behind it, until there is room; then it goes the short way again."""
    guests = await house.visitors(3, BOARD)
    slow = guests[1].line
    await house.add("math", "1")
    await house.settle()
    slow.chokes = True
    await house.add("math", "2")
    await house.add("math", "3")
    await house.settle()
    assert [said(guest) for guest in guests] == [["1", "2", "3"], ["1"], ["1", "2", "3"]]
    slow.drain()
    written: list[Encoded] = []
    slow.on_write = written.append
    await house.add("math", "4")
    await house.add("math", "5")
    await house.settle()
    assert [said(guest) for guest in guests] == [["1", "2", "3", "4", "5"]] * 3
    assert len(written) == 1


async def test_who_cannot_be_written_to_the_short_way_any_more_is_written_to_the_long_way(
    house: House,
) -> None:
    """The way was taken back since the last fan-out: something waits in the buffer, or what is queued is counted."""
    guests = await house.visitors(3, BOARD)
    await house.add("math", "1")
    await house.settle()
    guests[1].line.slow = True
    await house.add("math", "2")
    await house.settle()
    assert [said(guest) for guest in guests] == [["1", "2"], ["1"], ["1", "2"]]
    guests[1].line.drain()
    assert said(guests[1]) == ["1", "2"]


async def test_who_catches_up_before_its_turn_has_come_is_passed_over(house: House) -> None:
    """[SUB2] It has been told what is under way by the channel's memory of it."""
    guests = await house.visitors(4, BOARD)
    house.hub.hear(committed(await epoch_of(house), 1))
    last = session_of(house, 3)
    house.hub.full([last])
    house.hub.start(last.subscriptions[BOARD])
    assert [len(said(guest)) for guest in guests] == [1, 0, 0, 1]
    await house.settle()
    assert [said(guest) for guest in guests] == [["1"]] * 4


async def test_when_all_is_said_a_channel_holds_nobody_who_has_left(house: House) -> None:
    guests = await house.visitors(4, BOARD)
    house.hub.hear(committed(await epoch_of(house), 1))
    guests[0].leave()
    await house.settle()
    assert board(house)._receivers == ()
    house.hub.hear(committed(await epoch_of(house), 2))
    await house.settle()
    guests[1].leave()
    assert board(house)._receivers == ()


async def test_what_is_not_logged_goes_to_many_as_well(house: House) -> None:
    guests = await house.visitors(3, BOARD)
    await house.add("math", "1")
    await house.settle()
    house.here.live[notes.PATH].publish_unlogged(BOARD, notes.Nudged(notes.Nudge(text="!")))
    await house.settle()
    assert [texts(guest.named("nudged")) for guest in guests] == [["!"]] * 3


async def test_who_comes_in_the_midst_gets_nothing_of_what_was_said_before(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """[SUB2] Nor when somebody leaves meanwhile, so that all are counted anew."""
    monkeypatch.setattr(channels, "SLICE", 2)
    guests = await house.visitors(6, BOARD)
    late = session_of(house, 5)
    house.hub.full([late])
    await house.add("math", "1")
    await house.settle()
    house.here.live[notes.PATH].publish_unlogged(BOARD, notes.Nudged(notes.Nudge(text="!")))
    subscription = late.subscriptions[BOARD]
    subscription.offset = 1  # as if it had been replayed
    house.hub.start(subscription)
    guests[0].leave()
    assert [len(guest.named("nudged")) for guest in guests] == [1, 1, 0, 0, 0, 0]
    await house.settle()
    assert [len(guest.named("nudged")) for guest in guests] == [1, 1, 1, 1, 1, 0]
