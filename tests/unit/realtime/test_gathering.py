"""Small writes that share a commit."""

from __future__ import annotations

import asyncio
from asyncio import Future
from typing import Any

import pytest

from coursewire.errors import Overloaded
from coursewire.realtime.gathering import GATHER_S, MOST, Gathering


class Writer:
    """Takes works, and ends each when the test says so."""

    def __init__(self) -> None:
        self.taken: list[Future[Any]] = []
        self.is_full = False

    def write(self, _: Any) -> Future[Any]:
        if self.is_full:
            raise Overloaded("no room")
        self.taken.append(asyncio.get_running_loop().create_future())
        return self.taken[-1]


class Told:
    """What a step was told."""

    def __init__(self) -> None:
        self.errors: list[BaseException | None] = []

    def __call__(self, error: BaseException | None) -> None:
        self.errors.append(error)


@pytest.fixture
def writer() -> Writer:
    """Make a writer with room."""
    return Writer()


@pytest.fixture
async def gathering(writer: Writer) -> Gathering:
    """Gather for it, after a quiet."""
    return Gathering(writer.write)


async def turn() -> None:
    """Let a turn of the loop pass."""
    await asyncio.sleep(0)
    await asyncio.sleep(0)


def stop_clock() -> list[float]:
    """Make the loop's time what the test says; timers fire when it has passed and the loop is woken."""
    loop, now = asyncio.get_running_loop(), [asyncio.get_running_loop().time()]
    loop.time = lambda: now[0]  # type: ignore[method-assign]
    return now


def nothing(_: BaseException | None) -> None:
    """Hear of an end."""


async def test_after_a_quiet_a_write_goes_at_once_and_then_they_go_together(
    gathering: Gathering, writer: Writer
) -> None:
    now = stop_clock()
    gathering.add(lambda _: 1, nothing)
    gathering.add(lambda _: 1, nothing)
    await turn()
    assert len(writer.taken) == 2  # both came in one turn
    for _ in range(5):
        now[0] += GATHER_S / 10
        gathering.add(lambda _: 1, nothing)
        await turn()
    assert len(writer.taken) == 2
    now[0] += GATHER_S / 2 + 0.001
    await turn()
    assert len(writer.taken) == 7
    now[0] += GATHER_S * 1.01
    gathering.add(lambda _: 1, nothing)
    await turn()
    assert len(writer.taken) == 8


async def test_no_more_than_a_group_waits(gathering: Gathering, writer: Writer) -> None:
    stop_clock()
    gathering.add(lambda _: 1, nothing)
    await turn()
    for _ in range(MOST + 1):
        gathering.add(lambda _: 1, nothing)
    assert len(writer.taken) == MOST + 1
    gathering.flush()
    assert len(writer.taken) == MOST + 2


async def test_whoever_prepared_it_hears_before_whoever_waits(gathering: Gathering, writer: Writer) -> None:
    order: list[str] = []
    waiting = gathering.add(lambda _: 1, lambda error: order.append(f"settled {error}"))
    waiting.add_done_callback(lambda done: order.append(f"done {done.result()}"))
    gathering.flush()
    writer.taken[0].set_result(7)
    await turn()
    assert order == ["settled None", "done 7"]


@pytest.mark.parametrize("error", [Overloaded("full"), ZeroDivisionError("x")])
async def test_a_failure_reaches_both(gathering: Gathering, writer: Writer, error: Exception) -> None:
    told = Told()
    waiting = gathering.add(lambda _: 1, told)
    gathering.flush()
    writer.taken[0].set_exception(error)
    with pytest.raises(type(error)):
        await waiting
    assert told.errors == [error]


async def test_a_writer_without_room_is_a_failure_too(gathering: Gathering, writer: Writer) -> None:
    writer.is_full = True
    told = Told()
    waiting = gathering.add(lambda _: 1, told)
    gathering.flush()
    with pytest.raises(Overloaded):
        await waiting
    assert isinstance(told.errors[0], Overloaded)


async def test_a_work_that_was_given_up_is_no_success(gathering: Gathering, writer: Writer) -> None:
    told = Told()
    waiting = gathering.add(lambda _: 1, told)
    gathering.flush()
    writer.taken[0].cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert isinstance(told.errors[0], asyncio.CancelledError)
