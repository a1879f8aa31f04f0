"""The port of storage: what a database must offer. `sqlite.py` is the adapter there is."""

from __future__ import annotations

from typing import Any, Protocol

from sqlalchemy.engine import Dialect

SUPPORTED = "sqlite:///file.db, or sqlite:// for a private database that is gone at close"


class ConstraintViolated(Exception):  # noqa: N818 - a fact about the data; the service knows what it means
    """A statement would have broken a unique, foreign key, not null or check constraint.

    The statement did nothing. Let it leave the work: what the transaction is worth after it depends on the
    database.
    """


class Session(Protocol):
    """One connection of the driver, used by one thread."""

    dialect: Dialect
    cursor: Any
    """A DBAPI cursor, used for one statement at a time and fetched at once."""
    driver_error: type[Exception]
    """The root of what the driver raises."""

    def begin(self) -> None:
        """Start a transaction: of a writer with the right to write, of a reader with a snapshot."""

    def commit(self) -> None:
        """Make the transaction durable. Raises `driver_error`, after which nothing of it may be seen."""

    def rollback(self) -> None:
        """Undo the transaction, also one that the database has already undone."""

    def savepoint(self) -> None:
        """Mark a place to return to; there is one at a time."""

    def rollback_to_savepoint(self) -> None:
        """Undo everything since the mark, and forget the mark. Raises if the transaction has ended meanwhile."""

    def release_savepoint(self) -> None:
        """Keep everything since the mark, and forget the mark."""

    def translated(self, error: Exception) -> Exception:
        """Return `error` as ConstraintViolated or Unavailable where it is one, otherwise as it is."""

    def close(self) -> None:
        """Close the connection."""


class Database(Protocol):
    """Where sessions come from."""

    readers: int
    """How many reading sessions it is worth to have."""
    is_local: bool
    """Whether a few rows by key are here sooner than a thread could be woken: a file, not a network."""

    def hold(self) -> None:
        """Keep other servers away until `dispose`; called before any session. Raises Unavailable where one serves it.

        What is written here is told to those who are connected here: another server's people would not hear of it.
        """

    def writer(self) -> Session:
        """Open a session that may write."""

    def reader(self, *, patient: bool = True) -> Session:
        """Open a session that may only read; each transaction sees one snapshot.

        One that is not patient raises Unavailable where the database would have to be waited for.
        """

    def migrate(self) -> None:
        """Bring the schema up to date; nothing happens where it is. Raises Unavailable where that is impossible."""

    def dispose(self) -> None:
        """Forget what belongs to no session (a private database's files)."""


def open_database(url: str) -> Database:
    """Return the database that `url` names. Raises ValueError for a kind that there is no adapter for."""
    kind = url.partition(":")[0].partition("+")[0]
    if kind == "sqlite":
        # An adapter is loaded when it is asked for: the Postgres driver need not be installed.
        from coursewire.storage.sqlite import SQLiteDatabase  # noqa: PLC0415

        return SQLiteDatabase(url)
    # The URL may hold a password: name its kind only.
    raise ValueError(f"no storage for {kind!r} databases in this version; use {SUPPORTED}")
