"""What a work sees of the database: statements, the time, and effects that happen only if it commits."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NoReturn

from coursewire.errors import Unavailable
from coursewire.storage.adapter import Session
from coursewire.storage.statement import Compiled, Prepared, Row


class Transaction:
    """One work's view of the database.

    A work is a pure function of its transaction: it reads the time from `now`, changes nothing but the
    database and `effects`, and may be run a second time when a neighbour in its commit group failed.
    """

    __slots__ = ("_broken", "_session", "effects", "now", "wrote")

    def __init__(self, session: Session, now: int) -> None:
        self._session = session
        self._broken: Exception | None = None
        self.now = now
        """Milliseconds since 1970, taken once per work."""
        self.effects: list[Any] = []
        """What to tell the others once this is committed; forgotten if it is not."""
        self.wrote = False

    def all(self, statement: Prepared, /, **params: Any) -> list[Row]:
        """Run a statement and return its rows. Raises ConstraintViolated, Unavailable."""
        compiled = self._run(statement, params)
        cursor = self._session.cursor
        return compiled.rows(cursor.description, cursor.fetchall())

    def one(self, statement: Prepared, /, **params: Any) -> Row | None:
        """Run a statement and return its first row, or None. Raises as `all` does."""
        compiled = self._run(statement, params)
        cursor = self._session.cursor
        found = cursor.fetchall()
        return compiled.rows(cursor.description, found)[0] if found else None

    def run(self, statement: Prepared, /, **params: Any) -> int:
        """Run a statement and return how many rows it changed. Raises as `all` does."""
        self._run(statement, params)
        return int(self._session.cursor.rowcount)

    def _run(self, statement: Prepared, params: dict[str, Any]) -> Compiled:
        # Eight of these make a message: nothing is called here that most of them can do without (ADR 0014).
        session = self._session
        compiled = statement.kept.get(session.dialect.name) or statement.compiled(session.dialect)
        if compiled.is_plain:
            sql, given = compiled.sql, compiled.placed(params)
        else:
            sql, given = compiled.arguments(params)
        if self._broken is not None:
            raise self._broken
        if statement.writes:
            self.wrote = True
        try:
            session.cursor.execute(sql, given)
        except session.driver_error as error:
            self._fail(error)
        return compiled

    def many(self, statement: Prepared, rows: Sequence[dict[str, Any]], /) -> None:
        """Run a change once per row, in one go of the driver: no list in it, and nothing returned. Raises as `all`."""
        session = self._session
        compiled = statement.compiled(session.dialect)
        given = [compiled.arguments(row) for row in rows]
        if not given:
            return
        if self._broken is not None:
            raise self._broken
        if statement.writes:
            self.wrote = True
        try:
            session.cursor.executemany(given[0][0], [params for _, params in given])
        except session.driver_error as error:
            self._fail(error)

    def _fail(self, error: Exception) -> NoReturn:
        """Raise what an error of the driver means."""
        translated = self._session.translated(error)
        if isinstance(translated, Unavailable):
            # The database may have ended the transaction: a further statement would run outside of any.
            self._broken = translated
        if translated is error:
            raise error
        raise translated from error

    @property
    def broken(self) -> Exception | None:
        """The error of the machine that ended this transaction, even if the work has swallowed it."""
        return self._broken
