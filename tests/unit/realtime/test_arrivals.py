"""Who is let in when, in a flood and without one."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any, cast

import pytest

from coursewire.realtime.arrivals import AT_ONCE, GATHER_S, LONE, Arrivals


class Socket:
    """One that waits for its answer, and what it knows of others."""

    def __init__(self, connection: SimpleNamespace) -> None:
        self.connection = connection


class Door:
    """Notes who comes through, and keeps them in it while it is told to."""

    def __init__(self) -> None:
        self.opened: list[Any] = []
        self.done: list[Any] = []
        self.free = asyncio.Event()
        self.free.set()

    async def open(self, _socket: Any, auth: Any) -> None:
        self.opened.append(auth)
        await self.free.wait()
        self.done.append(auth)


@pytest.fixture
async def door() -> Door:
    """Make a door that lets everybody through."""
    return Door()


@pytest.fixture
async def arrivals(door: Door) -> Arrivals:
    """Stand before it, after a quiet."""
    return Arrivals(door.open)


def take(arrivals: Arrivals, *auths: int, others_come: bool = True) -> list[Socket]:
    """Let some arrive."""
    sockets = [Socket(SimpleNamespace(others_come=others_come)) for _ in auths]
    for socket, auth in zip(sockets, auths, strict=True):
        arrivals.take(cast("Any", socket), auth)
    return sockets


async def turn() -> None:
    """Let a turn of the loop pass."""
    await asyncio.sleep(0)
    await asyncio.sleep(0)


def stop_clock() -> list[float]:
    """Make the loop's time what the test says; timers fire when it has passed and the loop is woken."""
    loop, now = asyncio.get_running_loop(), [asyncio.get_running_loop().time()]
    loop.time = lambda: now[0]  # type: ignore[method-assign]
    return now


async def test_after_a_quiet_they_come_in_at_once_and_then_together(arrivals: Arrivals, door: Door) -> None:
    now = stop_clock()
    take(arrivals, 1, 2)
    await turn()
    assert door.opened == [1, 2]  # both came in one turn
    for auth in range(3, 8):
        now[0] += GATHER_S / 10
        take(arrivals, auth)
        await turn()
    assert door.opened == [1, 2]
    now[0] += GATHER_S
    await turn()
    assert door.opened == [1, 2, 3, 4, 5, 6, 7]
    now[0] += GATHER_S * 1.01
    take(arrivals, 8)
    await turn()
    assert door.opened[-1] == 8


async def test_who_come_one_after_the_other_wait_for_nobody(arrivals: Arrivals, door: Door) -> None:
    """While others are on their way, or have just come together, it is a flood."""
    now = stop_clock()
    for auth in range(1, LONE + 1):
        [socket] = take(arrivals, auth, others_come=False)
        arrivals.take(cast("Any", Socket(socket.connection)), auth)  # another namespace
        now[0] += GATHER_S * 1.01
        await turn()
    for auth in range(LONE + 1, LONE + 4):
        take(arrivals, auth, others_come=False)
        await turn()
        assert door.opened[-1] == auth
    *_, last = door.opened
    take(arrivals, last + 1)
    await turn()
    assert door.opened[-1] == last
    take(arrivals, last + 2, others_come=False)
    now[0] += GATHER_S * 1.01
    await turn()
    assert door.opened[-2:] == [last + 1, last + 2]
    take(arrivals, last + 3, others_come=False)
    await turn()
    assert door.opened[-1] == last + 2


async def test_a_flood_leaves_turns_to_the_others(arrivals: Arrivals, door: Door) -> None:
    """Whatever else waits for the loop runs between two slices; all of the flood come in, in order."""
    everybody = list(range(3 * AT_ONCE))
    take(arrivals, *everybody)
    seen: list[int] = []
    loop = asyncio.get_running_loop()

    def look() -> None:
        seen.append(len(door.opened))
        if seen[-1] < len(everybody):
            loop.call_soon(look)

    loop.call_soon(look)
    while len(door.opened) < len(everybody):
        await turn()
    assert {AT_ONCE, 2 * AT_ONCE} <= set(seen)
    assert door.opened == everybody


async def test_whoever_has_left_meanwhile_is_forgotten(
    arrivals: Arrivals, door: Door, caplog: pytest.LogCaptureFixture
) -> None:
    now = stop_clock()
    [only] = take(arrivals, 0)
    arrivals.forget(cast("Any", only))
    await turn()
    assert door.opened == []
    assert caplog.records == []
    now[0] += GATHER_S * 1.01
    sockets = take(arrivals, 1, 2, 3)
    arrivals.forget(cast("Any", sockets[1]))
    await turn()
    assert door.opened == [1, 3]
    arrivals.forget(cast("Any", sockets[0]))  # it has been let in


async def test_closing_sees_those_through_who_stand_at_the_door(arrivals: Arrivals, door: Door) -> None:
    door.free.clear()
    take(arrivals, 1)
    await turn()
    take(arrivals, 2)  # not yet its time
    closing = asyncio.ensure_future(arrivals.close())
    await turn()
    assert door.opened == [1, 2]
    assert not closing.done()
    door.free.set()
    await closing
    assert door.done == [1, 2]
