"""What every storage adapter must do. A new adapter is one more entry in ADAPTERS."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import bindparam, delete, func, insert, select, update

from coursewire.errors import Internal, Overloaded, Unavailable
from coursewire.log.schema import remembered
from coursewire.storage import ConstraintViolated, Prepared, Storage, Transaction, writer
from coursewire.storage.adapter import Session, open_database
from coursewire.storage.engine import GROUP_READS
from coursewire.storage.writer import GROUP_WORKS

ADAPTERS: dict[str, Callable[[Path], str]] = {
    "sqlite-file": lambda folder: f"sqlite:///{folder / 'campus.db'}",
    "sqlite-private": lambda _: "sqlite://",
}

# A table that every database has, used as a plain list of keys.
INSERT = Prepared(
    insert(remembered).values({name: bindparam(name) for name in remembered.c.keys() if name != "seq"})  # noqa: SIM118
)
KEYS = Prepared(select(remembered.c.key).order_by(remembered.c.key))
COUNT = Prepared(select(func.count().label("many")).select_from(remembered))
SOME = Prepared(
    select(remembered.c.key, remembered.c.at)
    .where(remembered.c.key.in_(bindparam("keys", expanding=True)), remembered.c.namespace == "/chat")
    .order_by(remembered.c.key)
    .limit(10)
)
LATER = Prepared(
    update(remembered)
    .where(remembered.c.key == bindparam("of_key"))
    .values(at=remembered.c.at + 1)
    .returning(remembered.c.at.label("moment"))
)
DELETE = Prepared(delete(remembered).where(remembered.c.key == bindparam("of_key")))


def put(tx: Transaction, key: str) -> str:
    tx.run(
        INSERT, namespace="/chat", caller="ada", key=key, at=tx.now, subject=None, digest=b"", result=b"\x00"
    )
    tx.effects.append(key)
    return key


def keys(tx: Transaction) -> list[str]:
    return [row.key for row in tx.all(KEYS)]


@pytest.fixture(params=ADAPTERS)
def url(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    # What comes while a gate is closed joins the group, also on a machine that stands still meanwhile.
    monkeypatch.setattr(writer, "GROUP_S", 3_600.0)
    return ADAPTERS[request.param](tmp_path)


@pytest.fixture
async def storage(url: str) -> AsyncIterator[Storage]:
    storage = await Storage.open(url)
    await storage.migrate()
    yield storage
    await storage.close()


class Gate:
    """A work that holds its thread until the test opens the gate."""

    def __init__(self) -> None:
        self.entered = threading.Event()
        self.opened = threading.Event()

    def __call__(self, _: Transaction) -> None:
        self.entered.set()
        self.opened.wait()


async def test_a_write_returns_its_value_and_a_later_read_sees_it(storage: Storage) -> None:
    assert await storage.write(partial(put, key="a")) == "a"
    assert await storage.read(keys) == ["a"]


async def test_rows_have_the_names_of_their_columns(storage: Storage) -> None:
    await storage.write(partial(put, key="a"))
    row = await storage.read(lambda tx: tx.one(SOME, keys=["a", "b"]))
    assert row is not None
    assert (row.key, row.at) == (row[0], row[1])
    assert not hasattr(row, "caller")


async def test_one_row_may_be_missing(storage: Storage) -> None:
    assert await storage.read(lambda tx: tx.one(SOME, keys=["a"])) is None


@pytest.mark.parametrize("wanted", [[], ["b"], ["c", "a"], ["a", "b", "c", "d"]])
async def test_a_list_of_any_length_can_be_asked_for(storage: Storage, wanted: list[str]) -> None:
    for key in "abc":
        await storage.write(partial(put, key=key))
    rows = await storage.read(lambda tx: tx.all(SOME, keys=wanted))
    assert [row.key for row in rows] == sorted(set(wanted) & set("abc"))


async def test_changes_tell_how_many_rows_they_touched(storage: Storage) -> None:
    await storage.write(partial(put, key="a"))
    assert await storage.write(lambda tx: tx.run(DELETE, of_key="b")) == 0
    assert await storage.write(lambda tx: tx.run(DELETE, of_key="a")) == 1


async def test_a_change_may_return_rows(storage: Storage) -> None:
    def work(tx: Transaction) -> tuple[int, int]:
        put(tx, "a")
        row = tx.one(LATER, of_key="a")
        assert row is not None
        return row.moment, tx.now

    moment, now = await storage.write(work)
    assert moment == now + 1


async def test_a_work_sees_its_own_changes(storage: Storage) -> None:
    def work(tx: Transaction) -> list[str]:
        put(tx, "a")
        return keys(tx)

    assert await storage.write(work) == ["a"]


async def test_time_is_taken_once_per_work(url: str) -> None:
    ticks = iter(range(100, 200))
    storage = await Storage.open(url, clock=lambda: next(ticks))
    try:
        assert await storage.write(lambda tx: (tx.now, tx.now)) == (100, 100)
        assert await storage.read(lambda tx: (tx.now, tx.now)) == (101, 101)
    finally:
        await storage.close()


async def test_works_commit_in_the_order_of_the_calls(storage: Storage) -> None:
    """[LOG2] Also over several groups."""
    names = [f"{number:04d}" for number in range(GROUP_WORKS * 2 + 10)]
    heard: list[Any] = []
    storage.committed = heard.extend
    assert await asyncio.gather(*(storage.write(partial(put, key=name)) for name in names)) == names
    assert heard == names


async def test_effects_come_once_per_group_before_the_callers_go_on(storage: Storage) -> None:
    """[FAN2] Nothing is delivered before it is committed."""
    story: list[Any] = []
    gate = Gate()
    storage.committed = lambda effects: story.append(list(effects))

    async def caller(key: str) -> None:
        await storage.write(partial(put, key=key))
        story.append(key)

    holding = storage.write(gate)
    await asyncio.to_thread(gate.entered.wait)
    callers = [asyncio.create_task(caller(key)) for key in "abc"]
    await asyncio.sleep(0)  # each has queued its work
    await asyncio.sleep(0)  # and it is handed over
    assert story == []
    gate.opened.set()
    await asyncio.gather(holding, *callers)
    assert story == [["a", "b", "c"], "a", "b", "c"]


async def test_no_effects_no_call(storage: Storage) -> None:
    calls: list[Any] = []
    storage.committed = calls.append
    await storage.write(lambda _: None)
    assert calls == []


async def test_a_delivery_that_fails_does_not_hold_up_the_callers(
    storage: Storage, caplog: pytest.LogCaptureFixture
) -> None:
    def fails(_: list[Any]) -> None:
        raise LookupError("a listener's fault")

    storage.committed = fails
    assert await storage.write(partial(put, key="a")) == "a"
    assert "a listener's fault" in caplog.text


def refuse(_: Transaction) -> None:
    raise LookupError("refused")


def write_and_refuse(tx: Transaction) -> None:
    put(tx, "never")
    raise LookupError("refused")


def write_twice(tx: Transaction) -> None:
    put(tx, "also never")
    put(tx, "also never")


@pytest.mark.parametrize(
    ("fails", "error"),
    [(refuse, LookupError), (write_and_refuse, LookupError), (write_twice, ConstraintViolated)],
)
async def test_a_work_that_fails_undoes_only_itself(
    storage: Storage, fails: Callable[[Transaction], None], error: type[Exception]
) -> None:
    """[LOG1] Its neighbours of the same commit group, before and after it, stand."""
    heard: list[Any] = []
    gate = Gate()
    storage.committed = heard.extend
    holding = storage.write(gate)
    await asyncio.to_thread(gate.entered.wait)
    works: list[Callable[[Transaction], Any]] = [
        partial(put, key="a"), fails, partial(put, key="b"), fails, partial(put, key="c"),
    ]  # fmt: skip
    outcomes = asyncio.gather(*map(storage.write, works), return_exceptions=True)
    await asyncio.sleep(0)  # they are handed over when the turn of the loop ends
    gate.opened.set()
    await holding
    first, second, third, fourth, fifth = await outcomes
    assert (first, third, fifth) == ("a", "b", "c")
    assert isinstance(second, error)
    assert isinstance(fourth, error)
    assert await storage.read(keys) == ["a", "b", "c"]
    assert heard == ["a", "b", "c"]


class Panic(BaseException):
    """What pycrdt's PanicException is: no Exception."""


@pytest.mark.parametrize("error", [Panic, StopIteration, SystemExit])
async def test_whatever_a_work_raises_the_storage_lives(storage: Storage, error: type[BaseException]) -> None:
    def work(tx: Transaction) -> None:
        put(tx, "never")
        raise error

    with pytest.raises(Internal) as raised:
        await storage.write(work)
    assert isinstance(raised.value.__cause__, error)
    with pytest.raises(Internal):
        await storage.read(lambda _: next(iter(())))
    assert await storage.write(partial(put, key="a")) == "a"
    assert await storage.read(keys) == ["a"]


async def test_a_read_stays_on_its_snapshot_while_others_write(storage: Storage) -> None:
    await storage.write(partial(put, key="a"))
    looked, written = threading.Event(), threading.Event()

    def look_twice(tx: Transaction) -> tuple[list[str], list[str]]:
        before = keys(tx)
        looked.set()
        written.wait()
        return before, keys(tx)

    reading = storage.read(look_twice)
    await asyncio.to_thread(looked.wait)
    await storage.write(partial(put, key="b"))
    assert await storage.read(keys) == ["a", "b"], "another read is not held up, and sees what is committed"
    written.set()
    assert await reading == (["a"], ["a"])


async def test_a_read_does_not_see_what_is_not_committed(storage: Storage) -> None:
    gate = Gate()

    def slow(tx: Transaction) -> None:
        put(tx, "a")
        gate(tx)

    writing = storage.write(slow)
    await asyncio.to_thread(gate.entered.wait)
    assert await storage.read(keys) == []
    gate.opened.set()
    await writing
    assert await storage.read(keys) == ["a"]


async def test_a_read_cannot_write(storage: Storage) -> None:
    with pytest.raises(Exception, match=r"(?i)read-?only"):
        await storage.read(partial(put, key="a"))
    assert await storage.read(keys) == []


@pytest.mark.parametrize("kind", ["write", "read"])
async def test_a_full_queue_refuses_and_keeps_what_it_accepted(url: str, kind: str) -> None:
    storage = await Storage.open(url, queued_writes=5, queued_reads=5)
    await storage.migrate()
    submit = getattr(storage, kind)
    gate = Gate()
    try:
        for _ in range(2):
            accepted = [submit(gate) for _ in range(5)]
            with pytest.raises(Overloaded) as raised:
                await submit(lambda _: "too many")
            assert raised.value.retry_after_ms is not None
            gate.opened.set()
            assert await asyncio.gather(*accepted) == [None] * 5
            gate.opened.clear()
        gate.opened.set()
    finally:
        gate.opened.set()
        await storage.close()


async def test_a_caller_who_gives_up_disturbs_nobody(storage: Storage) -> None:
    gate = Gate()
    holding = storage.write(gate)
    await asyncio.to_thread(gate.entered.wait)
    given_up = storage.write(partial(put, key="a"))
    patient = storage.write(partial(put, key="b"))
    given_up.cancel()
    await asyncio.sleep(0)  # they are handed over when the turn of the loop ends
    gate.opened.set()
    assert await patient == "b"
    await holding


async def test_closing_finishes_what_was_accepted(url: str) -> None:
    storage = await Storage.open(url)
    await storage.migrate()
    heard: list[Any] = []
    storage.committed = heard.extend
    accepted = [storage.write(partial(put, key=f"{number:03d}")) for number in range(300)]
    reading = storage.read(keys)
    await storage.close()
    assert await asyncio.gather(*accepted) == heard == [f"{number:03d}" for number in range(300)]
    await reading
    for submit in (storage.write, storage.read):
        with pytest.raises(Unavailable):
            await submit(keys)
    await storage.close()


async def test_migrating_again_changes_nothing(storage: Storage) -> None:
    await storage.write(partial(put, key="a"))
    await asyncio.gather(storage.migrate(), storage.migrate())
    assert await storage.read(keys) == ["a"]


STEPS = ("begin", "commit", "rollback", "savepoint", "release_savepoint", "rollback_to_savepoint")


class Failing:
    """A database whose next transaction fails at one step, as a full disk or a broken cable would make it."""

    def __init__(self, url: str) -> None:
        self._database = open_database(url)
        self.step: str | None = None

    def __getattr__(self, name: str) -> Any:
        return getattr(self._database, name)

    def _breakable(self, session: Session) -> Session:
        def breaks(name: str, step: Callable[[], None]) -> Callable[[], None]:
            def run() -> None:
                if self.step == name:
                    self.step = None
                    raise session.driver_error("the cable broke")
                step()

            return run

        for name in STEPS:
            setattr(session, name, breaks(name, getattr(session, name)))
        return session

    def writer(self) -> Session:
        return self._breakable(self._database.writer())

    def reader(self, *, patient: bool = True) -> Session:
        return self._breakable(self._database.reader(patient=patient))


@pytest.fixture
async def failing(url: str) -> AsyncIterator[tuple[Failing, Storage]]:
    database = Failing(url)
    storage = Storage(database)
    await storage.start()
    await storage.migrate()
    yield database, storage
    await storage.close()


@pytest.mark.parametrize(
    ("step", "works"),
    [
        ("commit", [partial(put, key="z")]),
        ("rollback", [write_and_refuse]),
        ("savepoint", [write_and_refuse]),
        ("release_savepoint", [write_and_refuse]),
        ("rollback_to_savepoint", [write_and_refuse]),
    ],
)
async def test_a_group_that_cannot_commit_fails_whole_and_is_told_nobody(
    failing: tuple[Failing, Storage], step: str, works: list[Callable[[Transaction], Any]]
) -> None:
    """[LOG1] [FAN2] Every caller hears `unavailable`, nothing is left or delivered, and it goes on."""
    database, storage = failing
    heard: list[Any] = []
    storage.committed = heard.extend
    gate = Gate()
    holding = storage.write(gate)
    await asyncio.to_thread(gate.entered.wait)
    works = [partial(put, key="a"), *works, partial(put, key="b")]
    group = [storage.write(work) for work in works]
    database.step = step
    await asyncio.sleep(0)  # they are handed over when the turn of the loop ends
    gate.opened.set()
    outcomes = await asyncio.gather(holding, *group, return_exceptions=True)
    # What stands behind a work that made the group go again is in the next group already.
    for outcome in outcomes if step == "commit" else outcomes[:-1]:
        assert isinstance(outcome, Unavailable)
        assert outcome.retryable
    kept = [] if step == "commit" else ["b"]
    assert heard == await storage.read(keys) == kept
    assert await storage.write(partial(put, key="c")) == "c"
    assert heard == await storage.read(keys) == [*kept, "c"]


async def test_a_group_that_cannot_begin_fails_whole(failing: tuple[Failing, Storage]) -> None:
    database, storage = failing
    database.step = "begin"
    with pytest.raises(Unavailable):
        await storage.write(partial(put, key="a"))
    assert await storage.write(partial(put, key="b")) == "b"
    assert await storage.read(keys) == ["b"]


async def test_a_reader_that_breaks_is_replaced(failing: tuple[Failing, Storage]) -> None:
    database, storage = failing
    database.step = "begin"
    with pytest.raises(Unavailable):
        await storage.read(keys)
    assert await storage.read(keys) == []
    database.step = "rollback"
    assert await storage.read(keys) == [], "what it read before it broke is good"
    assert await storage.read(keys) == []


async def test_a_glance_sees_what_was_committed_and_fails_as_a_read_does(storage: Storage) -> None:
    await storage.write(partial(put, key="a"))
    assert await storage.glance(keys) == ["a"]
    await storage.write(partial(put, key="b"))
    assert await storage.glance(keys) == ["a", "b"]
    with pytest.raises(LookupError):
        await storage.glance(refuse)
    await storage.close()
    with pytest.raises(Unavailable):
        await storage.glance(keys)


@pytest.mark.parametrize("step", ["begin", "rollback"])
async def test_a_glance_that_breaks_is_read_by_a_reader(
    failing: tuple[Failing, Storage], step: str, caplog: pytest.LogCaptureFixture
) -> None:
    database, storage = failing
    await storage.write(partial(put, key="a"))
    database.step = step
    assert await storage.glance(keys) == ["a"]
    await asyncio.sleep(0)  # its snapshot ends with the turn
    assert not database.step, "it was the glance that broke"
    assert "reading session failed" in caplog.text
    assert await storage.glance(keys) == ["a"]


async def test_many_reads_each_get_their_own_answer(storage: Storage) -> None:
    """More than one reader takes at once; one that fails disturbs nobody."""
    await storage.write(partial(put, key="a"))

    def answer(tx: Transaction, number: int) -> tuple[int, list[str]]:
        if number % 10 == 3:
            raise LookupError
        return number, keys(tx)

    answers = await asyncio.gather(
        *(storage.read(partial(answer, number=number)) for number in range(GROUP_READS * 5)),
        return_exceptions=True,
    )
    for number, found in enumerate(answers):
        assert isinstance(found, LookupError) if number % 10 == 3 else found == (number, ["a"])


@pytest.mark.parametrize("url", ["postgresql://ada:secret@host/db", "mysql://host/db", "campus.db"])
async def test_a_database_without_an_adapter_is_refused_clearly(url: str) -> None:
    with pytest.raises(ValueError, match="sqlite:///") as raised:
        await Storage.open(url)
    assert "secret" not in str(raised.value)
