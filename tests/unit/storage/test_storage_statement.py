"""Statements, compiled for each dialect that is or will be spoken."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import Column, Integer, MetaData, Table, Text, bindparam, insert, select, tuple_, update
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg
from sqlalchemy.engine import Dialect

from coursewire.storage import Prepared, statement
from coursewire.storage.sqlite import SQLiteSession

SQLITE = SQLiteSession.dialect
POSTGRES: Dialect = PGDialect_psycopg(paramstyle="pyformat")  # type: ignore[no-untyped-call] # SQLAlchemy's

notes = Table(
    "notes",
    MetaData(),
    Column("id", Integer, primary_key=True),
    Column("text", Text),
    Column("count", Integer),
)


def compiled(prepared: Prepared, dialect: Dialect, **params: object) -> tuple[str, statement.Parameters]:
    sql, arguments = prepared.compiled(dialect).arguments(params)
    return " ".join(sql.split()), arguments


def values(arguments: statement.Parameters) -> list[Any]:
    return list(arguments if isinstance(arguments, tuple) else arguments.values())


def test_a_parameter_has_a_name_or_a_place() -> None:
    prepared = Prepared(select(notes.c.text).where(notes.c.id == bindparam("of_id")))
    assert compiled(prepared, SQLITE, of_id=1) == (
        "SELECT notes.text FROM notes WHERE notes.id = ?",
        (1,),
    )
    sql, arguments = compiled(prepared, POSTGRES, of_id=1)
    assert "%(of_id)s" in sql
    assert arguments == {"of_id": 1}


def test_parameters_find_their_places_however_they_come() -> None:
    prepared = Prepared(
        update(notes)
        .where(notes.c.id.in_(bindparam("ids", expanding=True)), notes.c.text != bindparam("new_text"))
        .values(text=bindparam("new_text"), count=notes.c.count + 7)
    )
    for ids in ([3, 1, 2], [6, 5, 4], [8], []):
        _, arguments = compiled(prepared, SQLITE, ids=ids, new_text="x")
        assert arguments == ("x", 7, *ids, "x")
    plain = Prepared(insert(notes).values(id=bindparam("a"), text=bindparam("b"), count=bindparam("c")))
    assert compiled(plain, SQLITE, c=3, b="2", a=1)[1] == (1, "2", 3)


@pytest.mark.parametrize("dialect", [SQLITE, POSTGRES], ids=lambda dialect: dialect.name)
def test_literals_of_the_statement_travel_with_it(dialect: Dialect) -> None:
    prepared = Prepared(update(notes).where(notes.c.id == bindparam("of_id")).values(count=notes.c.count + 7))
    _, arguments = compiled(prepared, dialect, of_id=1)
    assert sorted(map(repr, values(arguments))) == ["1", "7"]


@pytest.mark.parametrize("dialect", [SQLITE, POSTGRES], ids=lambda dialect: dialect.name)
def test_a_list_is_written_out_for_its_length(dialect: Dialect) -> None:
    prepared = Prepared(
        select(notes.c.id).where(notes.c.id.in_(bindparam("ids", expanding=True)), notes.c.count == 5)
    )
    for ids in ([7], [7, 8, 9], [], [1], [3, 2, 1]):
        sql, arguments = compiled(prepared, dialect, ids=ids)
        assert "POSTCOMPILE" not in sql
        assert sorted(map(repr, values(arguments))) == sorted(map(repr, [*ids, 5]))
        assert [value for value in values(arguments) if value in ids] == ids


def test_a_statement_is_written_out_once_for_a_length_and_for_so_many_lengths(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(statement, "LENGTHS", 2)
    in_both = (
        notes.c.count.in_([8, 9]),
        notes.c.id.in_(bindparam("ids", expanding=True)),
        notes.c.text.in_(bindparam("texts", expanding=True)),
    )
    prepared = Prepared(select(notes.c.id).where(*in_both)).compiled(SQLITE)
    written: list[str] = []
    for ids, texts in (
        ([1], ["a", "b"]),
        ([2], ["c", "d"]),
        ([1, 2], ["a"]),
        ([1, 2, 3], []),
        ([4, 5, 6], []),
    ):
        sql, arguments = prepared.arguments({"ids": ids, "texts": texts})
        assert sorted(map(repr, values(arguments))) == sorted(map(repr, [*ids, *texts, 8, 9]))
        written.append(sql)
    assert written[0] is written[1]
    assert written[3] == written[4]
    assert written[3] is not written[4], "there is no room for a third length"


def test_rows_of_several_values_are_written_out_each_time() -> None:
    pairs = tuple_(notes.c.id, notes.c.count).in_(bindparam("pairs", expanding=True))
    prepared = Prepared(select(notes.c.id).where(pairs)).compiled(SQLITE)
    for rows in ([(1, 2), (3, 4)], [(5, 6), (7, 8)]):
        _, arguments = prepared.arguments({"pairs": rows})
        assert values(arguments) == [value for row in rows for value in row]


def test_an_insert_returns_nothing_that_was_not_asked_for() -> None:
    """SQLAlchemy would add `RETURNING notes.id` for Postgres."""
    sql, _ = compiled(Prepared(insert(notes).values(text=bindparam("text"))), POSTGRES)
    assert "RETURNING" not in sql
    sql, _ = compiled(Prepared(insert(notes).values(text=bindparam("text")).returning(notes.c.id)), POSTGRES)
    assert sql.endswith("RETURNING notes.id")


def test_a_statement_is_compiled_once_per_dialect() -> None:
    prepared = Prepared(select(notes.c.id))
    assert prepared.compiled(SQLITE) is prepared.compiled(SQLITE)
    assert prepared.compiled(SQLITE) is not prepared.compiled(POSTGRES)


def test_a_statement_knows_whether_it_changes_anything() -> None:
    assert not Prepared(select(notes)).writes
    assert Prepared(insert(notes)).writes
    assert Prepared(update(notes).values(count=1).returning(notes.c.id)).writes


def test_a_column_may_have_the_name_of_a_method_of_tuples() -> None:
    [row] = Prepared(select(notes.c.count)).compiled(SQLITE).rows([("count", None)], [(3,)])
    count: Any = row.count
    assert count == 3
