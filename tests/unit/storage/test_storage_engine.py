"""The threads of storage: what is their own beyond the port."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, literal, select, table
from tests.unit.storage.breaking import BreaksOn

from coursewire.errors import Unavailable
from coursewire.storage import Prepared, Row, Storage, Transaction
from coursewire.storage.engine import GROUP_READS
from coursewire.storage.sqlite import SQLiteDatabase, SQLiteSession

ONE = Prepared(select(literal(1).label("one")))
TABLES = Prepared(select(func.count().label("number")).select_from(table("sqlite_master")))
BROKEN = Prepared(select(literal(2).label("broken")))


class OneReader(SQLiteDatabase):
    """Has one reader; the disk breaks under BROKEN in its first session."""

    readers = 1
    sessions = 0

    def reader(self, *, patient: bool = True) -> SQLiteSession:
        self.sessions += 1
        session = super().reader(patient=patient)
        if self.sessions == 1:
            session.cursor = BreaksOn(session.cursor, BROKEN.compiled(session.dialect).sql, ends=True)
        return session


def look(tx: Transaction, statement: Prepared) -> Row | None:
    return tx.one(statement)


async def test_a_snapshot_that_breaks_takes_the_rest_of_its_reads_with_it(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """They must not go on outside of any snapshot; the next reads get a new session."""
    database = OneReader("sqlite://")
    storage = Storage(database)
    await storage.start()
    entered, opened = threading.Event(), threading.Event()

    def hold(_: Transaction) -> None:
        entered.set()
        opened.wait()

    try:
        holding = storage.read(hold)
        await asyncio.to_thread(entered.wait)
        together = [storage.read(partial(look, statement=one)) for one in (ONE, BROKEN, ONE)]
        await asyncio.sleep(0)  # they are handed over when the turn of the loop ends
        opened.set()
        await holding
        first, second, third = await asyncio.gather(*together, return_exceptions=True)
        assert first == (1,)
        assert isinstance(second, Unavailable)
        assert isinstance(third, Unavailable)
        assert await storage.read(lambda tx: tx.all(ONE)) == [(1,)]
        assert database.sessions == 2
    finally:
        opened.set()
        await storage.close()
    assert "a reading session failed" in caplog.text


def test_a_storage_that_outlives_its_loop_says_so_and_its_thread_lives(
    caplog: pytest.LogCaptureFixture,
) -> None:
    entered, opened = threading.Event(), threading.Event()

    def hold(_: Transaction) -> None:
        entered.set()
        opened.wait()

    async def leave() -> Storage:
        storage = await Storage.open("sqlite://")
        storage.write(hold)
        await asyncio.to_thread(entered.wait)
        return storage

    storage = asyncio.run(leave())
    opened.set()
    storage._writes.put(None)
    for _ in range(storage._database.readers):
        storage._reads.put(None)
    for thread in storage._threads:
        thread.join()
    storage._database.dispose()
    assert "close it first" in caplog.text


class Held(SQLiteDatabase):
    """Another process holds the file: only the patient get an answer."""

    def reader(self, *, patient: bool = True) -> SQLiteSession:
        session = super().reader(patient=patient)
        if not patient:
            session.cursor = BreaksOn(session.cursor, ONE.compiled(session.dialect).sql, ends=True)
        return session


@pytest.mark.parametrize(("kind", "thread"), [(SQLiteDatabase, "MainThread"), (Held, "storage-reader-")])
async def test_a_glance_runs_on_the_loop_and_where_it_would_wait_in_a_reader(
    kind: type[SQLiteDatabase], thread: str
) -> None:
    """Whoever else holds the file must not hold up the event loop."""
    storage = Storage(kind("sqlite://"))
    await storage.start()

    def where(tx: Transaction) -> str:
        tx.all(ONE)
        return threading.current_thread().name

    try:
        assert (await storage.glance(where)).startswith(thread)
    finally:
        await storage.close()


async def test_after_a_glance_that_broke_the_loop_reads_on_a_new_session() -> None:
    """Else every later one would fail as well, and wake a reader."""
    storage = Storage(SQLiteDatabase("sqlite://"))
    await storage.start()

    def where(tx: Transaction) -> str:
        tx.all(ONE)
        return threading.current_thread().name

    here = threading.current_thread().name
    assert await storage.glance(where) == here
    session: Any = storage._glancing
    session.cursor = BreaksOn(session.cursor, ONE.compiled(session.dialect).sql, ends=False)
    assert (await storage.glance(where)).startswith("storage-reader")
    assert await storage.glance(where) == here
    await storage.close()


async def test_glances_of_one_turn_share_a_snapshot_until_the_loop_hears_of_something_newer() -> None:
    database = SQLiteDatabase("sqlite://")
    storage = Storage(database)
    await storage.start()

    def tables() -> int:
        return int(storage.glance(lambda tx: tx.all(TABLES)[0].number).result())

    with closing(sqlite3.connect(database.path)) as other:
        assert tables() == 0
        other.execute("CREATE TABLE a (b)")
        assert tables() == 0
        await asyncio.sleep(0)
        assert tables() == 1
        other.execute("CREATE TABLE c (d)")
        assert tables() == 1
        storage._deliver_group([], [], [])
        assert tables() == 2
        other.execute("CREATE TABLE e (f)")
        storage._deliver_reads([], [])
        assert tables() == 3
    await storage.close()


class Leaving(SQLiteDatabase):
    """Notes whose session is closed."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.closed: list[str] = []

    def writer(self) -> SQLiteSession:
        return self._noted(super().writer(), "writer")

    def reader(self, *, patient: bool = True) -> SQLiteSession:
        return self._noted(super().reader(patient=patient), "reader")

    def _noted(self, session: SQLiteSession, whose: str) -> SQLiteSession:
        close = session.close

        def noted() -> None:
            self.closed.append(whose)
            close()

        session.close = noted  # type: ignore[method-assign]  # one session, not all
        return session


def files(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


async def test_the_writer_leaves_last_and_takes_the_write_ahead_log_with_it(tmp_path: Path) -> None:
    """Of two sessions that go at once neither is the last one, and the file alone would lack what was committed."""
    database = Leaving(f"sqlite:///{tmp_path / 'campus.db'}")
    storage = Storage(database)
    await storage.start()
    await storage.migrate()
    await storage.read(partial(look, statement=ONE))
    await storage.glance(partial(look, statement=ONE))
    await storage.close()
    assert database.closed == ["reader", "reader", "writer"]
    assert files(tmp_path) == ["campus.db"]


async def test_one_reader_takes_no_more_than_a_group_at_once() -> None:
    """What else waits is left to the others."""
    database = OneReader("sqlite://")
    storage = Storage(database)
    await storage.start()
    entered, opened = threading.Event(), threading.Event()
    left: list[int] = []

    def hold(_: Transaction) -> None:
        entered.set()
        opened.wait()

    def note(_: Transaction) -> None:
        left.append(storage._reads.qsize())

    try:
        holding = storage.read(hold)
        await asyncio.to_thread(entered.wait)
        waiting = []
        for _ in range(GROUP_READS + 3):
            waiting.append(storage.read(note))
            await asyncio.sleep(0)  # a turn of the loop each
        opened.set()
        await asyncio.gather(holding, *waiting)
        assert left == [3] * GROUP_READS + [0] * 3
    finally:
        await storage.close()
