"""Taking back: whoever comes after a removal never sees what was removed, however close the two are."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from tests.unit.realtime import notes
from tests.unit.realtime.house import House
from tests.unit.realtime.test_recovery import BOARD, lose, position_of

from coursewire import log
from coursewire.storage.engine import Storage


async def test_a_replay_never_shows_what_was_taken_back(house: House) -> None:
    """[LOG5] Neither from the log, nor from the recent past, nor from a replay that was just read."""
    position = await position_of(house)
    listener = await house.visitor("bob", BOARD)
    await house.visitor("ada", resume={BOARD: position})
    [note_id] = await house.add("math", "regretted")
    await house.visitor("ada", resume={BOARD: position})
    await listener.ask("note.remove", key="k", board="math", id=note_id)
    for _ in range(2):
        ada = await house.visitor("ada", resume={BOARD: position})
        assert ada.offsets(BOARD) == [1, 2]
        assert ada.named("note.added")[0].data == {"id": note_id, "board": "math", "removed": True}
        assert ada.named("note.added")[0].meta == listener.named("note.added")[0].meta


async def test_what_the_log_has_trimmed_is_taken_back_as_well(house: House) -> None:
    """[LOG5] The node still keeps it for small gaps, after the log has let it go."""
    position = await position_of(house)
    listener = await house.visitor("bob", BOARD)
    [note_id] = await house.add("math", "regretted")
    await house.storage.write(lambda raw: log.trim(raw, 0, 0))
    await listener.ask("note.remove", key="k", board="math", id=note_id)
    ada = await house.visitor("ada", resume={BOARD: position})
    assert "regretted" not in str(ada.events)


async def test_a_removal_overtakes_a_replay_that_is_being_read(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """[LOG5] The read saw the text, its result arrives after the removal: it is read again."""
    position = await position_of(house)
    await house.visitor("bob", BOARD)
    [note_id] = await house.add("math", "regretted")
    channel = house.hub.find(notes.PATH, BOARD)
    assert channel is not None
    channel.forget_past()
    ada = await house.visitor("ada")
    read, gate = Storage.read, asyncio.Event()

    async def later(self: Storage, work: Any) -> Any:
        value = await read(self, work)
        await gate.wait()
        return value

    with monkeypatch.context() as patch:
        patch.setattr(Storage, "read", later)
        asking = ada.say("subscribe", {"channel": BOARD, "since": position})
        while house.hub.recovery.reads == 0:
            gate.set()
            await asyncio.sleep(0)
            gate.clear()
        await house.settle()
    removed = notes.Removed(id=note_id, board="math")
    await house.write(lambda tx: tx.redact(note_id, removed))
    gate.set()
    assert (await ada.answer(asking))["data"]["recovered"]
    assert [heard.data.get("text") for heard in ada.named("note.added")] == [None]


async def test_a_removal_overtakes_what_waits_for_the_fan_out(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """[LOG5] It goes out to those who listened, and is not kept for anybody else."""
    monkeypatch.setattr("coursewire.realtime.channels.SLICE", 1)
    position = await position_of(house)
    guests = [await house.visitor("bob", BOARD) for _ in range(3)]
    removed = notes.Removed(id="math-2", board="math")
    publish, held = house.storage.committed, list[Any]()
    house.storage.committed = held.extend
    await house.add("math", "1")
    await house.add("math", "2")
    await house.write(lambda tx: tx.redact("math-2", removed))
    house.storage.committed = publish
    # In one turn of the loop: the first is still going out when the second and its removal come.
    for message in held:
        house.bus.publish(message)
    await house.settle()
    assert [guest.offsets(BOARD) for guest in guests] == [[1, 2]] * 3
    # From the log, and from what the node keeps for small gaps.
    for offset, expected in ((0, ["1", None]), (1, [None])):
        ada = await house.visitor("ada", resume={BOARD: {**position, "offset": offset}})
        assert [heard.data.get("text") for heard in ada.named("note.added")] == expected


async def test_a_removal_overtakes_a_repair_that_is_being_read(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """[LOG5] [FAN2] What fills the hole is read again, and so is what is kept of it."""
    position = await position_of(house)
    bob = await house.visitor("bob", BOARD)
    await lose(house, "regretted")
    read, gate, reading = Storage.read, asyncio.Event(), asyncio.Event()

    async def later(self: Storage, work: Any) -> Any:
        value = await read(self, work)
        reading.set()
        await gate.wait()
        return value

    with monkeypatch.context() as patch:
        patch.setattr(Storage, "read", later)
        await house.add("math", "next")
        await reading.wait()
    removed = notes.Removed(id="math-regretted", board="math")
    await house.write(lambda tx: tx.redact("math-regretted", removed))
    gate.set()
    await house.settle()
    ada = await house.visitor("ada", resume={BOARD: position})
    for guest in (bob, ada):
        assert [heard.data.get("text") for heard in guest.named("note.added")] == [None, "next"]
