"""The one metadata in which every package declares its tables, and its indexes of words."""

from __future__ import annotations

from typing import Any

from sqlalchemy import DDL, MetaData, TableClause, column, event, table

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)
"""Plain columns only: Text, Integer, BigInteger and LargeBinary, without Python-side defaults. Statements
run on the driver's own cursor, where nothing would apply a type's conversion or a default. JSON is text (or
bytes where nobody reads it in SQL), a time is milliseconds since 1970, a boolean is 0 or 1."""

_TEXT_INDEXES = "text_indexes"


def text_index(name: str, *columns: str) -> TableClause:
    """Declare a full-text index of words and return it, to be written and searched by statements.

    In SQLite it is a table of FTS5 (https://sqlite.org/fts5.html) that holds no text, only where words are: its `rowid`
    is the key of a row elsewhere. To take a row out, insert the same values with 'delete' in the column that is named
    like the index. Letters match without regard to case and diacritics.
    """
    indexes: dict[str, str] = metadata.info.setdefault(_TEXT_INDEXES, {})
    # No sizes of columns: they cost a row each, and only a ranking needs them.
    indexes[name] = (
        f"CREATE VIRTUAL TABLE {name} USING fts5({', '.join(columns)}, "
        "content='', columnsize=0, tokenize='unicode61 remove_diacritics 2')"
    )
    ddl: Any = DDL(indexes[name])  # type: ignore[no-untyped-call]  # SQLAlchemy has no types for it
    event.listen(metadata, "after_create", ddl.execute_if(dialect="sqlite"))
    return table(name, column(name), column("rowid"), *map(column, columns))


def text_indexes() -> dict[str, str]:
    """Return the declared indexes of words: how SQLite makes each, by name."""
    return dict(metadata.info.get(_TEXT_INDEXES, {}))


def is_plain_table(name: str | None, kind: str, _: Any) -> bool:
    """Whether a name stands for a table that could be in the metadata, and is no part of an index of words."""
    indexes = text_indexes()
    return kind != "table" or not any(name == index or str(name).startswith(f"{index}_") for index in indexes)
