"""Edits that are cheap to send and costly to apply: they count for what they cost."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from tests.unit.collaboration.reading_room import ReadingRoom
from tests.unit.collaboration.yjs import block, element, run, text, update

from coursewire.namespaces.collaboration.rooms import rooms
from coursewire.namespaces.collaboration.rules import limits
from coursewire.realtime.limits import Rate

BUDGET = 256 * 1024


@pytest.fixture
async def room() -> AsyncIterator[ReadingRoom]:
    room = await ReadingRoom.open(limited=True)
    yield room
    await room.close()


async def test_edits_far_from_their_neighbours_use_up_what_a_session_may_send(
    room: ReadingRoom, monkeypatch: pytest.MonkeyPatch
) -> None:
    """[DOC4] A few kilobytes that make pycrdt walk through a paragraph again and again."""
    monkeypatch.setattr(rooms, "_EDITS", Rate(0.001, BUDGET))
    document_id = await room.document()
    ben = await room.come("ben")
    await ben.open(document_id)
    places = range(3, 203)
    crowd = [text("y", left=(7, 2), right=(7, clock)) for clock in places]
    await ben.send(update(block(7, 0, element(), run(parent=(7, 0)), text("ab", parent=(7, 1)), *crowd)))
    sent, steps = 0, 0
    while steps < BUDGET * limits.STEPS_PER_BYTE:
        raw = update(block(100 + sent, 0, *[text("z", left=(7, 2), right=(7, clock)) for clock in places]))
        assert len(raw) < 3_000
        answer = await ben.guest.answer(ben.say(raw))
        if not answer["ok"]:
            break
        sent += 1
        steps += len(places) * len(places) * sent
    assert answer["error"]["code"] == "rate_limited"
    assert sent >= 5
    ada = await room.come("ada")
    await ada.open(document_id)
    await ada.type("still here ")
