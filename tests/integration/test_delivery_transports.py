"""Delivery over a real port, on both transports: the same events, in the same order, with nothing missing between."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from tests.integration.chat_campus import Campus, Json, Person, campus


@pytest.fixture
async def site() -> AsyncIterator[Campus]:
    async with campus() as site:
        yield site


def logged(person: Person, channel: str) -> list[tuple[str, int]]:
    return [
        (name, meta["offset"])
        for name, _, meta in person.events
        if meta["channel"] == channel and "offset" in meta
    ]


async def test_both_transports_bring_the_same_in_the_same_order(site: Campus) -> None:
    """[FAN1] [LOG2] Also what several people write at once."""
    ada = await site.come("ada")
    room = await ada.open("course")
    polling, websocket = await site.come("ben", "polling"), await site.come("cleo", "websocket")
    for listener in (polling, websocket):
        await listener.listen(room["id"])
    before = (await ada.do("history.read", room_id=room["id"], limit=1))["position"]["offset"]
    writers = [
        await site.come(user, transport) for user in ("ben", "cleo") for transport in ("polling", "websocket")
    ]
    await asyncio.gather(*(writer.send(room["id"], f"{index}") for index, writer in enumerate(writers * 5)))
    for listener in (polling, websocket):
        await listener.settle()
    heard = logged(polling, f"room:{room['id']}")
    assert heard == logged(websocket, f"room:{room['id']}")
    assert [offset for _, offset in heard] == list(range(before + 1, before + 21))


@pytest.mark.parametrize("transport", ["polling", "websocket"])
async def test_a_resume_brings_what_was_missed_before_session_ready(site: Campus, transport: str) -> None:
    """[SUB4] [SUB2] [LOG5] Edits and removals as they stand now; then it goes on live."""
    ada, ben = await site.come("ada"), await site.come("ben", transport)
    room = await ada.open("course")
    channel = f"room:{room['id']}"
    answer = await ben.listen(room["id"])
    position: Json = {"epoch": answer["epoch"], "offset": answer["offset"]}
    await ben.leave()
    kept = await ada.send(room["id"], "kept")
    regretted = await ada.send(room["id"], "regretted")
    await ada.do("message.delete", key="k", message_id=regretted["id"], version=regretted["version"])
    back = await site.come("ben", transport, resume={channel: position}, ready=False)
    ready, _ = await back.hear("session.ready")
    assert ready["resumed"][channel]["recovered"]
    assert ready["resumed"][channel]["offset"] == position["offset"] + 3
    replayed = [
        (name, data["text"])
        for name, data, meta in back.events
        if meta["channel"] == channel and "offset" in meta
    ]
    assert replayed == [("message.sent", kept["text"]), ("message.sent", ""), ("message.deleted", "")]
    await ada.send(room["id"], "live")
    _, meta = await back.hear("message.sent", lambda message: message.get("text") == "live")
    assert meta["offset"] == position["offset"] + 4
