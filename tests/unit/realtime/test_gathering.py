"""Small writes that share a commit."""

from __future__ import annotations

import asyncio
from asyncio import Future
from collections.abc import Sequence
from functools import partial
from typing import Any

import pytest

from coursewire.errors import Overloaded
from coursewire.realtime.gathering import GATHER_S, MOST, MOST_WEIGHT, Gathering, Prepared, Settled


class Writer:
    """Takes works, and ends each when the test says so."""

    def __init__(self) -> None:
        self.taken: list[Future[Any]] = []
        self.works: list[Any] = []
        self.is_full = False

    def write(self, work: Any) -> Future[Any]:
        if self.is_full:
            raise Overloaded("no room")
        self.works.append(work)
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


def take(gathering: Gathering, settled: Settled, weight: int = 0) -> Future[Any]:
    """Let it take a write."""
    return gathering.add(lambda: Prepared(lambda _: 1, settled), weight)


async def test_after_a_quiet_a_write_goes_at_once_and_then_they_go_together(
    gathering: Gathering, writer: Writer
) -> None:
    now = stop_clock()
    take(gathering, nothing)
    take(gathering, nothing)
    await turn()
    assert len(writer.taken) == 2  # both came in one turn
    for _ in range(5):
        now[0] += GATHER_S / 10
        take(gathering, nothing)
        await turn()
    assert len(writer.taken) == 2
    now[0] += GATHER_S / 2 + 0.001
    await turn()
    assert len(writer.taken) == 7
    now[0] += GATHER_S * 1.01
    take(gathering, nothing)
    await turn()
    assert len(writer.taken) == 8


async def test_no_more_than_a_group_waits(gathering: Gathering, writer: Writer) -> None:
    stop_clock()
    take(gathering, nothing)
    await turn()
    for _ in range(MOST + 1):
        take(gathering, nothing)
    assert len(writer.taken) == MOST + 1
    gathering.flush()
    assert len(writer.taken) == MOST + 2


async def test_what_is_heavy_leaves_at_once_with_all_before_it(gathering: Gathering, writer: Writer) -> None:
    stop_clock()
    take(gathering, nothing)
    await turn()
    take(gathering, nothing, weight=MOST_WEIGHT // 2)
    assert len(writer.taken) == 1
    take(gathering, nothing, weight=MOST_WEIGHT // 2)
    assert len(writer.taken) == 3
    take(gathering, nothing, weight=MOST_WEIGHT // 2)
    assert len(writer.taken) == 3


async def test_all_are_prepared_when_they_leave_in_the_order_in_which_they_came(
    gathering: Gathering, writer: Writer
) -> None:
    """One that cannot be prepared is told so, and is not written."""
    order: list[str] = []

    def prepare(name: str) -> Prepared:
        order.append(name)
        if name == "b":
            raise Overloaded("not you")
        return Prepared(lambda _: name, nothing)

    waiting = [gathering.add(partial(prepare, name)) for name in "abc"]
    assert order == []
    gathering.flush()
    assert order == ["a", "b", "c"]
    assert [work(None) for work in writer.works] == ["a", "c"]
    with pytest.raises(Overloaded, match="not you"):
        await waiting[1]


async def test_whoever_prepared_it_hears_before_whoever_waits(gathering: Gathering, writer: Writer) -> None:
    order: list[str] = []
    waiting = take(gathering, lambda error: order.append(f"settled {error}"))
    waiting.add_done_callback(lambda done: order.append(f"done {done.result()}"))
    gathering.flush()
    writer.taken[0].set_result(7)
    await turn()
    assert order == ["settled None", "done 7"]


@pytest.mark.parametrize("error", [Overloaded("full"), ZeroDivisionError("x")])
async def test_a_failure_reaches_both(gathering: Gathering, writer: Writer, error: Exception) -> None:
    told = Told()
    waiting = take(gathering, told)
    gathering.flush()
    writer.taken[0].set_exception(error)
    with pytest.raises(type(error)):
        await waiting
    assert told.errors == [error]


async def test_a_writer_without_room_is_a_failure_too(gathering: Gathering, writer: Writer) -> None:
    writer.is_full = True
    told = Told()
    waiting = take(gathering, told)
    gathering.flush()
    with pytest.raises(Overloaded):
        await waiting
    assert isinstance(told.errors[0], Overloaded)


async def test_a_work_that_was_given_up_is_no_success(gathering: Gathering, writer: Writer) -> None:
    told = Told()
    waiting = take(gathering, told)
    gathering.flush()
    writer.taken[0].cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert isinstance(told.errors[0], asyncio.CancelledError)


def together(_: Any, parts: Sequence[str]) -> list[str]:
    """Write several."""
    return [part.upper() for part in parts]


def add(gathering: Gathering, part: str, told: Told) -> Future[Any]:
    """Take a work that may go with others of its kind."""
    return gathering.add(lambda: Prepared(lambda _: f"{part} alone", told, together, part))


async def test_neighbours_of_one_kind_are_written_as_one(gathering: Gathering, writer: Writer) -> None:
    """What is between them keeps its place; one alone is written as itself."""
    told = Told()
    first = [add(gathering, part, told) for part in "ab"]
    other = gathering.add(lambda: Prepared(lambda _: "other", told))
    last = add(gathering, "c", told)
    gathering.flush()
    assert [work(None) for work in writer.works] == [["A", "B"], "other", "c alone"]
    for number in (2, 1, 0):
        writer.taken[number].set_result(writer.works[number](None))
    assert [await waiting for waiting in (*first, other, last)] == ["A", "B", "other", "c alone"]
    assert told.errors == [None] * 4


async def test_of_several_written_as_one_each_is_told_its_own(gathering: Gathering, writer: Writer) -> None:
    told = [Told(), Told()]
    first, second = (add(gathering, part, one) for part, one in zip("ab", told, strict=True))
    gathering.flush()
    refusal = Overloaded("not you")
    writer.taken[0].set_result([refusal, "B"])
    assert await second == "B"
    with pytest.raises(Overloaded, match="not you"):
        await first
    assert [one.errors for one in told] == [[refusal], [None]]


async def test_what_goes_wrong_with_all_is_tried_with_each(gathering: Gathering, writer: Writer) -> None:
    """One of them is not what it should be, and nothing was written: its neighbours do not suffer for it."""
    told = [Told(), Told()]
    first, second = (add(gathering, part, one) for part, one in zip("ab", told, strict=True))
    gathering.flush()
    writer.taken[0].set_exception(ZeroDivisionError("b"))
    await turn()
    assert [one.errors for one in told] == [[], []]
    assert [work(None) for work in writer.works[1:]] == ["a alone", "b alone"]
    writer.taken[1].set_result("a alone")
    writer.taken[2].set_exception(ZeroDivisionError("b"))
    assert await first == "a alone"
    with pytest.raises(ZeroDivisionError):
        await second


@pytest.mark.parametrize("full", [True, False], ids=["no room", "away"])
async def test_when_the_machine_fails_all_are_told(
    gathering: Gathering, writer: Writer, *, full: bool
) -> None:
    writer.is_full = full
    told = Told()
    waiting = [add(gathering, part, told) for part in "ab"]
    gathering.flush()
    if not full:
        writer.taken[0].set_exception(Overloaded("the disk is full"))
    for one in waiting:
        with pytest.raises(Overloaded):
            await one
    assert len(writer.works) == (0 if full else 1)
    assert [type(error) for error in told.errors] == [Overloaded, Overloaded]


async def test_several_that_were_given_up_are_no_success(gathering: Gathering, writer: Writer) -> None:
    told = Told()
    waiting = [add(gathering, part, told) for part in "ab"]
    gathering.flush()
    writer.taken[0].cancel()
    for one in waiting:
        with pytest.raises(asyncio.CancelledError):
            await one
    assert [type(error) for error in told.errors] == [asyncio.CancelledError] * 2
