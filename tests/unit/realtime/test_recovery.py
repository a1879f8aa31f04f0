"""Catching up after a gap: the whole of what was missed, once and in order, or a reason."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from tests.unit.realtime import notes
from tests.unit.realtime.guest import Guest, Json
from tests.unit.realtime.house import Clock, House, texts

from coursewire import log
from coursewire.bus.port import Committed
from coursewire.errors import Unavailable
from coursewire.storage.engine import Storage

BOARD = "board:math"


def said(guest: Guest) -> list[str]:
    return texts(guest.named("note.added"))


async def position_of(house: House) -> Json:
    return (await house.write(lambda tx: tx.position(BOARD))).model_dump()


async def test_everything_after_a_position_comes_before_the_answer(house: House) -> None:
    """[SUB2] Then it goes on live."""
    await house.add("math", "old")
    position = await position_of(house)
    await house.add("math", "missed 1", "missed 2")
    ada = await house.visitor("ada")
    ack = ada.say("subscribe", {"channel": BOARD, "since": position})
    answer = await ada.answer(ack)
    assert (answer["data"]["recovered"], answer["data"]["offset"]) == (True, 3)
    assert ada.story[-3:] == ["note.added", "note.added", f"ack {ack}"] or "seen.changed" in ada.story
    await house.add("math", "live")
    await ada.event("note.added", 3)
    assert said(ada) == ["missed 1", "missed 2", "live"]
    assert ada.offsets(BOARD) == [2, 3, 4]


async def test_a_resume_in_connect_replays_before_session_ready(house: House) -> None:
    """[SUB4] One round trip: authenticated, subscribed, caught up."""
    position = await position_of(house)
    await house.add("math", "missed")
    ada = house.guest()
    ada.enter(house.keys.token("ada"), resume={BOARD: position, "board:art": position})
    ready = await ada.event("session.ready")
    assert ada.story[:2] == ["note.added", "session.ready"]
    resumed = ready.data["resumed"]
    assert resumed[BOARD] == {"epoch": position["epoch"], "offset": 1, "recovered": True} | (
        {"latest": resumed[BOARD]["latest"]} if "latest" in resumed[BOARD] else {}
    )
    assert resumed["user:ada"]["recovered"] is False
    assert resumed["board:art"]["reason"] == "forbidden"
    await house.add("math", "live")
    await ada.event("note.added", 2)
    assert said(ada) == ["missed", "live"]


async def test_a_resume_after_no_event_at_all_recovers(house: House) -> None:
    """[SUB2] Socket.IO's own recovery fails here: nothing was ever sent, so there is nothing to resume from."""
    position = await position_of(house)
    assert position["offset"] == 0
    for _ in range(3):
        ada = await house.visitor("ada", resume={BOARD: position})
        assert ada.named("session.ready")[0].data["resumed"][BOARD]["recovered"]
        ada.vanish()
    await house.add("math", "first")
    ada = await house.visitor("ada", resume={BOARD: position})
    assert said(ada) == ["first"]


@pytest.mark.parametrize("reason", ["epoch", "trimmed", "ahead", "limit"])
async def test_what_cannot_be_resumed_says_why_and_replays_nothing(house: House, reason: str) -> None:
    """[SUB3]"""
    await house.add("math", *(str(number) for number in range(1_005)))
    position = await position_of(house)
    since = {
        "epoch": {**position, "epoch": "another"},
        "trimmed": {**position, "offset": 2},
        "ahead": {**position, "offset": 1_006},
        "limit": {**position, "offset": 4},
    }[reason]
    if reason == "trimmed":
        await house.storage.write(lambda raw: log.trim(raw, 0, 1_002))
    ada = await house.visitor("ada")
    answer = await ada.ask("subscribe", channel=BOARD, since=since)
    assert (answer["recovered"], answer["reason"], said(ada)) == (False, reason, [])
    assert {"epoch": answer["epoch"], "offset": answer["offset"]} == position
    await house.add("math", "live")
    await ada.event("note.added")
    assert ada.offsets(BOARD) == [1_006]


async def test_a_stream_that_begins_anew_is_another_epoch(house: House) -> None:
    """[LOG4] Whoever listens is told, and the old position does not resume."""
    ada = await house.visitor("ada", BOARD)
    await house.add("math", "old")
    await ada.event("note.added")
    position = await position_of(house)
    await house.storage.write(lambda raw: log.reset(raw, notes.PATH, BOARD))
    await house.add("math", "new")
    assert (await ada.event("channel.closed")).data == {"reason": "lagging"}
    answer = await ada.ask("subscribe", channel=BOARD, since=position)
    assert (answer["recovered"], answer["reason"], answer["offset"]) == (False, "epoch", 1)
    assert answer["epoch"] != position["epoch"]
    assert said(ada) == ["old"]


async def test_a_node_that_is_behind_a_new_epoch_sends_everybody_to_the_log(house: House) -> None:
    """[LOG4] Somebody comes with a position of the new epoch before the node has heard of it."""
    ada, bob = await house.visitor("ada", BOARD), await house.visitor("bob")
    await house.storage.write(lambda raw: log.reset(raw, notes.PATH, BOARD))
    position = await position_of(house)
    error = await bob.refused("subscribe", channel=BOARD, since=position)
    assert (error["code"], error["retryable"]) == ("unavailable", True)
    assert (await ada.event("channel.closed")).data == {"reason": "lagging"}
    assert (await bob.ask("subscribe", channel=BOARD, since=position))["recovered"]


async def test_a_class_that_comes_back_together_reads_the_log_once(house: House) -> None:
    """[SUB5] And gets the same encoded pages."""
    position = await position_of(house)
    await house.add("math", *map(str, range(30)))
    guests = [house.guest() for _ in range(20)]
    pages: set[int] = set()
    for guest in guests:
        guest.line.on_write = lambda encoded: (
            pages.add(id(encoded)) if b"note.added" in encoded.frames else None
        )
        guest.enter(house.keys.token("ada"), resume={BOARD: position})
    for guest in guests:
        await guest.event("session.ready")
    assert house.hub.recovery.reads == 1
    assert len(pages) == 1
    assert [said(guest) for guest in guests] == [list(map(str, range(30)))] * 20


async def test_a_kept_replay_is_forgotten(house: House) -> None:
    """[SUB5] Neither a cache that grows nor one that gets old."""
    position = await position_of(house)
    await house.add("math", "x")
    clock = Clock(house)
    await house.visitor("ada", resume={BOARD: position})
    assert len(house.hub.recovery._replays) == 1
    await clock.advance(3)
    assert len(house.hub.recovery._replays) == 0


# Holes in what the bus brings


async def lose(house: House, *texts: str) -> None:
    """Commit something of which the bus says nothing."""
    publish = house.storage.committed

    def without(effects: list[Any]) -> None:
        publish([effect for effect in effects if not isinstance(effect, Committed)])

    house.storage.committed = without
    for text in texts:
        await house.add("math", text)
    house.storage.committed = publish


async def test_a_hole_is_filled_from_the_log_before_what_follows_it(house: House) -> None:
    """[FAN2]"""
    guests = [await house.visitor("ada", BOARD) for _ in range(2)]
    await house.add("math", "1")
    await lose(house, "2", "3")
    await house.add("math", "4")
    await house.settle()
    assert [said(guest) for guest in guests] == [["1", "2", "3", "4"]] * 2
    await house.add("math", "5")
    await house.settle()
    assert [guest.offsets(BOARD) for guest in guests] == [[1, 2, 3, 4, 5]] * 2


async def test_a_hole_larger_than_one_read_is_filled_in_several(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """[FAN2]"""
    monkeypatch.setattr("coursewire.realtime.recovery.REPAIR_EVENTS", 2)
    ada = await house.visitor("ada", BOARD)
    await lose(house, *map(str, range(7)))
    await house.add("math", "7")
    await house.settle()
    assert said(ada) == list(map(str, range(8)))


async def test_a_repair_that_finds_the_log_away_tries_again(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """[FAN2] Within the 5 s of the rule, also when nothing more is published."""
    ada = await house.visitor("ada", BOARD)
    await lose(house, "1")
    clock = Clock(house)

    def away(_self: Storage, _work: Any) -> Any:
        raise Unavailable("the storage is away")

    with monkeypatch.context() as patch:
        patch.setattr(Storage, "read", away)
        await house.add("math", "2")
        await house.settle()
    assert said(ada) == []
    await clock.advance(2)
    assert said(ada) == ["1", "2"]


async def test_a_hole_whose_events_were_trimmed_is_told(house: House) -> None:
    """[FAN2] [SUB3] It cannot be filled: whoever listens is sent for a snapshot, not left with a hole."""
    ada = await house.visitor("ada", BOARD)
    position = await position_of(house)
    await lose(house, "1", "2", "3")
    await house.storage.write(lambda raw: log.trim(raw, 0, 1))
    await house.add("math", "4")
    assert (await ada.event("channel.closed")).data == {"reason": "lagging"}
    assert said(ada) == []
    answer = await ada.ask("subscribe", channel=BOARD, since=position)
    assert (answer["recovered"], answer["reason"]) == (False, "trimmed")


async def test_nothing_is_delivered_before_it_is_committed(house: House) -> None:
    """[FAN2] What listeners get is in the log already."""
    ada = await house.visitor("ada", BOARD)
    tops: list[int] = []
    house.bus.subscribe(
        lambda message: tops.append(message.first) if isinstance(message, Committed) else None
    )
    failing = asyncio.ensure_future(house.write(_append_then_fail))
    await asyncio.gather(failing, return_exceptions=True)
    assert (tops, said(ada)) == ([], [])
    await house.add("math", "x")
    assert (tops, said(ada)) == ([1], ["x"])


def _append_then_fail(tx: Any) -> None:
    tx.append(BOARD, notes.NoteAdded(notes.Note(id="n", board="math", text="never")))
    raise ZeroDivisionError


# What happens while the log is being read


class Gate:
    """Holds back what the storage has read."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *, glances: bool = True) -> None:
        self._patch = monkeypatch
        self._open = asyncio.Event()
        self.reading = asyncio.Event()
        read = Storage.read

        async def later(storage: Storage, work: Any) -> Any:
            value = await read(storage, work)
            self.reading.set()
            await self._open.wait()
            return value

        monkeypatch.setattr(Storage, "read", later)
        if glances:
            monkeypatch.setattr(Storage, "glance", later)

    def open(self) -> None:
        self._patch.undo()
        self._open.set()


async def test_an_event_that_comes_while_the_first_listener_enters_is_not_lost(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """[SUB2] Its position was read before the event, and nobody listened yet when the bus brought it."""
    ada = await house.visitor("ada")
    gate = Gate(monkeypatch)
    ack = ada.say("subscribe", {"channel": BOARD})
    await gate.reading.wait()
    await house.add("math", "in between")
    gate.open()
    assert (await ada.answer(ack))["data"]["offset"] == 0
    await ada.event("note.added")
    assert ada.offsets(BOARD) == [1]


async def test_a_replay_that_falls_behind_for_good_is_closed_not_denied(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """[SUB3] A part was replayed when the rest became too much: then `recovered: false` would be a lie."""
    position = await position_of(house)
    await house.add("math", "1", "2", "3")
    await house.visitor("bob", BOARD)
    ada = await house.visitor("ada")
    # The right is checked at a glance; the replay is a read, and is held back.
    gate = Gate(monkeypatch, glances=False)
    ack = ada.say("subscribe", {"channel": BOARD, "since": position})
    await gate.reading.wait()
    await house.add("math", *map(str, range(4, 1_200)))
    gate.open()
    answer = (await ada.answer(ack))["data"]
    assert (answer["recovered"], answer["offset"]) == (True, 3)
    assert (await ada.event("channel.closed")).data == {"reason": "lagging"}
    assert ada.offsets(BOARD) == [1, 2, 3]
