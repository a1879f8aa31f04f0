"""The lane of a session: commands run and are acknowledged in the order they were sent."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from coursewire.realtime import lane
from coursewire.realtime.contract import Mode
from coursewire.realtime.lane import Lane, Refusal

READ, WRITE, SIGNAL = Mode.READ, Mode.WRITE, Mode.SIGNAL


class Jobs:
    """A lane whose jobs a test finishes one by one."""

    def __init__(self, limit: int = 8) -> None:
        self.reliefs = 0
        self.lane = Lane(limit, self._relieve)
        self.running: dict[str, asyncio.Future[str]] = {}
        self.finished: list[str] = []

    def _relieve(self) -> None:
        self.reliefs += 1

    def submit(self, name: str, mode: Mode = READ) -> bool:
        return self.lane.submit(mode, self._start(name), lambda done: self.finished.append(done.result()))

    def refuse(self, name: str) -> bool:
        return self.lane.refuse((name, 1), self._say)

    def _say(self, refusals: list[Refusal]) -> None:
        self.finished += [f"no {name}" for name, _ in refusals]

    def _start(self, name: str) -> Callable[[], asyncio.Future[Any]]:
        def start() -> asyncio.Future[str]:
            self.running[name] = asyncio.get_running_loop().create_future()
            return self.running[name]

        return start

    async def finish(self, *names: str) -> None:
        for name in names:
            self.running[name].set_result(name)
        for _ in range(3):
            await asyncio.sleep(0)


async def test_neighbours_of_one_mode_run_together_and_are_answered_in_order() -> None:
    """[CMD1] The second write is done first, and acknowledged second."""
    jobs = Jobs()
    jobs.submit("a", WRITE)
    jobs.submit("b", WRITE)
    assert list(jobs.running) == ["a", "b"]
    await jobs.finish("b")
    assert jobs.finished == []
    await jobs.finish("a")
    assert jobs.finished == ["a", "b"]


async def test_a_job_of_another_mode_waits_for_all_before_it() -> None:
    """[CMD1] A read that follows a write sees it; a write that follows a read does not change what that sees."""
    jobs = Jobs()
    for name, mode in (("a", WRITE), ("b", READ), ("c", READ), ("d", WRITE)):
        jobs.submit(name, mode)
    assert list(jobs.running) == ["a"]
    await jobs.finish("a")
    assert list(jobs.running) == ["a", "b", "c"]
    await jobs.finish("c")
    assert "d" not in jobs.running
    await jobs.finish("b")
    await jobs.finish("d")
    assert jobs.finished == ["a", "b", "c", "d"]


async def test_a_full_lane_takes_nothing_more() -> None:
    jobs = Jobs(limit=3)
    assert [jobs.submit(name, mode) for name, mode in (("a", READ), ("b", WRITE), ("c", READ))] == [True] * 3
    assert not jobs.submit("d")
    await jobs.finish("a")
    assert jobs.submit("e")
    assert len(jobs.lane) == 3


async def test_a_refusal_has_its_turn() -> None:
    """[CMD1] Behind what runs and what waits, and before what comes later."""
    jobs = Jobs(limit=3)
    for name, mode in (("a", WRITE), ("b", WRITE), ("c", READ)):
        assert jobs.submit(name, mode)
    assert [jobs.refuse("d"), jobs.refuse("e")] == [True, True]
    await jobs.finish("b", "a")
    assert jobs.finished == ["a", "b"]
    assert jobs.submit("f", READ)
    assert "f" not in jobs.running, "a neighbour of one mode, but for the refusals between"
    await jobs.finish("c")
    assert jobs.finished == ["a", "b", "c", "no d", "no e"]
    await jobs.finish("f")
    assert jobs.finished[5:] == ["f"]


async def test_it_stays_crowded_until_the_refusals_are_said() -> None:
    """[CMD1] What is read meanwhile would add to them without a bound."""
    jobs = Jobs(limit=12)
    for name in "abcdefghijkl":
        jobs.submit(name)
    jobs.refuse("m")
    await jobs.finish(*"abcdefghijk")
    assert (len(jobs.lane), jobs.lane.crowded, jobs.reliefs) == (2, True, 0)
    await jobs.finish("l")
    assert (jobs.finished[-1], jobs.lane.crowded, jobs.reliefs) == ("no m", False, 1)


async def test_refusals_have_a_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    """[CMD1] Counted in all, not in a row, and free again once they are said."""
    monkeypatch.setattr(lane, "REFUSALS", 3)
    jobs = Jobs(limit=3)
    for name, mode in (("a", READ), ("b", WRITE), ("c", WRITE)):
        jobs.submit(name, mode)
    assert [jobs.refuse("d"), jobs.refuse("e")] == [True, True]
    await jobs.finish("a")
    await jobs.finish("b")
    assert jobs.submit("f", READ)
    assert [jobs.refuse("g"), jobs.refuse("h")] == [True, False]
    await jobs.finish("c")
    assert jobs.finished == ["a", "b", "c", "no d", "no e"]
    assert [jobs.refuse("i"), jobs.refuse("j"), jobs.refuse("k")] == [True, True, False]
    await jobs.finish("f")
    assert jobs.finished[5:] == ["f", "no g", "no i", "no j"]


async def test_a_lane_that_is_cleared_says_no_refusal() -> None:
    jobs = Jobs(limit=1)
    jobs.submit("a")
    jobs.refuse("b")
    jobs.lane.clear()
    await jobs.finish("a")
    assert (jobs.finished, jobs.reliefs) == ([], 1)


async def test_it_is_crowded_from_half_its_bound_until_a_quarter() -> None:
    jobs = Jobs(limit=8)
    for name in "abc":
        jobs.submit(name)
    crowded = [jobs.lane.crowded]
    jobs.submit("d")
    crowded.append(jobs.lane.crowded)
    assert crowded == [False, True]
    await jobs.finish("a", "b")
    assert (jobs.lane.crowded, jobs.reliefs) == (True, 0)
    await jobs.finish("c")
    assert (jobs.lane.crowded, jobs.reliefs) == (False, 1)


async def test_a_command_that_comes_while_it_empties_does_not_swallow_the_relief() -> None:
    """It was read before the socket was paused. Without relief nothing would ever be read again."""
    jobs = Jobs(limit=8)
    for name in "abcd":
        jobs.submit(name)
    await jobs.finish("a", "b")
    jobs.submit("e")
    assert jobs.lane.crowded
    await jobs.finish("c", "d", "e")
    assert (jobs.lane.crowded, jobs.reliefs) == (False, 1)


async def test_a_cleared_lane_starts_nothing_more_and_gives_relief() -> None:
    """The other namespaces of the connection are read again."""
    jobs = Jobs(limit=4)
    jobs.submit("a", WRITE)
    jobs.submit("b", READ)
    jobs.lane.clear()
    assert (len(jobs.lane), jobs.reliefs) == (0, 1)
    await jobs.finish("a")
    assert (jobs.finished, list(jobs.running)) == ([], ["a"])


async def test_an_error_after_the_end_is_no_noise(caplog: pytest.LogCaptureFixture) -> None:
    jobs = Jobs()
    jobs.submit("a")
    jobs.lane.clear()
    jobs.running.pop("a").set_exception(ValueError("nobody asks for it"))
    for _ in range(3):
        await asyncio.sleep(0)
    assert caplog.records == []
