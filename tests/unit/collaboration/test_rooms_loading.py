"""Documents in memory are what the rows say: loaded once, never stored from a failed load, dropped when in doubt."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from tests.unit.collaboration.reading_room import COURSE, ReadingRoom, Writer
from tests.unit.realtime.house import Clock

from coursewire.bus.memory import MemoryBus
from coursewire.bus.port import BusMessage, Committed
from coursewire.errors import Overloaded, Unavailable
from coursewire.identity.caller import Caller
from coursewire.namespaces.collaboration.contract import DocumentBody
from coursewire.namespaces.collaboration.rooms import commands, rooms
from coursewire.namespaces.collaboration.rooms.replica import Broken, Replica
from coursewire.namespaces.collaboration.rooms.room import HEARD_MEANWHILE, TRIES, answering
from coursewire.namespaces.collaboration.service import editing, managing
from coursewire.namespaces.collaboration.service.editing import Footing


async def two(room: ReadingRoom, **fields: Any) -> tuple[str, Writer, Writer]:
    """Let Ada and Ben open a new document."""
    document_id = await room.document(**fields)
    ada, ben = await room.come("ada"), await room.come("ben")
    await ada.open(document_id)
    await ben.open(document_id)
    return document_id, ada, ben


async def test_all_who_open_at_once_share_one_load(room: ReadingRoom) -> None:
    """[DOC2] Single flight."""
    document_id = await room.document()
    writers = [await room.come(user) for user in ("ada", "ben", "cleo", "ada", "ben")]
    await asyncio.gather(*(writer.open(document_id) for writer in writers))
    assert room.rooms.counts["loads"] == 1
    assert len(room.rooms._rooms[document_id].company.people) == 5


async def test_a_failed_load_stores_nothing_and_the_next_one_works(
    room: ReadingRoom, monkeypatch: pytest.MonkeyPatch
) -> None:
    """[DOC2] All who wait for it are told that they may try again."""
    document_id = await room.document(template="essay-draft")
    rows = await room.count("collaboration_updates", "collaboration_snapshots", "events")

    def fail(*_: Any) -> None:
        raise OSError("the disk is away")

    writers = [await room.come(user) for user in ("ada", "ben")]
    with monkeypatch.context() as patch:
        patch.setattr(rooms, "load_contents", fail)
        for writer in writers:
            error = await writer.open_refused(document_id)
            assert (error["code"], error["retryable"]) == ("unavailable", True)
            assert "disk" not in error["message"]
    assert room.rooms.counts["failed_loads"] == 2
    assert await room.count("collaboration_updates", "collaboration_snapshots", "events") == rows
    for writer in writers:
        await writer.open(document_id)
        assert writer.text.startswith("Working title")


async def test_what_was_not_written_is_in_no_document(
    room: ReadingRoom, monkeypatch: pytest.MonkeyPatch
) -> None:
    """[DOC3] The room was ahead of the log: it is dropped, and what stood on the lost edit is a gap."""
    document_id, ada, ben = await two(room)
    real = editing.save_update

    def fail(*given: Any) -> Any:
        real(*given)
        raise Unavailable("the disk is full")

    with monkeypatch.context() as patch:
        patch.setattr(commands, "save_update", fail)
        lost = ada.say(ada.edit("lost "))
        await room.settle()
        error = (await ada.guest.answer(lost))["error"]
    assert (error["code"], error["retryable"]) == ("unavailable", True)
    assert room.rooms.counts["drops"] == 1
    cleo = await room.come("cleo")
    await cleo.open(document_id)
    assert cleo.text == ""
    assert (await ada.send_refused(ada.edit("more ")))["details"] == {"reason": "gap"}
    # The same edit once again, with what came after it: as every editor does that was not told `saved`.
    answer = await ada.sync()
    await ada.send(ada.doc.get_update(answer["state_vector"]))
    await ben.reads("more lost")


async def test_of_two_on_their_way_the_second_is_refused_when_the_first_is_lost(
    room: ReadingRoom, monkeypatch: pytest.MonkeyPatch
) -> None:
    """[DOC3] The writer compares with what is committed, not with the room."""
    document_id, ada, ben = await two(room)
    real = Footing.take
    failed = False

    def fail_once(footing: Footing, *given: Any) -> None:
        nonlocal failed
        if not failed:
            failed = True
            raise Unavailable("the disk is full")
        real(footing, *given)

    monkeypatch.setattr(Footing, "take", fail_once)
    first, second = ada.say(ada.edit("a")), ada.say(ada.edit("b"))
    others = ben.say(ben.edit("c"), sequence=7)
    answers = [await writer.guest.answer(ack) for writer, ack in ((ada, first), (ada, second), (ben, others))]
    assert answers[0]["error"]["code"] == "unavailable"
    assert answers[1]["error"]["details"] == {"reason": "gap"}
    assert answers[2]["ok"]
    cleo = await room.come("cleo")
    await cleo.open(document_id)
    assert cleo.text == "c"
    assert await room.count("collaboration_updates") == [2]  # the seed, and Ben's


async def test_who_opens_reads_nothing_that_is_not_committed(room: ReadingRoom) -> None:
    """[DOC3] [SUB3] The answer waits for what is on its way, and begins anew when that is lost."""
    document_id, ada, _ = await two(room)
    gate = asyncio.Event()
    real = room.house.storage.write

    async def later() -> None:
        await gate.wait()
        raise Unavailable("the disk is full")

    def hold(_: Any) -> asyncio.Future[Any]:
        return asyncio.ensure_future(later())

    room.house.dispatcher._running._gathering._write = hold
    lost = ada.say(ada.edit("lost"))
    await room.settle()
    cleo = await room.come("cleo")
    opening = asyncio.ensure_future(cleo.open(document_id))
    await room.settle()
    assert not opening.done()
    room.house.dispatcher._running._gathering._write = real
    gate.set()
    await opening
    assert not (await ada.guest.answer(lost))["ok"]
    assert cleo.text == ""


async def test_a_document_that_raises_is_thrown_away(
    room: ReadingRoom, monkeypatch: pytest.MonkeyPatch
) -> None:
    """[DOC4] Whatever pycrdt raises, its panics too, is the sender's error, and nobody else's."""
    document_id, ada, ben = await two(room)
    await ada.type("safe")

    class Panic(BaseException):
        pass

    class Cursed:
        def apply_update(self, _: bytes) -> None:
            raise Panic

    loaded = room.rooms._rooms[document_id].replica
    assert loaded is not None
    monkeypatch.setattr(loaded, "doc", Cursed())
    error = await ben.send_refused(ben.edit("bad"))
    assert (error["code"], error["field"]) == ("invalid", "update")
    await room.settle()
    await ada.type("and sound ")
    cleo = await room.come("cleo")
    await cleo.open(document_id)
    assert cleo.text == "and sound safe"
    assert await room.count("collaboration_updates") == [3]


async def test_whoever_breaks_a_document_waits_before_the_next(
    room: ReadingRoom, monkeypatch: pytest.MonkeyPatch
) -> None:
    """[DOC4] It has to be loaded again each time. Opening it again does not help; others go on."""
    document_id, ada, ben = await two(room)

    def broken(*_: Any) -> None:
        raise Broken("it raises")

    with monkeypatch.context() as patch:
        patch.setattr(Replica, "_apply", broken)
        update = ada.edit("x")
        assert (await ada.send_refused(update))["code"] == "invalid"
    await room.settle()
    await ada.open(document_id)
    error = await ada.send_refused(update)
    assert error["code"] == "rate_limited"
    assert 0 < error["retry_after_ms"] <= 5_001
    await ben.type("others go on")
    clock = Clock(room.house)
    await clock.advance(5)
    await ada.send(update)
    room.rooms.let_go(0.0)
    assert room.rooms.resting == {}


async def test_documents_that_nobody_is_in_are_let_go(room: ReadingRoom) -> None:
    """[DOC2] After a minute; not while somebody is here, or something is on its way."""
    document_id, ada, ben = await two(room)
    now = asyncio.get_running_loop().time
    room.rooms.let_go(now() + 1)
    assert room.rooms.find(document_id) is not None
    await ada.ask("document.close", document_id=document_id)
    ben.guest.vanish()
    await room.settle()
    left = room.rooms._rooms[document_id].idle_since
    assert left is not None
    room.rooms.let_go(left - 0.001)
    assert room.rooms.find(document_id) is not None
    await ada.open(document_id)
    room.rooms.let_go(now() + 1)
    assert room.rooms.find(document_id) is not None
    await ada.ask("document.close", document_id=document_id)
    room.rooms.let_go(now() + 1)
    assert room.rooms.find(document_id) is None
    assert room.rooms._grants == {}


async def test_so_many_documents_are_open_and_no_more(
    room: ReadingRoom, monkeypatch: pytest.MonkeyPatch
) -> None:
    """[DOC2] One that nobody is in makes place; when somebody is in all of them, the next one has to wait."""
    monkeypatch.setattr(rooms, "MOST_OPEN", 2)
    monkeypatch.setattr(rooms, "SHARE", 1)
    ids = [await room.document() for _ in range(3)]
    ada = await room.come("ada")
    await ada.open(ids[0])
    await ada.open(ids[1])
    error = await ada.open_refused(ids[2])
    assert (error["code"], error["retryable"]) == (Overloaded.code, True)
    await ada.ask("document.close", document_id=ids[0])
    await ada.open(ids[2])
    assert set(room.rooms._rooms) == {ids[1], ids[2]}


async def test_another_document_of_the_same_id_is_another_document(room: ReadingRoom) -> None:
    """[DOC2] [DOC8] The LMS has deleted one and made the next, while the first was still in memory."""
    caller = Caller("lms", "LMS", roles=frozenset({"service"}))

    def make(text: str) -> DocumentBody:
        return DocumentBody.model_validate(
            {"id": "same", "course_id": COURSE, "title": text, "html": f"<p>{text}</p>"}
        )

    await room.write(lambda tx: managing.put_document(tx, caller, make("first")))
    ada = await room.come("ada")
    await ada.open("same")
    await ada.ask("document.close", document_id="same")
    await room.write(lambda tx: managing.delete_document(tx, caller, "same"))
    await room.write(lambda tx: managing.put_document(tx, caller, make("second")))
    assert room.rooms.find("same") is not None
    ben = await room.come("ben")
    await ben.open("same")
    assert ben.text == "second"
    await ben.type("the ")


# Another node


class LossyBus(MemoryBus):
    """Loses what a test wants it to lose."""

    losing = False

    def publish(self, message: BusMessage) -> None:
        if not (self.losing and isinstance(message, Committed)):
            super().publish(message)


async def test_two_nodes_are_one_document(room: ReadingRoom) -> None:
    """[DOC5] [FAN2] Each applies what the other has committed, and both go on from there."""
    other = await ReadingRoom.open(room.house.storage, bus=room.house.bus)
    document_id = await room.document()
    ada, ben = await room.come("ada"), await other.come("ben")
    await ada.open(document_id)
    await ben.open(document_id)
    await ada.type("here ")
    await ben.reads("here")
    await ben.type("there ")
    await ada.reads("there here")
    cleo = await room.come("cleo")
    await cleo.open(document_id)
    assert cleo.text == "there here"
    assert (room.rooms.counts["drops"], other.rooms.counts["drops"]) == (0, 0)
    await other.close_node()


async def test_what_was_made_here_is_applied_once(room: ReadingRoom, monkeypatch: pytest.MonkeyPatch) -> None:
    """[DOC5] When a node hears of its own edits, it has them already."""
    applied: list[bytes] = []
    real = Replica._apply
    _, ada, ben = await two(room)

    def note(self: Replica, update: Any, raw: bytes) -> None:
        applied.append(raw)
        real(self, update, raw)

    monkeypatch.setattr(Replica, "_apply", note)
    await ada.type("once")
    await ben.reads("once")
    assert len(applied) == 1


async def test_a_node_that_misses_something_loads_again() -> None:
    """[DOC5] The offsets tell that the bus has lost a message."""
    bus = LossyBus()
    room = await ReadingRoom.open(bus=bus)
    other = await ReadingRoom.open(room.house.storage, bus=bus)
    document_id = await room.document()
    ada, ben = await room.come("ada"), await other.come("ben")
    await ada.open(document_id)
    await ben.open(document_id)
    unaware = await room.come("cleo")
    await unaware.open(document_id)
    bus.losing = True
    await ada.type("one")
    bus.losing = False
    await unaware.type("two")  # stands on nothing of what was lost
    await other.settle()
    assert other.rooms.counts["drops"] == 1
    cleo = await other.come("cleo")
    await cleo.open(document_id)
    assert cleo.text in {"twoone", "onetwo"}
    await other.close_node()
    await room.close()


@pytest.mark.parametrize("how", ["open", "sync"])
async def test_what_the_bus_has_not_brought_is_read_from_the_log(how: str) -> None:
    """[DOC5] [SUB3] A position beyond what the document has would hide an edit: it would come with neither."""
    bus = LossyBus()
    room = await ReadingRoom.open(bus=bus)
    other = await ReadingRoom.open(room.house.storage, bus=bus)
    document_id = await room.document()
    ada, ben, cleo = await room.come("ada"), await other.come("ben"), await other.come("cleo")
    await ada.open(document_id)
    await ben.open(document_id)
    if how == "open":  # into a document that rests there, and nobody listens to
        await ben.ask("document.close", document_id=document_id)
    bus.losing = True
    await ada.type("one")
    bus.losing = False
    reader = ben
    if how == "open":
        reader = cleo
        await cleo.open(document_id)
    else:
        await ben.sync()
    assert reader.text == "one"
    await reader.type("not ")  # it stands on what was lost
    assert other.rooms.counts["drops"] == 0
    await other.close_node()
    await room.close()


async def test_nobody_is_given_less_than_their_position_says(room: ReadingRoom) -> None:
    """[SUB3] Of a log that has lost something no state can be right: it is loaded anew, and then it is an error."""
    document_id, ada, _ = await two(room)
    loaded = room.rooms._rooms[document_id]
    with pytest.raises(Unavailable):
        await loaded.state_for(answering(b"", None), 99)
    assert room.rooms.counts["drops"] == TRIES
    await room.settle()
    await ada.type("still here")


async def test_what_is_committed_while_a_document_loads_is_in_it(
    room: ReadingRoom, monkeypatch: pytest.MonkeyPatch
) -> None:
    """[DOC5] What is heard meanwhile comes on top; when that is too much, it is loaded once again."""
    other = await ReadingRoom.open(room.house.storage, bus=room.house.bus)
    document_id = await room.document()
    ada, ben = await room.come("ada"), await other.come("ben")
    await ada.open(document_id)
    gate = asyncio.Event()
    real = type(other.rooms)._load

    async def slow(self: Any, wanted: str) -> Any:
        found = await real(self, wanted)
        if self is other.rooms:
            await gate.wait()
        return found

    monkeypatch.setattr(type(other.rooms), "_load", slow)
    opening = asyncio.ensure_future(ben.open(document_id))
    await other.settle()
    await ada.type("meanwhile")
    gate.set()
    await opening
    assert ben.text == "meanwhile"
    assert other.rooms.counts["loads"] == 1
    loaded = other.rooms._rooms[document_id]
    gate.clear()
    loaded.drop("for a test")
    await other.settle()
    for _ in range(HEARD_MEANWHILE):
        loaded.hear(Committed("/collaboration", f"document:{document_id}", "x", 1, ()))
    gate.set()
    assert isinstance(await loaded.ready(), Replica)
    assert other.rooms.counts["loads"] == 3
    await other.close_node()
