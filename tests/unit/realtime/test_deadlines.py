"""Deadlines of many on one timer."""

from __future__ import annotations

import asyncio
import math

import pytest

from coursewire.realtime.deadlines import SLOTS_PER_S, Deadlines

SLOT_S = 1 / SLOTS_PER_S


class Watch:
    """Deadlines on a clock that a test moves, and what was due so far."""

    def __init__(self) -> None:
        self.due: list[str] = []
        self.deadlines: Deadlines[str] = Deadlines(self._note)
        loop = asyncio.get_running_loop()
        self.now = float(math.ceil(loop.time()))
        loop.time = lambda: self.now  # type: ignore[method-assign]

    def _note(self, item: str) -> None:
        self.due.append(item)

    async def pass_time(self, seconds: float) -> None:
        self.now += seconds
        for _ in range(4):
            await asyncio.sleep(0)


@pytest.fixture
async def watch() -> Watch:
    """Begin, with the loop's time standing still."""
    return Watch()


async def test_each_is_due_in_its_time_and_never_before_it(watch: Watch) -> None:
    watch.deadlines.put("late", 9)
    watch.deadlines.put("soon", 2)
    watch.deadlines.put("between", 5)
    await watch.pass_time(1.99)
    assert watch.due == []
    await watch.pass_time(SLOT_S + 0.01)
    assert watch.due == ["soon"]
    await watch.pass_time(60)
    assert watch.due == ["soon", "between", "late"]


async def test_what_is_due_between_two_slots_is_due_at_the_end_of_it_and_no_later(watch: Watch) -> None:
    watch.deadlines.put("between", 2 + SLOT_S / 2)
    await watch.pass_time(2 + SLOT_S * 0.9)
    assert watch.due == []
    await watch.pass_time(math.ceil(watch.now * SLOTS_PER_S) / SLOTS_PER_S - watch.now)
    assert watch.due == ["between"]


async def test_what_was_taken_out_is_not_due(watch: Watch) -> None:
    kept, gone = watch.deadlines.put("kept", 2), watch.deadlines.put("gone", 2)
    assert kept == gone
    watch.deadlines.take_out("gone", gone)
    watch.deadlines.take_out("gone", gone)
    await watch.pass_time(3)
    assert watch.due == ["kept"]
    watch.deadlines.take_out("kept", kept)  # nothing is left of it


async def test_nothing_is_held_for_who_waits_no_more(watch: Watch) -> None:
    """[bounds] Slots go with the last who wait for them, also those that would be due in years."""
    for number in range(1_000):
        slot = watch.deadlines.put("ada", 1_000_000 + number)
        watch.deadlines.take_out("ada", slot)
    assert not watch.deadlines._slots
    assert watch.deadlines._timer is None
    watch.deadlines.put("bob", 1)
    await watch.pass_time(2)
    assert watch.due == ["bob"]
    assert not watch.deadlines._slots


async def test_one_that_is_due_may_take_out_another_and_put_itself_in_again() -> None:
    watch = Watch()

    def due(item: str) -> None:
        watch.due.append(item)
        other = "bob" if item == "ada" else "ada"
        deadlines.take_out(other, slot)
        if len(watch.due) == 1:
            deadlines.put(item, 1)

    deadlines = Deadlines(due)
    slot = deadlines.put("ada", 2)
    deadlines.put("bob", 2)
    deadlines.put("eve", 30)
    await watch.pass_time(3)
    assert len(watch.due) == 1
    await watch.pass_time(2)
    assert watch.due == watch.due[:1] * 2
    await watch.pass_time(30)
    assert watch.due[2] == "eve"


async def test_what_is_overdue_when_it_is_put_in_is_due_soon() -> None:
    """Also when it is put in by what was due in the same slot, after the machine has slept."""
    watch = Watch()

    def due(item: str) -> None:
        watch.due.append(item)
        if item == "first":
            deadlines.take_out("other", slot)
            assert deadlines.put("again", -2) == slot

    deadlines = Deadlines(due)
    slot = deadlines.put("first", 1)
    await watch.pass_time(3)
    assert watch.due == ["first", "again"]


async def test_one_that_fails_holds_up_nobody(watch: Watch, caplog: pytest.LogCaptureFixture) -> None:
    def due(item: str) -> None:
        watch.due.append(item)
        raise LookupError(item)

    deadlines = Deadlines(due)
    for name in ("ada", "bob", "eve"):
        deadlines.put(name, 1)
    deadlines.put("later", 4)
    await watch.pass_time(2)
    assert sorted(watch.due) == ["ada", "bob", "eve"]
    await watch.pass_time(3)
    assert watch.due[3:] == ["later"]
    assert len(caplog.records) == 4
