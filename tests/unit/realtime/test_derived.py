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

DELAY_S = 60.0
"""No busy machine takes it between two changes that belong together."""


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
        self.gate.wait(30)
        self.runs.append((board, list(user_ids)))
        self.at_once -= 1
        unread = len(self.runs)
        return [(user, notes.UnreadChanged(notes.Unread(board=board, unread=unread))) for user in user_ids]

    async def house(self, build: Build) -> House:
        """Build a house that derives with it."""
        return await build(
            namespaces=[notes.make(derived={"unread": Derived(self.compute, delay_s=DELAY_S)})]
        )


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
    await clock.advance(DELAY_S)
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
    await clock.advance(DELAY_S)
    assert sorted(counted.runs) == [("art", ["ada", "bob", "eve"]), ("math", ["ada", "bob"])]


async def test_nobody_is_computed_for_who_is_not_here(build: Build) -> None:
    counted = Unread()
    house = await counted.house(build)
    clock = Clock(house)
    await want(house, "math")
    await clock.advance(2 * DELAY_S)
    await house.visitor("ada")
    await want(house, "math", "bob")
    await clock.advance(2 * DELAY_S)
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
    clock._ahead += DELAY_S
    await asyncio.to_thread(counted.entered.wait, 30)
    await want(house, "math")
    await want(house, "math")
    clock._ahead += 3 * DELAY_S
    for _ in range(100):
        await asyncio.sleep(0)
    counted.gate.set()
    for _ in range(3):
        await clock.advance(2 * DELAY_S)
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
    await clock.advance(2 * DELAY_S)
    assert [board for board, _ in counted.runs] == ["a", "b"]
    await want(house, "c")
    await clock.advance(2 * DELAY_S)
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
    await clock.advance(2 * DELAY_S)
    assert "deriving unread of math failed" in caplog.text
    await clock.advance(2 * DELAY_S)
    await want(house, "math")
    await clock.advance(2 * DELAY_S)
    assert unread(ada) == [2]


async def test_what_was_read_first_is_told_first(build: Build) -> None:
    """Two derived values of one argument tell one number: of two readers the later may be the quicker."""
    counted = Unread()

    def none(_: Transaction, board: str, users: Sequence[str]) -> Iterable[tuple[str, Event[Any]]]:
        return [(user, notes.UnreadChanged(notes.Unread(board=board, unread=0))) for user in users]

    derived = {"unread": Derived(counted.compute, delay_s=0), "none": Derived(none, delay_s=0, is_kept=False)}
    house = await build(namespaces=[notes.make(derived=derived)])
    ada = await house.visitor("ada")
    counted.gate.clear()
    await want(house, "math")
    await asyncio.to_thread(counted.entered.wait, 30)
    await house.write(lambda tx: tx.derive("none", "math", None))
    for _ in range(100):
        await asyncio.sleep(0)
    await house.storage.read(lambda _: None)
    counted.gate.set()
    clock = Clock(house)
    for _ in range(3):
        await clock.advance(2 * DELAY_S)
    assert unread(ada)[-1] == 0
    later = await house.visitor("ada")
    assert unread(later) == []
