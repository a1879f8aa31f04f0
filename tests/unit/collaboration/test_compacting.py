"""[DOC10] Snapshots take the place of edits only when they are the document that they stand for."""

from __future__ import annotations

from typing import Any

import pytest
from pycrdt import Doc
from sqlalchemy import bindparam, update
from tests.unit.collaboration.reading_room import ReadingRoom, Writer

from coursewire.errors import Unavailable
from coursewire.namespaces.collaboration.rooms import compacting as worker
from coursewire.namespaces.collaboration.service import compacting
from coursewire.namespaces.collaboration.store import snapshots as store
from coursewire.namespaces.collaboration.store.tables import snapshots
from coursewire.storage.statement import Prepared

_BREAK = Prepared(
    update(snapshots)
    .where(snapshots.c.document_id == bindparam("of_id"), snapshots.c.offset == bindparam("at_offset"))
    .values(state=b"\x01\x01")
)
TABLES = ("collaboration_updates", "collaboration_snapshots")


async def written(room: ReadingRoom, many: int) -> Writer:
    """Let Ada write so many edits into a new document."""
    document_id = await room.document()
    ada = await room.come("ada")
    await ada.open(document_id)
    for number in range(many):
        await ada.type(f"{number}😀 ")
    return ada


async def reads(room: ReadingRoom, writer: Writer) -> str:
    """Return what the document says when it is loaded from its rows, and check that one can go on from there."""
    loaded = room.rooms._rooms.get(writer.document_id)
    if loaded is not None:
        loaded.drop("for a test")
    cleo = await room.come("cleo")
    await cleo.open(writer.document_id)
    await cleo.type("c")
    return cleo.text.removeprefix("c")


async def test_after_so_many_edits_there_is_a_snapshot(
    room: ReadingRoom, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By itself; the seed and the edits stay until there is another one, then those before the first go."""
    monkeypatch.setattr(worker, "AFTER_EDITS", 10)
    monkeypatch.setattr(worker, "REST_S", 0.0)
    monkeypatch.setattr(worker, "REST_TIMES", 0)
    ada = await written(room, 10)
    await room.rooms.compacting.settle()
    assert await room.count(*TABLES) == [11, 1]
    for made in (2, 3):
        for _ in range(10):
            await ada.type("x")
        await room.rooms.compacting.settle()
        kept = await room.read(lambda tx: store.snapshot_offsets(tx, ada.document_id, ada.epoch))
        assert len(kept) == 2
        assert await room.count("collaboration_updates") == [made * 10 - kept[1]]
    assert room.rooms.counts["compactions"] == 3
    assert room.rooms.counts["failed_compactions"] == 0
    assert await reads(room, ada) == ada.text


async def test_bytes_count_as_well(room: ReadingRoom, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker, "AFTER_BYTES", 20_000)
    ada = await written(room, 1)
    await ada.type("a" * 20_000)
    await room.rooms.compacting.settle()
    assert await room.count(*TABLES) == [3, 1]
    # Of a larger document, as many as it has; and not again at once.
    room.rooms.compacting._resting.clear()
    await ada.type("b" * 15_000)
    await room.rooms.compacting.settle()
    assert await room.count(*TABLES) == [4, 1]
    await ada.type("b" * 15_000)
    await room.rooms.compacting.settle()
    assert await room.count("collaboration_snapshots") == [2]
    await ada.type("b" * 60_000)
    await room.rooms.compacting.settle()
    assert await room.count("collaboration_snapshots") == [2]
    assert room.rooms.counts["compactions"] == 2


async def test_what_was_edited_in_a_rest_gets_its_snapshot_after_it(
    room: ReadingRoom, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also when nobody writes any more: the next load would have to go through all of it."""
    monkeypatch.setattr(worker, "AFTER_EDITS", 10)
    ada = await written(room, 25)
    await room.rooms.compacting.settle()
    room.rooms.let_go(0.0)
    assert await room.count("collaboration_snapshots") == [1]
    room.rooms.compacting._resting.clear()
    room.rooms.let_go(0.0)
    await room.rooms.compacting.settle()
    assert await room.count("collaboration_snapshots") == [2]
    assert await reads(room, ada) == ada.text


async def test_a_snapshot_that_is_not_the_document_is_never_kept(
    room: ReadingRoom, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An encoder that loses something: all edits stay, it is counted, and not tried again at once."""
    ada = await written(room, 3)
    other: Doc[Any] = Doc()
    for wrong in (other.get_update(), ada.doc.get_update()[:-1] + b"\x01", b"\x01\x02\x03"):
        with monkeypatch.context() as patch:
            patch.setattr(compacting, "encode", lambda _, wrong=wrong: wrong)
            assert not await tried(room, ada.document_id)
        assert await room.count(*TABLES) == [4, 0]
    monkeypatch.setattr(worker, "AFTER_EDITS", 1)
    room.rooms.compacting._resting.clear()
    failed = room.rooms.counts["failed_compactions"]
    with monkeypatch.context() as patch:
        patch.setattr(compacting, "encode", lambda _: b"\x00\x00")
        for letter in "yzw":
            await ada.type(letter)
            await room.rooms.compacting.settle()
    assert room.rooms.counts["failed_compactions"] == failed + 1
    assert await room.count("collaboration_snapshots") == [0]
    assert await reads(room, ada) == ada.text


async def tried(room: ReadingRoom, document_id: str) -> bool:
    """Try to compact a document."""
    try:
        return await room.rooms.compacting.compact(document_id)
    except BaseException as error:
        if isinstance(error, AssertionError | KeyboardInterrupt):
            raise
        return False


async def test_when_the_newest_snapshot_does_not_load_the_one_before_it_does(room: ReadingRoom) -> None:
    """Its edits are kept for that day."""
    ada = await written(room, 3)
    assert await room.rooms.compacting.compact(ada.document_id)
    await ada.type("between ")
    assert await room.rooms.compacting.compact(ada.document_id)
    await ada.type("after ")
    await room.write(lambda tx: tx.run(_BREAK, of_id=ada.document_id, at_offset=4))
    assert await reads(room, ada) == ada.text
    # Without either of them nobody is shown an empty document, and nothing is stored.
    await room.write(lambda tx: tx.run(_BREAK, of_id=ada.document_id, at_offset=3))
    room.rooms._rooms[ada.document_id].drop("for a test")
    rows = await room.count(*TABLES)
    ben = await room.come("ben")
    error = await ben.open_refused(ada.document_id)
    assert (error["code"], error["retryable"]) == (Unavailable.code, True)
    assert await room.count(*TABLES) == rows


async def test_a_snapshot_of_a_former_life_is_not_swapped_in(room: ReadingRoom) -> None:
    """[DOC8] Nor an older one over a newer one: somebody else was faster."""
    ada = await written(room, 3)
    first = await room.read(lambda tx: compacting.prepare_snapshot(tx, ada.document_id))
    assert first is not None
    assert await room.write(lambda tx: compacting.swap_snapshot(tx, first))
    assert not await room.write(lambda tx: compacting.swap_snapshot(tx, first))
    await ada.type("more ")
    late = await room.read(lambda tx: compacting.prepare_snapshot(tx, ada.document_id))
    assert late is not None
    await room.forget_past(ada.document_id)
    assert not await room.write(lambda tx: compacting.swap_snapshot(tx, late))
    assert await room.count(*TABLES) == [1, 0]


async def test_people_write_on_while_a_snapshot_is_made(room: ReadingRoom) -> None:
    """What comes meanwhile is behind its offset."""
    ada = await written(room, 3)
    prepared = await room.read(lambda tx: compacting.prepare_snapshot(tx, ada.document_id))
    assert prepared is not None
    await ada.type("meanwhile ")
    assert await room.write(lambda tx: compacting.swap_snapshot(tx, prepared))
    assert await reads(room, ada) == ada.text
