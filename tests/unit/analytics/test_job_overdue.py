"""The background turn that notices silence: it gives workers time after a start, and goes on after a failure."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

import pytest
from pydantic import ValidationError
from sqlalchemy import bindparam, update
from tests.unit.analytics.jobs_house import House

from coursewire.errors import NotFound, Overloaded, Unavailable
from coursewire.namespaces.analytics import overdue
from coursewire.namespaces.analytics.contract import JobStalled
from coursewire.namespaces.analytics.service import overdue_jobs
from coursewire.namespaces.analytics.store.jobs import jobs as table
from coursewire.storage import Prepared

DAY_S = 86_400
SPOIL = Prepared(update(table).where(table.c.id == bindparam("of_id")).values(stage="{"))


@dataclass
class Ages:
    """The settings that matter here."""

    job_stalled_after_s: float = 60.0
    job_days: float = 30.0
    log_days: float = 7.0


class Work:
    """Runs what the background asks for on a house, at once."""

    def __init__(self, house: House, ages: Ages) -> None:
        self.house = house
        self.settings = ages

    async def write(self, function: Any) -> Any:
        return self.house.do(function)


async def look(house: House, ages: Ages) -> None:
    work: Any = Work(house, ages)
    await overdue.look(work, ages)


async def test_one_look_finds_all_that_is_overdue(house: House) -> None:
    ended = house.report(house.create(title="long ago").id, state="succeeded").job
    house.wait(24 * DAY_S)
    waiting = house.create(title="in the queue").id
    house.wait(7 * DAY_S + 1)
    running = house.create().id
    house.report(running, state="running")
    house.wait(61)
    await look(house, Ages())
    assert house.read("ben", waiting).state == "failed"
    assert house.read("ben", running).state == "stalled"
    with pytest.raises(NotFound):
        house.read("ben", ended.id)
    house.wait(DAY_S)
    await look(house, Ages())
    assert house.read("ben", running).state == "failed"


async def test_a_job_that_cannot_be_changed_holds_up_no_other(house: House) -> None:
    """Neither those of its slice, nor the turns after it; and the look says which it was."""
    ended = house.report(house.create(title="long ago").id, state="succeeded").job
    house.wait(24 * DAY_S)
    waiting = house.create(title="in the queue").id
    house.wait(7 * DAY_S + 1)
    running = [house.create().id for _ in range(5)]
    for job_id in running:
        house.report(job_id, state="running")
        house.wait(1)
    for spoilt in running[:3:2]:
        house.write(lambda tx, spoilt=spoilt: tx.run(SPOIL, of_id=spoilt))
    house.wait(61)
    with pytest.raises(ExceptionGroup) as failed:
        await look(house, Ages())
    assert [type(error) for error in failed.value.exceptions[0].exceptions] == [ValidationError] * 2
    assert [house.read("ben", job_id).state for job_id in (running[1], *running[3:])] == ["stalled"] * 3
    assert house.read("ben", waiting).state == "failed"
    with pytest.raises(NotFound):
        house.read("ben", ended.id)
    assert sum(isinstance(fact, JobStalled) for fact in house.facts) == 3


@pytest.mark.parametrize("error", [Unavailable("away"), Overloaded("full")])
async def test_a_storage_that_is_away_ends_a_turn_at_once(error: Exception) -> None:
    works = 0

    async def write(_: Any) -> None:
        nonlocal works
        works += 1
        raise error

    work: Any = SimpleNamespace(write=write)
    with pytest.raises(ExceptionGroup):
        await overdue.look(work, Ages())
    assert works == 4


async def test_what_fails_for_every_job_is_not_tried_with_each(house: House) -> None:
    jobs = [house.create().id for _ in range(overdue.FAILURES_AT_MOST + 5)]
    for job_id in jobs:
        house.report(job_id, state="running")
    house.wait(61)
    with patch.object(overdue_jobs, "tell", side_effect=KeyError) as told, pytest.raises(ExceptionGroup):
        await look(house, Ages())
    assert told.call_count == 2 * (
        1 + overdue.FAILURES_AT_MOST
    )  # what fails after it wrote runs once more, apart
    await look(house, Ages())
    assert {job.state for job in house.page("ben", limit=100).items} == {"stalled"}


async def test_a_job_is_kept_for_as_long_as_the_log_may_tell_of_it(house: House) -> None:
    """[LOG5] Its row leads to what the log says of it, when its owner is erased."""
    job_id = house.report(house.create().id, state="succeeded").job.id
    house.wait(6.9 * DAY_S)
    await look(house, Ages(job_days=1.0))
    assert house.read("ben", job_id).state == "succeeded"
    house.wait(1.2 * DAY_S)
    await look(house, Ages(job_days=1.0))
    with pytest.raises(NotFound):
        house.read("ben", job_id)


async def test_workers_have_the_whole_time_again_after_a_start(house: House) -> None:
    """While no server ran, nobody could be heard. A look that fails is tried again with the next."""
    slept: list[float] = []
    looks = 0

    async def sleep(seconds: float) -> None:
        slept.append(seconds)
        if len(slept) == 4:
            raise asyncio.CancelledError

    async def fail(*_: Any) -> None:
        nonlocal looks
        looks += 1
        raise OSError

    work: Any = Work(house, Ages(job_stalled_after_s=20.0))
    with (
        patch("coursewire.namespaces.analytics.overdue.asyncio.sleep", sleep),
        patch.object(overdue, "look", fail),
        pytest.raises(asyncio.CancelledError),
    ):
        await overdue.follow_silence(work)
    assert slept == [20.0, 2.0, 2.0, 2.0]
    assert looks == 3
