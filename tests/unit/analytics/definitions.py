"""Reads docs/reference/metrics.md: the SQL of each figure, and its example. Runs the SQL with DuckDB."""

from __future__ import annotations

import json
import math
import re
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

import duckdb

PAGE = Path(__file__).parents[3] / "docs/reference/metrics.md"

_COLUMNS = {
    "sequence": "BIGINT",
    "id": "VARCHAR",
    "user_id": "VARCHAR",
    "verb": "VARCHAR",
    "object_id": "VARCHAR",
    "object_type": "VARCHAR",
    "object_name": "VARCHAR",
    "score": "DOUBLE",
    "duration_ms": "BIGINT",
    "at": "BIGINT",
}


@dataclass(frozen=True)
class Section:
    """One figure of the page."""

    name: str
    sql: str
    activity: list[dict[str, str]]
    at: int
    window: str
    enrolled: list[str]
    expected: float | list[dict[str, str]]


def milliseconds(time: str) -> int:
    return int(datetime.fromisoformat(time).replace(tzinfo=UTC).timestamp() * 1_000)


def sections() -> dict[str, Section]:
    """Return the figures of the page by their headings."""
    found: dict[str, Section] = {}
    for part in re.split(r"^## ", PAGE.read_text(), flags=re.MULTILINE)[1:]:
        name = part.partition("\n")[0].strip("`")
        sql = re.search(r"```sql\n(.*?)```", part, re.DOTALL)
        if sql is None:
            continue
        tables = [_table(text) for text in re.findall(r"(?:^\|.*\n)+", part, re.MULTILINE)]
        [activity] = [table for table in tables if "who" in table[0]]
        line = re.search(r"^At (\S+ \S+),(.*?):(?: \*\*(.*?)\*\*)?", part, re.MULTILINE | re.DOTALL)
        assert line is not None, name
        window = re.search(r"window `(\w+)`", line[2])
        enrolled = re.search(r"enrolled ([a-z, ]+)", line[2])
        found[name] = Section(
            name,
            sql[1],
            activity,
            milliseconds(line[1]),
            window[1] if window else "",
            enrolled[1].split(", ") if enrolled else sorted({row["who"] for row in activity}),
            float(line[3]) if line[3] else tables[-1] if "bucket" not in line[2] else tables[2],
        )
    return found


def _table(text: str) -> list[dict[str, str]]:
    head, _, *rows = ([cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines())
    return [dict(zip(head, row, strict=True)) for row in rows]


class Ledger:
    """Activity of one course in DuckDB, on which the page's SQL runs."""

    def __init__(self, rows: Iterable[Mapping[str, Any]], enrolled: Mapping[str, int]) -> None:
        self._database = duckdb.connect()
        self._fill("activity", rows, _COLUMNS)
        people = [{"user_id": user_id, "since": since} for user_id, since in enrolled.items()]
        self._fill("enrolled", people, {"user_id": "VARCHAR", "since": "BIGINT"})

    def _fill(self, table: str, rows: Iterable[Mapping[str, Any]], columns: Mapping[str, str]) -> None:
        # Row by row, DuckDB takes longer than the test has.
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "rows.json")
            path.write_text("\n".join(json.dumps({name: row[name] for name in columns}) for row in rows))
            self._database.execute(
                f"create table {table} as select * from read_json(?, format='newline_delimited', columns=?)",  # noqa: S608
                [str(path), dict(columns)],
            )

    def run(self, sql: str, **parameters: Any) -> list[dict[str, Any]]:
        """Run SQL of the page; only the parameters that it names are given."""
        named = {name: value for name, value in parameters.items() if re.search(rf"\${name}\b", sql)}
        cursor = self._database.execute(sql, named)
        names = [column[0] for column in cursor.description or ()]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]

    def one(self, sql: str, **parameters: Any) -> float | None:
        """Run SQL of the page that has one value."""
        [row] = self.run(sql, **parameters)
        [value] = row.values()
        return value  # type: ignore[no-any-return]  # a number, or nothing

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._database.close()


def same(one: Any, other: Any, *, to: float = 0.000_051) -> bool:
    """Whether two figures are the same to four digits."""
    if one is None or other is None or isinstance(one, str):
        return bool(one == other)
    return math.isclose(float(one), float(other), abs_tol=to)


def same_rows(ours: Sequence[Mapping[str, Any]], theirs: Sequence[Mapping[str, Any]]) -> bool:
    """Whether rows have the same figures, by the columns of the second."""
    return len(ours) == len(theirs) and all(
        same(one[name], other[name]) for one, other in zip(ours, theirs, strict=True) for name in other
    )
