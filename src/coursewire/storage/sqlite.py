"""SQLite behind the port: a WAL file, one writing connection, several reading ones."""

from __future__ import annotations

import sqlite3
import tempfile
from contextlib import suppress
from pathlib import Path

from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite
from sqlalchemy.engine import Dialect, make_url

from coursewire.errors import Unavailable
from coursewire.storage.adapter import ConstraintViolated
from coursewire.storage.migrations import upgrade

BUSY_TIMEOUT_MS = 5_000
"""How long to wait for another process (a migration, a backup) that holds the write lock."""

_DIALECT = SQLiteDialect_pysqlite(paramstyle="named")

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
        sqlite3.SQLITE_READONLY,
    }
)


class SQLiteSession:
    """One connection; `begin` says how its transactions start."""

    dialect: Dialect = _DIALECT
    driver_error: type[Exception] = sqlite3.Error

    def __init__(self, connection: sqlite3.Connection, begin: str) -> None:
        self._connection = connection
        self._begin = begin
        self.cursor = connection.cursor()

    def begin(self) -> None:
        self.cursor.execute(self._begin)

    def commit(self) -> None:
        self.cursor.execute("COMMIT")

    def rollback(self) -> None:
        if self._connection.in_transaction:
            self.cursor.execute("ROLLBACK")

    def savepoint(self) -> None:
        self.cursor.execute("SAVEPOINT work")

    def rollback_to_savepoint(self) -> None:
        self.cursor.execute("ROLLBACK TO work")
        self.cursor.execute("RELEASE work")

    def release_savepoint(self) -> None:
        self.cursor.execute("RELEASE work")

    def lost(self) -> bool:
        return not self._connection.in_transaction

    def translated(self, error: Exception) -> Exception:
        code = getattr(error, "sqlite_errorcode", None)
        if code is None:
            return error
        primary = code & 0xFF  # an extended code keeps its primary one in the low byte
        if primary == sqlite3.SQLITE_CONSTRAINT:
            return ConstraintViolated(str(error))
        if primary in _AWAY:
            return Unavailable("the storage is away for now")
        return error

    def close(self) -> None:
        self.cursor.close()
        self._connection.close()


class SQLiteDatabase:
    """A file, or with `sqlite://` a private file in a temporary directory that goes at `dispose`.

    A private one is a file too, not SQLite's `:memory:`: that has no snapshots for readers beside a writer, so tests
    on it would not say much about the file. It is not synced to the disk.
    """

    readers = 2
    """Two: what a second reader gains is that a long history page does not hold up the replays. sqlite3 frees the GIL
    while it steps, but these reads are short, and more threads only compete with the event loop for it."""

    def __init__(self, url: str) -> None:
        path = make_url(url).database
        self._private: tempfile.TemporaryDirectory[str] | None = None
        if path is None or path in {"", ":memory:"}:
            self._private = tempfile.TemporaryDirectory(prefix="coursewire-")
            path = str(Path(self._private.name, "private.db"))
        self.path = path

    def _connect(self) -> sqlite3.Connection:
        try:
            connection = sqlite3.connect(
                self.path, timeout=BUSY_TIMEOUT_MS / 1000, isolation_level=None, cached_statements=512
            )
        except sqlite3.Error as error:
            raise Unavailable(f"cannot open the database: {error}") from error
        connection.execute("PRAGMA foreign_keys = ON")
        return connection

    def writer(self) -> SQLiteSession:
        connection = self._connect()
        mode = connection.execute("PRAGMA journal_mode = WAL").fetchone()[0]
        if mode != "wal":
            connection.close()
            raise Unavailable("this file system cannot hold a SQLite database with a write-ahead log")
        # What each level survives, and what it costs: docs/decisions/0003-storage.md
        connection.execute(f"PRAGMA synchronous = {'OFF' if self._private else 'FULL'}")
        connection.execute("PRAGMA cache_size = -65536")  # KiB
        connection.execute("PRAGMA journal_size_limit = 67108864")
        return SQLiteSession(connection, "BEGIN IMMEDIATE")

    def reader(self) -> SQLiteSession:
        connection = self._connect()
        connection.execute("PRAGMA query_only = ON")
        connection.execute("PRAGMA cache_size = -16384")
        return SQLiteSession(connection, "BEGIN")

    def migrate(self) -> None:
        upgrade(f"sqlite:///{self.path}")

    def dispose(self) -> None:
        if self._private is not None:
            with suppress(OSError):  # a file that the system still holds: it lies in a temporary directory
                self._private.cleanup()
