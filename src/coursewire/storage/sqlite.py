"""SQLite behind the port: a WAL file, one writing connection, several reading ones."""

from __future__ import annotations

import fcntl
import os
import sqlite3
import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from alembic.util import CommandError
from sqlalchemy import URL, NullPool, create_engine, event
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite
from sqlalchemy.engine import Connection, Dialect, make_url
from sqlalchemy.exc import OperationalError

from coursewire.errors import Unavailable
from coursewire.storage.adapter import ConstraintViolated
from coursewire.storage.migrations import upgrade

BUSY_TIMEOUT_S = 5.0
"""How long to wait for another process (a migration, a backup) that holds the write lock."""

_DIALECT = SQLiteDialect_pysqlite(paramstyle="qmark")

# Errors of the machine, not of the statement: the same work can succeed later.
_AWAY = frozenset(
    {
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_CORRUPT,
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_LOCKED,
        sqlite3.SQLITE_NOMEM,
        sqlite3.SQLITE_NOTADB,
        sqlite3.SQLITE_PROTOCOL,
    }
)


class SQLiteSession:
    """Implements `adapter.Session` on one connection; `begin` is how its transactions start."""

    dialect: Dialect = _DIALECT
    driver_error: type[Exception] = sqlite3.Error

    def __init__(self, connection: sqlite3.Connection, begin: str) -> None:
        self._connection = connection
        self._begin = begin
        self.cursor: Any = connection.cursor()

    def begin(self) -> None:
        """Start a transaction: a writer takes the write lock now, a reader its snapshot at the first read."""
        self.cursor.execute(self._begin)

    def commit(self) -> None:
        """Append the transaction to the write-ahead log, and sync that."""
        self.cursor.execute("COMMIT")

    def rollback(self) -> None:
        """Undo the transaction, unless SQLite already has (https://sqlite.org/lang_transaction.html, 3)."""
        if self._connection.in_transaction:
            self.cursor.execute("ROLLBACK")

    def savepoint(self) -> None:
        """Mark a place to return to."""
        self.cursor.execute("SAVEPOINT work")

    def rollback_to_savepoint(self) -> None:
        """Undo everything since the mark; SQLite keeps the mark, so release it as well."""
        self.cursor.execute("ROLLBACK TO work")
        self.cursor.execute("RELEASE work")

    def release_savepoint(self) -> None:
        """Keep everything since the mark."""
        self.cursor.execute("RELEASE work")

    def translated(self, error: Exception) -> Exception:
        """Tell errors by SQLite's result code."""
        code = getattr(error, "sqlite_errorcode", None)
        if code is None:
            return error
        primary = code & 0xFF  # an extended code keeps its primary one in the low byte
        if primary == sqlite3.SQLITE_CONSTRAINT:
            return ConstraintViolated(str(error))
        if primary in _AWAY:
            return Unavailable("the storage is away for now", retry_after_ms=1_000)
        return error

    def close(self) -> None:
        """Close the connection; the last one of a file moves the write-ahead log into it."""
        self.cursor.close()
        self._connection.close()


class WritingSession(SQLiteSession):
    """The session of the writer."""

    def __init__(self, connection: sqlite3.Connection, check: Callable[[], None]) -> None:
        super().__init__(connection, "BEGIN IMMEDIATE")
        self._check = check

    def begin(self) -> None:
        """Start a transaction with the right to write. Raises Unavailable where nobody would find what it writes."""
        self._check()
        super().begin()


class SQLiteDatabase:
    """Implements `adapter.Database` on a file, or with `sqlite://` on a private one that goes at `dispose`.

    A private one is a file too, not SQLite's `:memory:`: that has no snapshots for readers beside a writer,
    so tests on it would not say much about the file. It is not synced to the disk.
    """

    readers = 2
    """So that one long page of history does not hold up the replays. More would only compete with the event
    loop for the GIL, which sqlite3 frees while it steps."""

    is_local = True

    def __init__(self, url: str) -> None:
        path = make_url(url).database
        self._private: tempfile.TemporaryDirectory[str] | None = None
        if path in {None, "", ":memory:"}:
            self._private = tempfile.TemporaryDirectory(prefix="coursewire-")
            path = str(Path(self._private.name, "private.db"))
        self.path = str(path)
        self._file: tuple[int, int] | None = None
        """Which file it was when it was opened first."""
        self._held: int | None = None
        """The descriptor that keeps other servers away."""

    def hold(self) -> None:
        """Lock the file, by `flock`, which SQLite's own locks know nothing of; it ends with the process.

        Raises Unavailable when another server has done so. What cannot be opened `writer` tells.
        """
        try:
            descriptor = os.open(self.path, os.O_RDONLY | os.O_CREAT, 0o644)
        except OSError:
            return
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(descriptor)
            if isinstance(error, BlockingIOError):
                raise Unavailable(f"another server serves {self.path}: stop that one first") from error
            raise Unavailable(
                f"cannot lock {self.path}, is it on a network's disk? {error.strerror}"
            ) from error
        # Not closed before the last session is: that would end SQLite's locks of this process, too (its "How To
        # Corrupt", 2.2).
        self._held = descriptor

    def writer(self) -> SQLiteSession:
        """Open the connection that writes. Raises Unavailable."""
        if self._file is not None:
            self._check_file()  # or SQLite would make a new one, and all would go on with an empty database
        # What each level of `synchronous` survives, and what it costs: docs/decisions/0003-storage.md
        connection = self._connect(
            "PRAGMA journal_mode = WAL",
            f"PRAGMA synchronous = {'OFF' if self._private else 'FULL'}",
            "PRAGMA foreign_keys = ON",
            "PRAGMA cache_size = -65536",  # KiB
            "PRAGMA journal_size_limit = 67108864",  # bytes that a burst may leave behind
        )
        # SQLite would say so at the first statement that changes something.
        if not os.access(self.path, os.W_OK):
            connection.close()
            raise Unavailable("cannot open the database: the file may not be written")
        self._file = self._file or _identity(self.path)
        return WritingSession(connection, self._check_file)

    def _check_file(self) -> None:
        """Raise Unavailable when the file has gone, or another one has its name: SQLite would write on, for nobody."""
        if _identity(self.path) != self._file:
            raise Unavailable(
                f"{self.path} was removed or replaced while in use: stop the server, put it back or restore a backup"
            )

    def reader(self, *, patient: bool = True) -> SQLiteSession:
        """Open a connection that reads. Raises Unavailable."""
        connection = self._connect("PRAGMA query_only = ON", "PRAGMA cache_size = -16384")
        if not patient:
            connection.execute("PRAGMA busy_timeout = 0")
        return SQLiteSession(connection, "BEGIN")

    def _connect(self, *pragmas: str) -> sqlite3.Connection:
        connection: sqlite3.Connection | None = None
        try:
            connection = sqlite3.connect(
                self.path, timeout=BUSY_TIMEOUT_S, isolation_level=None, cached_statements=512
            )
            for pragma in pragmas:
                connection.execute(pragma)
        except sqlite3.Error as error:
            if connection is not None:
                connection.close()
            raise Unavailable(f"cannot open the database: {error}") from error
        return connection

    def migrate(self) -> None:
        """Bring the schema up to date in one transaction: another process that does the same waits for it.

        Raises Unavailable for what an operator can put right: a lock, a full disk, tables of others, a newer schema.
        """
        engine = create_engine(URL.create("sqlite", database=self.path), poolclass=NullPool)
        # Python's sqlite3 would start no transaction before DDL; these two lines make it part of one.
        event.listen(engine, "connect", lambda driver, _: setattr(driver, "isolation_level", None))
        event.listen(engine, "begin", _begin_immediate)
        try:
            with engine.begin() as connection:
                upgrade(connection)
        except OperationalError as error:
            raise Unavailable(f"cannot bring the database up to date: {error.orig}") from error
        except (
            CommandError
        ) as error:  # of all that Alembic says, only this can come from a database and not from us
            raise Unavailable(
                f"cannot bring the database up to date, a newer version has made it: {error}"
            ) from error

    def dispose(self) -> None:
        """Let go of the file, or remove a private one."""
        if self._held is not None:
            os.close(self._held)
            self._held = None
        if self._private is not None:
            with suppress(OSError):  # a file that the system still holds: it lies in a temporary directory
                self._private.cleanup()


def _identity(path: str) -> tuple[int, int] | None:
    """Return what tells a file from all others, whatever its name; None where there is none."""
    try:
        found = os.stat(path)  # noqa: PTH116  # once per commit group: half as dear as a Path's
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _begin_immediate(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")
