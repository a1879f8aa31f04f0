"""Derived values: one query for many receivers, however many commits asked for it."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterable, Sequence
from typing import Any

import pytest
from tests.unit.realtime import notes
from tests.unit.realtime.conftest import Build
from tests.unit.realtime.guest import Guest
from tests.unit.realtime.house import Clock, House

from coursewire.realtime import derived as derivations
from coursewire.realtime.contract import Event
from coursewire.realtime.namespace import Derived
from coursewire.realtime.transaction import Transaction


class Unread:
    """Counts its own runs. A test may hold one in the reader."""

    def __init__(self) -> None:
        self.runs: list[tuple[str, list[str]]] = []
        self.gate = threading.Event()
        self.gate.set()
        self.entered = threading.Event()
        self.at_once = 0
        self.most_at_once = 0

    def compute(
        self, _: Transaction, board: str, user_ids: Sequence[str]
    ) -> Iterable[tuple[str, Event[Any]]]:
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        self.entered.set()
        self.gate.wait(10)
        self.runs.append((board, list(user_ids)))
        self.at_once -= 1
        unread = len(self.runs)
        return [(user, notes.UnreadChanged(notes.Unread(board=board, unread=unread))) for user in user_ids]

    async def house(self, build: Build) -> House:
        """Build a house that derives with it."""
        return await build(namespaces=[notes.make(derived={"unread": Derived(self.compute, delay_s=0.2)})])


async def want(house: House, board: str, *users: str) -> None:
    await house.write(lambda tx: tx.derive("unread", board, users or None))


def unread(guest: Guest) -> list[int]:
    return [heard.data["unread"] for heard in guest.named("unread.changed")]


async def test_one_query_serves_many_commits_and_many_users(build: Build) -> None:
    counted = Unread()
    house = await counted.house(build)
    guests = [await house.visitor(user) for user in ("ada", "ada", "bob")]
    clock = Clock(house)
    for _ in range(5):
        await want(house, "math")
    await clock.advance(0.2)
    assert counted.runs == [("math", ["ada", "bob"])]
    assert [unread(guest) for guest in guests] == [[1]] * 3


async def test_what_is_wanted_is_widened_not_repeated(build: Build) -> None:
    counted = Unread()
    house = await counted.house(build)
    for user in ("ada", "bob", "eve"):
        await house.visitor(user)
    clock = Clock(house)
    await want(house, "math", "ada")
    await want(house, "math", "bob")
    await want(house, "art", "ada")
    await want(house, "art")
    await want(house, "art", "bob")
    await clock.advance(0.2)
    assert sorted(counted.runs) == [("art", ["ada", "bob", "eve"]), ("math", ["ada", "bob"])]


async def test_nobody_is_computed_for_who_is_not_here(build: Build) -> None:
    counted = Unread()
    house = await counted.house(build)
    clock = Clock(house)
    await want(house, "math")
    await clock.advance(5)
    await house.visitor("ada")
    await want(house, "math", "bob")
    await clock.advance(5)
    assert counted.runs == []


async def test_one_argument_is_never_computed_twice_at_a_time_and_its_last_change_counts(
    build: Build,
) -> None:
    counted = Unread()
    house = await counted.house(build)
    ada = await house.visitor("ada")
    clock = Clock(house)
    counted.gate.clear()
    await want(house, "math")
    clock._ahead += 0.2
    await asyncio.to_thread(counted.entered.wait, 10)
    await want(house, "math")
    await want(house, "math")
    clock._ahead += 30
    for _ in range(100):
        await asyncio.sleep(0)
    counted.gate.set()
    for _ in range(3):
        await clock.advance(5)
    assert (len(counted.runs), counted.most_at_once) == (2, 1)
    assert unread(ada) == [1, 2]


async def test_what_may_wait_is_bounded(build: Build, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(derivations, "WANTED", 2)
    counted = Unread()
    house = await counted.house(build)
    await house.visitor("ada")
    clock = Clock(house)
    for board in ("a", "b", "c"):
        await want(house, board)
    await clock.advance(5)
    assert [board for board, _ in counted.runs] == ["a", "b"]
    await want(house, "c")
    await clock.advance(5)
    assert [board for board, _ in counted.runs] == ["a", "b", "c"]


async def test_a_query_that_fails_is_logged_and_may_run_again(
    build: Build, caplog: pytest.LogCaptureFixture
) -> None:
    runs = 0

    def compute(_: Transaction, board: str, users: Sequence[str]) -> Iterable[tuple[str, Event[Any]]]:
        nonlocal runs
        runs += 1
        if runs == 1:
            raise ZeroDivisionError
        return [(user, notes.UnreadChanged(notes.Unread(board=board, unread=runs))) for user in users]

    house = await build(namespaces=[notes.make(derived={"unread": Derived(compute)})])
    ada = await house.visitor("ada")
    clock = Clock(house)
    await want(house, "math")
    await clock.advance(5)
    assert "deriving unread of math failed" in caplog.text
    await clock.advance(5)
    await want(house, "math")
    await clock.advance(5)
    assert unread(ada) == [2]
