"""What a namespace runs beside the requests: begun with the node, woken by a commit, begun again after a failure."""

from __future__ import annotations

import asyncio
import dataclasses
from typing import Any

import pytest
from tests.unit.realtime import notes
from tests.unit.realtime.house import House

from coursewire.realtime import background
from coursewire.realtime.background import Background, Backgrounds

HOUR_S = 3_600.0


async def begun(house: House, *works: Any) -> Backgrounds:
    namespace = dataclasses.replace(notes.make(), background=works)
    found = Backgrounds([namespace], house.storage, house.bus, house.reactions, {"name": "settings"})
    found.start()
    return found


async def test_a_commit_that_says_so_wakes_it_and_another_does_not(house: House) -> None:
    rested: asyncio.Queue[str] = asyncio.Queue()

    async def run(work: Background) -> None:
        while True:
            await work.rest(HOUR_S)
            rested.put_nowait(work.settings["name"])

    backgrounds = await begun(house, run)
    await house.write(lambda tx: tx.append("board:math", notes.NoteAdded(note())))
    await house.settle()
    assert rested.empty()
    await house.write(lambda tx: tx.wake())
    assert await rested.get() == "settings"
    await backgrounds.close()


async def test_a_wake_before_the_rest_is_not_lost(house: House) -> None:
    async def run(work: Background) -> None:
        await work.write(lambda tx: tx.wake())
        await work.rest(HOUR_S)
        done.set()

    done = asyncio.Event()
    backgrounds = await begun(house, run)
    await done.wait()
    await backgrounds.close()


async def test_it_begins_again_after_a_failure(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(background, "AGAIN_S", 0)
    begins = 0
    again = asyncio.Event()

    async def run(_: Background) -> None:
        nonlocal begins
        begins += 1
        if begins == 1:
            raise LookupError("at first")
        again.set()

    backgrounds = await begun(house, run)
    await again.wait()
    await backgrounds.close()
    assert begins == 2


async def test_closing_ends_it(house: House) -> None:
    ended = asyncio.Event()
    running = asyncio.Event()

    async def run(work: Background) -> None:
        running.set()
        try:
            await work.rest(HOUR_S)
        finally:
            ended.set()

    backgrounds = await begun(house, run)
    await running.wait()
    await backgrounds.close()
    assert ended.is_set()


def note() -> notes.Note:
    return notes.Note(id="n", board="math", text="one")


async def test_newest_values_reach_who_listens_without_a_transaction(house: House) -> None:
    ada = await house.visitor("ada", "board:math")
    said = asyncio.Event()

    async def run(work: Background) -> None:
        with pytest.raises(TypeError, match=r"note\.added"):
            work.publish_latest("board:math", notes.NoteAdded(note()), at=0)
        work.publish_latest("board:math", notes.Counted(notes.Count(board="math", count=3)), at=1_000)
        said.set()

    before = await house.write(lambda tx: tx.position("board:math"))
    backgrounds = await begun(house, run)
    await said.wait()
    await house.settle()
    [heard] = ada.named("board.counted")
    assert (heard.data, heard.meta["at"]) == ({"board": "math", "count": 3}, "1970-01-01T00:00:01.000Z")
    assert await house.write(lambda tx: tx.position("board:math")) == before
    await backgrounds.close()
