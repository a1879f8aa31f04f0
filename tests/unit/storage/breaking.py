"""A disk that breaks under one statement."""

from __future__ import annotations

import sqlite3
from typing import Any


class BreaksOn:
    """A cursor on which one statement meets an I/O error; with `ends` SQLite ends the transaction over it."""

    def __init__(self, cursor: Any, sql: str, *, ends: bool) -> None:
        self._cursor = cursor
        self._sql = sql
        self._ends = ends

    def __getattr__(self, name: str) -> Any:
        return getattr(self._cursor, name)

    def execute(self, sql: str, *params: Any) -> None:
        if sql != self._sql:
            self._cursor.execute(sql, *params)
            return
        if self._ends:
            self._cursor.execute("ROLLBACK")
        error = sqlite3.OperationalError("disk I/O error")
        error.sqlite_errorcode = sqlite3.SQLITE_IOERR_READ
        raise error
