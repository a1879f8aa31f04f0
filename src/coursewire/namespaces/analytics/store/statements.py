"""The table of xAPI statements and its queries."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import takewhile
from typing import TYPE_CHECKING, Any, NamedTuple

import orjson
from sqlalchemy import BigInteger, Column, Index, Table, Text, bindparam, delete, insert, select

from coursewire.identity.store import users
from coursewire.namespaces.analytics.store.pieces import pieces
from coursewire.storage.schema import metadata
from coursewire.storage.statement import Prepared

if TYPE_CHECKING:
    from coursewire.realtime.transaction import Transaction

statements = Table(
    "analytics_statements",
    metadata,
    Column("id", Text, primary_key=True),
    Column("user_id", Text),  # who it is about, where it names somebody as we do
    Column("statement", Text, nullable=False),  # JSON, as it came
    Column("stored_at", BigInteger, nullable=False),
)
"""Statements, each once; they do not change."""

Index(None, statements.c.stored_at)
_KNOWN_PERSON = statements.c.user_id.is_not(None)
Index(None, statements.c.user_id, sqlite_where=_KNOWN_PERSON, postgresql_where=_KNOWN_PERSON)


people = Table(
    "analytics_statement_people",
    metadata,
    Column("user_id", Text, primary_key=True),
    Column("statement_id", Text, primary_key=True),
    sqlite_with_rowid=False,
)
"""Whom statements name besides the one whom they are about: they go with each of them."""

Index(None, people.c.statement_id)


class Stored(NamedTuple):
    """A statement to store."""

    id: str
    user_id: str | None
    statement: bytes
    others: frozenset[str]
    """Ids of the other people whom it names."""


_known = Prepared(
    select(statements.c.id, statements.c.statement).where(
        statements.c.id.in_(bindparam("ids", expanding=True))
    )
)
_insert = Prepared(
    insert(statements).values({column.name: bindparam(column.name) for column in statements.columns})
)
_by_email = Prepared(
    select(users.c.id, users.c.email).where(users.c.email.in_(bindparam("emails", expanding=True)))
)
_oldest = Prepared(
    select(statements.c.id, statements.c.stored_at).order_by(statements.c.stored_at).limit(bindparam("most"))
)
_delete = Prepared(delete(statements).where(statements.c.id.in_(bindparam("ids", expanding=True))))
_name = Prepared(insert(people).values({column.name: bindparam(column.name) for column in people.columns}))
_forget = Prepared(delete(people).where(people.c.statement_id.in_(bindparam("ids", expanding=True))))
_about = Prepared(select(statements.c.id).where(statements.c.user_id == bindparam("user_id")))
_naming = Prepared(select(people.c.statement_id.label("id")).where(people.c.user_id == bindparam("user_id")))


def known_statements(tx: Transaction, ids: Sequence[str]) -> dict[str, Any]:
    """Return those of these ids that are stored, as they came."""
    return {row.id: orjson.loads(row.statement) for piece in pieces(ids) for row in tx.all(_known, ids=piece)}


def insert_statements(tx: Transaction, new: Sequence[Stored]) -> None:
    """Store statements, none of which is known."""
    tx.many(
        _insert,
        [
            {"id": one.id, "user_id": one.user_id, "statement": one.statement.decode(), "stored_at": tx.now}
            for one in new
        ],
    )
    tx.many(
        _name,
        [{"user_id": user_id, "statement_id": one.id} for one in new for user_id in sorted(one.others)],
    )


def people_by_email(tx: Transaction, emails: Sequence[str]) -> dict[str, str]:
    """Return the user ids of those whose addresses these are, by address."""
    return {row.email: row.id for piece in pieces(emails) for row in tx.all(_by_email, emails=piece)}


def trim_statements(tx: Transaction, before: int, most: int) -> int:
    """Delete what was stored before a time, the oldest first, at most so many; return how many there were."""
    rows = takewhile(lambda row: row.stored_at < before, tx.all(_oldest, most=most))
    return _remove(tx, [row.id for row in rows])


def erase_statements(tx: Transaction, user_id: str) -> None:
    """Delete what was said of somebody, and whatever else names them: nobody can ask for it, and it counts no less."""
    _remove(tx, [row.id for which in (_about, _naming) for row in tx.all(which, user_id=user_id)])


def _remove(tx: Transaction, ids: Sequence[str]) -> int:
    for piece in pieces(ids):
        tx.run(_forget, ids=piece)
    return sum(tx.run(_delete, ids=piece) for piece in pieces(ids))
