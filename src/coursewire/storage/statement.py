"""SQLAlchemy Core statements, compiled once per dialect and run on the driver's own cursor."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from operator import itemgetter
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import Delete, Insert, Select, Update
from sqlalchemy.engine import Dialect
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.selectable import CompoundSelect

Statement = Select[Any] | CompoundSelect[Any] | Insert | Update | Delete


Parameters = Mapping[str, Any] | tuple[Any, ...]
"""What a driver takes beside a statement: by name, or in the order of their places."""
_Placing = Callable[[Mapping[str, Any]], Parameters]


class Row(tuple[Any, ...]):
    """One row: a plain tuple whose columns are attributes too, by the names the statement gives them."""

    __slots__ = ()

    if TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any: ...


def _row_maker(names: Iterable[str]) -> Callable[[Iterable[Any]], Row]:
    columns: dict[str, Any] = {name: property(itemgetter(index)) for index, name in enumerate(names)}
    kind = type("Row", (Row,), {"__slots__": (), **columns})
    return partial(tuple.__new__, kind)


LENGTHS: Final = 128
"""Lengths of lists for which a statement is kept written out, the first ones that come. What is asked often is asked
with few; others are written out each time, which takes some ten times as long."""


class Compiled:
    """A statement in the words of one dialect."""

    __slots__ = (
        "_compiler", "_constants", "_expanded", "_expands", "_lists", "_make", "is_plain", "placed", "sql",
    )  # fmt: skip

    def __init__(self, compiler: SQLCompiler) -> None:
        self.sql = str(compiler)
        self.placed = _placing(compiler.positiontup)
        """Puts parameters by name into the form that the driver takes, in a statement without lists."""
        self._compiler = compiler
        # Literals that stood in the statement, such as the 1 of `top + 1`; the others come with each run.
        self._constants = {
            name: bind.effective_value for bind, name in compiler.bind_names.items() if not bind.required
        }
        lists = {compiler.bind_names[bind] for bind in compiler.post_compile_params}
        self._expands = bool(lists)
        self.is_plain = not lists and not self._constants
        """Whether it is the same with any parameters: no lists to write out, no literals to add."""
        self._lists = sorted(lists - self._constants.keys())
        self._expanded: dict[tuple[int, ...], tuple[str, dict[str, list[str]], dict[str, Any], _Placing]] = {}
        self._make: Callable[[Iterable[Any]], Row] | None = None

    def arguments(self, params: Mapping[str, Any]) -> tuple[str, Parameters]:
        """Return what the driver's `execute` takes. An `IN` of a list is written out here, for its length."""
        if not self._expands:
            return self.sql, self.placed({**self._constants, **params} if self._constants else params)
        lengths = tuple(len(params[name]) for name in self._lists)
        known = self._expanded.get(lengths)
        if known is None:
            return self._expand(lengths, params)
        sql, places, constants, placed = known
        given = {**constants, **params}
        for name, several in places.items():
            given.update(zip(several, given.pop(name), strict=True))
        return sql, placed(given)

    def _expand(self, lengths: tuple[int, ...], params: Mapping[str, Any]) -> tuple[str, Parameters]:
        """Write out lists of these lengths, and keep that while there is room."""
        state = self._compiler.construct_expanded_state(dict(params))
        places = {name: list(state.parameter_expansion[name]) for name in self._lists}
        placed = _placing(state.positiontup)
        if len(self._expanded) < LENGTHS and all(_is_plain(params[name]) for name in self._lists):
            given = params.keys() | {place for several in places.values() for place in several}
            constants = {name: value for name, value in state.parameters.items() if name not in given}
            self._expanded[lengths] = state.statement, places, constants, placed
        return state.statement, placed(dict(state.parameters))

    def rows(self, description: Any, found: list[tuple[Any, ...]]) -> list[Row]:
        """Name the columns of what a cursor has fetched."""
        make = self._make
        if make is None:  # two threads may both build it; either will do
            make = self._make = _row_maker(column[0] for column in description)
        return list(map(make, found))


def _placing(order: Sequence[str] | None) -> _Placing:
    """Return what puts parameters in the order of a statement that marks their places with `?`.

    Where they have names (`order` is None) they stay as they are. SQLite walks to each name through all that stand
    before it, and Python makes a str of it: an insert of 20 columns takes 3.9 us by names, and 2.1 by places.
    """
    if order is None:
        return _as_given
    if len(order) > 1:
        return itemgetter(*order)
    names = tuple(order)
    return lambda params: tuple([params[name] for name in names])


def _as_given(params: Mapping[str, Any]) -> Parameters:
    return params


def _is_plain(values: Sequence[Any]) -> bool:
    """Whether each value of a list is one parameter; a row of several is more."""
    return not any(isinstance(value, tuple | list) for value in values)


class Prepared:
    """A statement at module level: built once, compiled once per dialect.

    Its parameters are `bindparam(name)` and are given by keyword on each run. A list goes into
    `column.in_(bindparam(name, expanding=True))`.
    """

    __slots__ = ("kept", "statement", "writes")

    def __init__(self, statement: Statement) -> None:
        # `inline` keeps the compiler from adding a RETURNING that nobody asked for.
        self.statement = statement.inline() if isinstance(statement, Insert) else statement
        self.writes = isinstance(statement, Insert | Update | Delete)
        self.kept: dict[str, Compiled] = {}
        """By dialect, once it was compiled."""

    def compiled(self, dialect: Dialect) -> Compiled:
        """Return the statement in the words of `dialect`."""
        found = self.kept.get(dialect.name)
        if found is None:
            compiler = self.statement.compile(dialect=dialect)
            if not isinstance(compiler, SQLCompiler):
                raise TypeError(f"not a statement that can be prepared: {self.statement}")
            found = self.kept[dialect.name] = Compiled(compiler)
        return found
