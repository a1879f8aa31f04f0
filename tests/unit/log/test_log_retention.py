"""Forgetting: the beginning of a stream goes, in slices."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TypeVar

from tests.unit.log.ledger import Ledger

from coursewire import log
from coursewire.log.retention import SLICE, overdue
from coursewire.storage import Storage, Transaction
from coursewire.storage.writer import Work

T = TypeVar("T")


def fill(ledger: Ledger, channel: str, times: list[int]) -> None:
    def work(tx: Transaction) -> None:
        for at in times:
            log.append(tx, "/chat", channel, event="e", data=b"{}", id="x", at=at)

    ledger.write(work)


def kept(ledger: Ledger, channel: str) -> list[int]:
    return [event.offset for event in ledger.do(log.read_after, "/chat", channel, 0, 10_000)]


def test_a_stream_keeps_its_newest_events(ledger: Ledger) -> None:
    """[LOG4]"""
    fill(ledger, "room:1", [5] * 10)
    fill(ledger, "room:2", [5] * 3)
    assert ledger.do(log.trim, 0, 4) == 6
    assert kept(ledger, "room:1") == [7, 8, 9, 10]
    assert kept(ledger, "room:2") == [1, 2, 3]
    assert ledger.do(log.position, "/chat", "room:1")[1:] == (10, 7)


def test_a_stream_forgets_old_events(ledger: Ledger) -> None:
    """[LOG4]"""
    fill(ledger, "room:1", [100, 200, 300, 400])
    assert ledger.do(log.trim, 300, 1_000) == 2
    assert kept(ledger, "room:1") == [3, 4]


def test_only_the_beginning_of_a_stream_goes(ledger: Ledger) -> None:
    """[LOG4] [LOG2] A clock that went back makes no hole."""
    fill(ledger, "room:1", [100, 900, 100, 900])
    assert ledger.do(log.trim, 500, 1_000) == 1
    assert kept(ledger, "room:1") == [2, 3, 4]


def test_streams_that_lost_all_events_grow_old_again_with_what_comes_to_many_at_once(ledger: Ledger) -> None:
    """[LOG4] By age they are found only while they say when their first event happened."""
    channels = ("room:1", "room:2")
    for channel in channels:
        fill(ledger, channel, [100])
    assert ledger.do(log.trim, 500, 1_000) == 2
    entries = [log.Entry(channel, "e", b"{}", channel) for channel in channels]
    ledger.do(log.append_many, "/chat", entries, at=600)
    assert ledger.do(overdue, 600, 1_000) == []
    assert len(ledger.do(overdue, 601, 1_000)) == 2


def test_a_stream_that_begins_anew_is_as_old_as_what_it_then_gets(ledger: Ledger) -> None:
    """[LOG4]"""
    fill(ledger, "room:1", [100])
    ledger.do(log.reset, "/chat", "room:1")
    assert ledger.do(overdue, 500, 1_000) == []
    fill(ledger, "room:1", [600])
    assert ledger.do(overdue, 600, 1_000) == []
    assert len(ledger.do(overdue, 601, 1_000)) == 1


def test_a_stream_may_lose_all_events_and_goes_on_counting(ledger: Ledger) -> None:
    """[LOG4] [LOG2]"""
    fill(ledger, "room:1", [100, 100])
    assert ledger.do(log.trim, 500, 1_000) == 2
    extent = ledger.do(log.position, "/chat", "room:1")
    assert extent[1:] == (2, 3)
    assert ledger.do(log.resume, "/chat", "room:1", (extent.epoch, 2)).recovered
    fill(ledger, "room:1", [600])
    assert kept(ledger, "room:1") == [3]
    assert ledger.do(overdue, 600, 1_000) == []
    assert len(ledger.do(overdue, 601, 1_000)) == 1


def test_a_slice_has_a_bound(ledger: Ledger) -> None:
    """[LOG4]"""
    fill(ledger, "room:1", [5] * 5)
    fill(ledger, "room:2", [5] * 5)
    assert ledger.do(log.trim, 0, 1, limit=6) == 6
    assert kept(ledger, "room:1") == [5]
    assert kept(ledger, "room:2") == [3, 4, 5]
    assert ledger.do(log.trim, 0, 1, limit=6) == 2
    assert ledger.do(log.trim, 0, 1, limit=6) == 0


def test_a_slice_goes_on_where_the_last_one_stopped(ledger: Ledger) -> None:
    """[LOG4] Also when age is all there is to say against what remains."""
    fill(ledger, "room:1", [100] * 5)
    assert [ledger.do(log.trim, 500, 1_000, limit=2) for _ in range(4)] == [2, 2, 1, 0]


def test_answers_are_forgotten_by_age_in_slices(ledger: Ledger) -> None:
    """[LOG3]"""
    for number in range(5):
        ledger.now = number * 100
        ledger.do(log.remember, "ada", "/chat", f"k{number}", b"d", b"{}")
    assert ledger.do(log.forget, 300, limit=2) == 2
    assert ledger.do(log.forget, 300, limit=2) == 1
    assert ledger.do(log.forget, 300, limit=2) == 0
    assert ledger.do(log.recall, "ada", "/chat", "k2", b"d") is None
    assert ledger.do(log.recall, "ada", "/chat", "k3", b"d") == b"{}"


async def test_answers_of_a_clock_that_was_ahead_grow_old_from_when_it_is_set_back() -> None:
    """[LOG3] They stood before all that came after them, and kept those until the day that had not come yet."""
    now = 950
    storage = await Storage.open("sqlite://", clock=lambda: now)
    try:
        await storage.migrate()

        async def remember(*keys: str) -> None:
            def each(tx: Transaction) -> None:
                for key in keys:
                    log.remember(tx, "ada", "/chat", key, b"d", b"{}")

            await storage.write(each)

        async def sweep() -> set[str]:
            """Forget what is older than 100, and return which of these answers are known."""
            await log.sweep(storage, now, keep_ms=100)
            known = {
                key: partial(log.recall, caller="ada", namespace="/chat", key=key, digest=b"d")
                for key in some
            }
            return {key for key, recall in known.items() if await storage.read(recall) is not None}

        ahead = [f"ahead {number}" for number in range(2 * SLICE + 10)]
        some = ["before", ahead[0], ahead[-1], "after"]
        await remember("before")
        now = 900_000
        await remember(*ahead)
        now = 1_000
        await remember("after")
        assert await sweep() == set(some)
        now = 1_051
        assert await sweep() == set(some[1:])  # what was given before is no younger for it
        now = 1_101
        assert await sweep() == set()
    finally:
        await storage.close()


async def test_a_sweep_applies_retention_to_every_stream_and_lets_others_write() -> None:
    """[LOG4] More streams than a page of the search, more events than a slice."""
    storage = await Storage.open("sqlite://", clock=lambda: 1_000)
    try:
        await storage.migrate()

        def many(tx: Transaction) -> None:
            for number in range(120):
                for _ in range(SLICE + 10 if number == 0 else 12):
                    log.append(tx, "/chat", f"room:{number}", event="e", data=b"{}", id="x", at=100)
            log.append(tx, "/chat", "room:old", event="e", data=b"{}", id="x", at=50)
            log.remember(tx, "ada", "/chat", "k", b"d", b"{}")

        await storage.write(many)
        await log.sweep(storage, 1_000, keep_events=10, keep_ms=920)

        def left(tx: Transaction) -> list[int]:
            return [len(log.read_after(tx, "/chat", f"room:{number}", 0, 1_000)) for number in range(120)]

        assert await storage.read(left) == [10] * 120
        assert (await storage.read(lambda tx: log.position(tx, "/chat", "room:old")))[1:] == (1, 2)
        assert await storage.read(lambda tx: log.recall(tx, "ada", "/chat", "k", b"d")) == b"{}"
        await log.sweep(storage, 2_000, keep_events=10, keep_ms=920)
        assert await storage.read(lambda tx: log.recall(tx, "ada", "/chat", "k", b"d")) is None
    finally:
        await storage.close()


class Growing(Storage):
    """A storage in which a stream has grown whenever somebody looks."""

    looks = 0

    def read(self, work: Work[T]) -> asyncio.Future[T]:
        self.looks += 1
        assert self.looks < 10, "the sweep does not end"
        self.write(grow)
        return super().write(work)


def grow(tx: Transaction) -> None:
    for _ in range(3):
        log.append(tx, "/chat", "room:1", event="e", data=b"{}", id="x", at=tx.now)


async def test_a_sweep_ends_although_streams_grow_meanwhile() -> None:
    """[LOG4] They are overdue again at once; that is for the next sweep."""
    storage = await Growing.open("sqlite://", clock=lambda: 1_000)
    try:
        await storage.migrate()
        await log.sweep(storage, 1_000, keep_events=1, keep_ms=10_000)
        assert (await storage.write(lambda tx: log.position(tx, "/chat", "room:1"))).first > 1
    finally:
        await storage.close()
