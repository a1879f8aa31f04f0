"""Group commit, without threads: how works share a transaction, and when they stop sharing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import pytest
from sqlalchemy import Column, MetaData, Table, Text, insert, select
from tests.unit.storage.breaking import BreaksOn

from coursewire.errors import Unavailable
from coursewire.storage import Prepared, Transaction, writer
from coursewire.storage.sqlite import SQLiteDatabase, SQLiteSession
from coursewire.storage.writer import GROUP_WORKS, Group, Work, Writer

notes = Table("notes", MetaData(), Column("text", Text))


class Recorded(SQLiteSession):
    """Tells which steps the writer took."""

    steps: list[str]

    def begin(self) -> None:
        self.steps.append("begin")
        super().begin()

    def commit(self) -> None:
        self.steps.append("commit")
        super().commit()

    def rollback(self) -> None:
        self.steps.append("rollback")
        super().rollback()

    def savepoint(self) -> None:
        self.steps.append("savepoint")
        super().savepoint()


@pytest.fixture(autouse=True)
def _still(monkeypatch: pytest.MonkeyPatch) -> None:
    """No time passes: a group must not end because the machine is busy."""
    monkeypatch.setattr(writer, "monotonic", lambda: 0.0)


@pytest.fixture
def steps() -> list[str]:
    return []


@pytest.fixture
def one_writer(steps: list[str]) -> Iterator[Writer]:
    database = SQLiteDatabase("sqlite://")

    def connect() -> SQLiteSession:
        plain = database.writer()
        session = Recorded(plain._connection, plain._begin)
        session.steps = steps
        return session

    one = Writer(connect, lambda: 1)
    yield one
    one.close()
    database.dispose()


def hand_out(works: list[Work[Any]]) -> Callable[[], Work[Any] | None]:
    rest = iter(works)
    return lambda: next(rest, None)


def commit(one_writer: Writer, works: list[Work[Any]]) -> Group:
    return one_writer.commit(works[0], hand_out(works[1:]))


def nothing(_: Transaction) -> None:
    """Do nothing."""


def fail(_: Transaction) -> None:
    raise LookupError


def fail_after_writing(tx: Transaction) -> None:
    tx.wrote = True
    raise LookupError


def test_many_works_share_one_transaction_without_savepoints(one_writer: Writer, steps: list[str]) -> None:
    group = commit(one_writer, [nothing] * 10)
    assert len(group.outcomes) == 10
    assert steps == ["begin", "commit"]


def test_a_work_that_only_read_and_failed_costs_its_neighbours_nothing(
    one_writer: Writer, steps: list[str]
) -> None:
    commit(one_writer, [nothing, fail, nothing])
    assert steps == ["begin", "commit"]


def test_only_a_group_with_a_failed_change_runs_again_with_savepoints(
    one_writer: Writer, steps: list[str]
) -> None:
    group = commit(one_writer, [nothing, fail_after_writing, nothing])
    assert steps == ["begin", "rollback", "begin", "savepoint", "savepoint", "commit"]
    assert len(group.outcomes) == 2, "the third work waits for the next group"


def test_a_group_has_a_bound(one_writer: Writer) -> None:
    """What is left in the queue forms the next group."""
    rest = hand_out([nothing] * GROUP_WORKS)
    assert len(one_writer.commit(nothing, rest).outcomes) == GROUP_WORKS
    assert rest() is nothing
    assert rest() is None


def test_a_group_ends_when_it_has_taken_long_enough(
    one_writer: Writer, monkeypatch: pytest.MonkeyPatch
) -> None:
    moments = iter([0.0, 0.01, 0.02, 99.0])
    monkeypatch.setattr(writer, "monotonic", lambda: next(moments))
    assert len(commit(one_writer, [nothing] * 10).outcomes) == 3


CREATE = "CREATE TABLE notes (text)"
INSERT = Prepared(insert(notes))
READ = Prepared(select(notes.c.text))
BROKEN = Prepared(select(notes.c.text.label("broken")))


def write(text: str) -> Work[Any]:
    return lambda tx: tx.run(INSERT, text=text)


def read(tx: Transaction) -> list[str]:
    return [row.text for row in tx.all(READ)]


def meet_an_error(tx: Transaction) -> None:
    tx.all(BROKEN)


def swallow_an_error(tx: Transaction) -> str:
    with suppress(Unavailable):
        tx.all(BROKEN)
    with suppress(Unavailable):
        tx.run(INSERT, text="outside of any transaction")
    return "well"


@pytest.mark.parametrize("work", [meet_an_error, swallow_an_error])
@pytest.mark.parametrize("ends", [True, False])
def test_after_an_error_of_the_machine_a_work_can_do_nothing_more(
    one_writer: Writer,
    work: Work[Any],
    ends: bool,  # noqa: FBT001
) -> None:
    """[LOG1] SQLite may have ended the transaction: a further statement would commit on its own."""
    one_writer.open()
    session = one_writer._session
    assert isinstance(session, SQLiteSession)
    session.cursor.execute(CREATE)
    session.cursor = BreaksOn(session.cursor, BROKEN.compiled(session.dialect).sql, ends=ends)
    group = commit(one_writer, [write("a"), work, write("b")])
    assert isinstance(group.outcomes[1].error, Unavailable)
    assert len(group.outcomes) == 2
    assert (group.outcomes[0].error is None) == (not ends), (
        "where the transaction lives, so does the neighbour"
    )
    [outcome] = commit(one_writer, [read]).outcomes
    assert outcome.value == ([] if ends else ["a"])


def test_the_session_is_opened_again_after_it_failed(one_writer: Writer) -> None:
    commit(one_writer, [nothing])
    session = one_writer._session
    assert session is not None
    session.close()
    for outcome in commit(one_writer, [nothing, nothing]).outcomes:
        assert isinstance(outcome.error, Unavailable)
    assert commit(one_writer, [nothing]).outcomes[0].error is None


def test_who_waits_behind_a_group_that_cannot_begin_fails_with_it(one_writer: Writer) -> None:
    """Each would wait for the lock anew, 5 s and one after the other; a stop would wait for all of them."""
    one_writer.open()
    assert one_writer._session is not None
    one_writer._session.close()
    works: list[Work[Any]] = [nothing] * (2 * GROUP_WORKS + 10)
    outcomes = commit(one_writer, works).outcomes
    assert [type(outcome.error) for outcome in outcomes] == [Unavailable] * len(works)
    assert commit(one_writer, [nothing]).outcomes[0].error is None


def test_each_caller_gets_an_error_of_its_own(one_writer: Writer) -> None:
    """One exception raised in two tasks would show both their tracebacks."""
    one_writer.open()
    assert one_writer._session is not None
    one_writer._session.close()
    errors = [outcome.error for outcome in commit(one_writer, [nothing])[0]]
    errors += [outcome.error for outcome in commit(one_writer, [nothing])[0]]
    assert len({id(error) for error in errors}) == 2
