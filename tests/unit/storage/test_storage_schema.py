"""The whole schema: what every package declared, and whether the migrations make just that."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import (
    BigInteger,
    Connection,
    Float,
    Integer,
    LargeBinary,
    NullPool,
    Table,
    Text,
    create_engine,
    inspect,
    text,
)

import coursewire
from coursewire.storage.migrations import downgrade
from coursewire.storage.schema import is_plain_table, metadata, text_indexes
from coursewire.storage.sqlite import SQLiteDatabase

for _module in pkgutil.walk_packages(coursewire.__path__, "coursewire."):
    if _module.name.rpartition(".")[2] in {"schema", "store"}:
        importlib.import_module(_module.name)

TABLES = metadata.sorted_tables


@pytest.fixture
def connection() -> Iterator[Connection]:
    """A connection to a database that the migrations have made."""
    database = SQLiteDatabase("sqlite://")
    database.migrate()
    engine = create_engine(f"sqlite:///{database.path}", poolclass=NullPool)
    with engine.connect() as connection:
        yield connection
    database.dispose()


def test_the_tables_of_all_packages_were_found() -> None:
    assert {"streams", "users", "chat_messages"} <= {table.name for table in TABLES}


def test_the_migrations_make_what_the_packages_declare(connection: Connection) -> None:
    context = MigrationContext.configure(
        connection,
        opts={"compare_type": True, "compare_server_default": True, "include_name": is_plain_table},
    )
    assert compare_metadata(context, metadata) == []


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_a_table_is_the_same_to_the_letter(connection: Connection, table: Table) -> None:
    """Autogenerate does not look at everything: primary keys, WITHOUT ROWID, checks, partial indexes."""
    declared = create_engine("sqlite://", poolclass=NullPool)
    with declared.connect() as other:
        metadata.create_all(other)
        query = text("SELECT type, name, sql FROM sqlite_master WHERE tbl_name = :name ORDER BY name")
        ours, theirs = (
            [
                (kind, name, sorted(line.strip(" ,") for line in (sql or "").splitlines()))
                for kind, name, sql in source.execute(query, {"name": table.name})
            ]
            for source in (connection, other)
        )
    assert ours == theirs


def test_the_indexes_of_words_are_the_same_to_the_letter(connection: Connection) -> None:
    """By the declaration, by the migration, and by `create_all`."""
    declared = create_engine("sqlite://", poolclass=NullPool)
    with declared.connect() as other:
        metadata.create_all(other)
        query = text("SELECT name, sql FROM sqlite_master WHERE sql LIKE 'CREATE VIRTUAL TABLE%'")
        made, created = (
            {row.name: row.sql for row in source.execute(query)} for source in (connection, other)
        )
    assert made == created == text_indexes()
    assert set(made) == {"chat_search"}


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_columns_are_plain(table: Table) -> None:
    """Nothing converts a value or fills in a default on the driver's own cursor."""
    for column in table.columns:
        assert type(column.type) in {Text, Integer, BigInteger, Float, LargeBinary}, column
        assert column.default is None, column
        assert column.onupdate is None, column


def test_everything_can_be_taken_back(connection: Connection) -> None:
    with connection.begin():
        downgrade(connection, "base")
    assert set(inspect(connection).get_table_names()) <= {"alembic_version"}
