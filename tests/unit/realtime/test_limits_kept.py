"""Whoever leaves and comes again is held to the rate as if they had stayed."""

from __future__ import annotations

import pytest
from tests.unit.realtime.house import House

from coursewire.realtime import door
from coursewire.realtime.limits import Rate


async def let_through(house: House, user: str) -> int:
    """Come, ask three times, leave; return how often one was answered."""
    guest = await house.visitor(user)
    answers = [await guest.answer(guest.say("ping", {"sent_at": "2026-01-01T00:00:00Z"})) for _ in range(3)]
    guest.leave()
    await house.settle()
    return sum(answer["ok"] for answer in answers)


async def test_to_leave_and_to_come_again_fills_no_bucket() -> None:
    """[CMD2]"""
    house = await House.open(rate=Rate(0.001, 4))
    assert [await let_through(house, "ada") for _ in range(3)] == [3, 1, 0]
    assert await let_through(house, "bob") == 3
    await house.close()


async def test_of_those_who_have_left_only_so_many_are_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(door, "KEPT_BUCKETS", 1)
    house = await House.open(rate=Rate(0.001, 4))
    assert [await let_through(house, user) for user in ("ada", "bob", "bob", "ada")] == [3, 3, 1, 3]
    await house.close()
