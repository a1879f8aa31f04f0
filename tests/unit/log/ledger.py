"""A migrated private database on which a test runs works at once, without threads or an event loop."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeVar

from coursewire.storage import Transaction
from coursewire.storage.sqlite import SQLiteDatabase
from coursewire.storage.writer import Group, Outcome, Work, Writer

T = TypeVar("T")


class Ledger:
    """A writer whose clock stands where the test puts it."""

    def __init__(self) -> None:
        self.now = 1_000
        self.database = SQLiteDatabase("sqlite://")
        self.writer = Writer(self.database.writer, lambda: self.now)
        self.writer.open()
        self.database.migrate()

    def group(self, works: Sequence[Work[Any]]) -> Group:
        """Run works as one commit group; behind one that fails after it wrote begins another group."""
        rest = iter(works)
        outcomes: list[Outcome] = []
        effects: list[Any] = []
        while (first := next(rest, None)) is not None:
            group = self.writer.commit(first, lambda: next(rest, None))
            outcomes += group.outcomes
            effects += group.effects
        return Group(outcomes, effects)

    def write(self, work: Work[T]) -> T:
        """Run one work; return its value or raise its error."""
        [outcome] = self.group([work]).outcomes
        if outcome.error is not None:
            raise outcome.error
        value: T = outcome.value
        return value

    def do(self, function: Any, *args: Any, **kwargs: Any) -> Any:
        """Run one function of the log: `ledger.do(log.position, "/chat", "room:1")`."""

        def work(tx: Transaction) -> Any:
            return function(tx, *args, **kwargs)

        return self.write(work)

    def close(self) -> None:
        self.writer.close()
        self.database.dispose()
