"""SQLite: what is its own beyond the port."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import insert, select

from coursewire import log
from coursewire.errors import Unavailable
from coursewire.log.schema import database as database_table
from coursewire.storage import Prepared, Storage
from coursewire.storage.sqlite import SQLiteDatabase, SQLiteSession

EPOCH = Prepared(select(database_table.c.epoch))


async def test_a_file_keeps_its_contents_and_its_epoch(tmp_path: Path) -> None:
    """[SES4] [LOG4] A position from before a restart can be resumed."""
    url = f"sqlite:///{tmp_path / 'campus.db'}"

    async def append() -> log.Position:
        storage = await Storage.open(url)
        try:
            await storage.migrate()
            return await storage.write(
                lambda tx: log.append(tx, "/chat", "room:1", event="e", data=b"{}", id="x", at=tx.now)
            )
        finally:
            await storage.close()

    first, second = await append(), await append()
    assert (first.offset, second.offset) == (1, 2)
    assert first.epoch == second.epoch


def test_a_private_database_is_gone_at_the_end() -> None:
    database = SQLiteDatabase("sqlite://")
    database.writer().close()
    assert Path(database.path).exists()
    database.dispose()
    assert not Path(database.path).parent.exists()


def pragma(session: SQLiteSession, name: str) -> object:
    return session.cursor.execute(f"PRAGMA {name}").fetchone()[0]


def test_a_file_is_written_ahead_and_synced_at_every_commit(tmp_path: Path) -> None:
    """docs/decisions/0003-storage.md: FULL (2) also survives a power loss."""
    session = SQLiteDatabase(f"sqlite:///{tmp_path / 'campus.db'}").writer()
    assert pragma(session, "journal_mode") == "wal"
    assert pragma(session, "synchronous") == 2
    assert pragma(session, "foreign_keys") == 1
    assert (
        pragma(session, "journal_size_limit") == 64 * 1024 * 1024
    )  # else a burst's log stays as large as it was
    session.close()


def test_only_the_event_loops_reader_waits_for_nobody(tmp_path: Path) -> None:
    """Another program may hold the file for seconds: the threads wait for it, the loop must not."""
    path = tmp_path / "campus.db"
    database = SQLiteDatabase(f"sqlite:///{path}")
    patient, impatient = database.reader(), database.reader(patient=False)
    assert pragma(patient, "busy_timeout") == 5_000
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute(
            "BEGIN EXCLUSIVE"
        )  # of a file that is not written ahead yet, which keeps readers out too
        with pytest.raises(sqlite3.OperationalError, match="locked"):
            impatient.cursor.execute("SELECT * FROM sqlite_master")
        assert pragma(impatient, "busy_timeout") == 0
    patient.close()
    impatient.close()


@pytest.mark.parametrize("content", [None, b"not a database, but a text that is long enough" * 100])
async def test_a_file_that_cannot_be_opened_is_told_at_once(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "folder" / "campus.db"
    if content is not None:
        path.parent.mkdir()
        path.write_bytes(content)
    with pytest.raises(Unavailable, match="cannot open the database"):
        await Storage.open(f"sqlite:///{path}")


@pytest.mark.parametrize(
    ("made", "problem"),
    [
        ("CREATE TABLE events (somebody TEXT)", "table events already exists"),
        (
            "CREATE TABLE alembic_version (version_num); INSERT INTO alembic_version VALUES ('9999')",
            "newer.*9999",
        ),
    ],
    ids=["of another program", "of a newer version"],
)
def test_a_database_that_cannot_be_migrated_says_why_and_stays_as_it_is(
    tmp_path: Path, made: str, problem: str
) -> None:
    with closing(sqlite3.connect(tmp_path / "campus.db")) as driver:
        driver.executescript(made)
        before = list(driver.iterdump())
        with pytest.raises(Unavailable, match=f"cannot bring the database up to date.*{problem}"):
            SQLiteDatabase(f"sqlite:///{tmp_path / 'campus.db'}").migrate()
        assert list(driver.iterdump()) == before


async def test_a_statement_that_is_wrong_is_our_bug_and_not_the_machine() -> None:
    storage = await Storage.open("sqlite://")
    try:
        with pytest.raises(sqlite3.OperationalError, match="no such table"):
            await storage.read(lambda tx: tx.all(EPOCH))
        with pytest.raises(sqlite3.OperationalError, match="no such table"):
            await storage.write(lambda tx: tx.run(Prepared(insert(database_table)), id=1, epoch="e"))
    finally:
        await storage.close()


@pytest.mark.parametrize("script", ["full_disk", "full_pages"])
def test_a_full_disk_fails_the_group_and_keeps_what_was_acknowledged(tmp_path: Path, script: str) -> None:
    """[LOG1] [LOG2] A real one, in a process of its own: see `full_disk.py`."""
    path = Path(__file__).parent / "full_disk.py"
    done = subprocess.run(
        [sys.executable, path, tmp_path / "campus.db", script], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "whole"
