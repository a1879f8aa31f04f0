"""The LMS forces somebody off, and erases somebody, over HTTP, while they and others are there."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Any

import pytest
from sqlalchemy import select
from tests.integration.chat_campus import PATIENCE_S, Campus, campus
from tests.integration.notification_campus import come

from coursewire.storage.schema import metadata
from coursewire.storage.statement import Prepared


@pytest.fixture
async def site() -> AsyncIterator[Campus]:
    async with campus() as site:
        yield site


async def test_who_is_forced_off_needs_a_newer_token(site: Campus) -> None:
    """[SES2] Sessions end with a reason, and old tokens are good for nothing: on the socket, nor over HTTP."""
    token = site.token("ben")
    ben = await site.knock("ben", {"token": token})
    await ben.hear("session.ready")
    async with site.http("ben") as page:
        assert (await page.get("/v1/rooms")).status_code == 200
        reply = await site.lms.delete("/v1/users/ben/sessions")
        assert reply.status_code == 204
        closing, _ = await ben.hear("namespace.closing")
        assert closing == {"reason": "auth_expired", "retryable": True}
        refused = await page.get("/v1/rooms")
        assert (refused.status_code, refused.json()["code"]) == (401, "auth_expired")
    again = await site.knock("ben", {"token": token})
    assert again.refusal is not None
    assert again.refusal["data"]["code"] == "auth_expired"
    cleo = await site.come("cleo")
    assert await cleo.rooms() == {}


async def test_an_erased_person_goes_while_all_are_there(site: Campus) -> None:
    """[LOG5] [SES2] Their sessions end, what they said goes from every screen, and a replay shows nothing of it."""
    ada, ben = await site.come("ada"), await site.come("ben")
    room = await ada.open("course")
    start = await ada.listen(room["id"])
    await ben.listen(room["id"])
    message = await ben.send(room["id"], "a secret")
    await ada.hear("message.sent")
    reply = await site.lms.delete("/v1/users/ben")
    assert reply.status_code == 204
    await ben.hear("namespace.closing")
    gone, meta = await ada.hear("message.deleted")
    assert (gone["id"], gone["text"], "author" in gone, "actor" in meta) == (message["id"], "", False, False)
    cleo = await site.come("cleo")
    since = {"epoch": start["epoch"], "offset": start["offset"]}
    assert (await cleo.listen(room["id"], since=since))["recovered"]
    await cleo.settle()
    replayed = [data for _, data in cleo.heard("message.sent", "message.deleted", "member.left")]
    assert len(replayed) == 3
    assert "ben" not in repr(replayed).lower()
    assert "secret" not in repr(replayed)
    [item] = (await cleo.do("history.read", room_id=room["id"]))["items"]
    assert (item["id"], item["state"], item["text"]) == (message["id"], "deleted", "")
    members = (await cleo.do("room.members", room_id=room["id"]))["items"]
    assert [member["user_id"] for member in members] == ["ada", "cleo"]


async def test_what_was_on_its_way_from_somebody_who_is_erased_leaves_nothing(
    site: Campus, monkeypatch: pytest.MonkeyPatch
) -> None:
    """[LOG5] It stands in the writer's queue behind the erasure, and is written: an administrator's message, wishes."""
    ada = await site.come("ada")
    room = await ada.open("course")
    root = await site.come("cleo", roles=["administrator"])
    begun, go_on = threading.Event(), threading.Event()

    def hold(_: object) -> None:
        begun.set()
        go_on.wait(PATIENCE_S)

    handed_in: asyncio.Queue[object] = asyncio.Queue()
    write = site.node.storage.write

    def note(work: Any) -> asyncio.Future[Any]:
        handed_in.put_nowait(work)
        return write(work)

    async def queued() -> None:
        async with asyncio.timeout(PATIENCE_S):
            await handed_in.get()

    async with AsyncExitStack() as stack:
        inbox = await come(stack, site, "cleo")
        holding = asyncio.ensure_future(site.node.storage.write(hold))
        await asyncio.get_running_loop().run_in_executor(None, begun.wait, PATIENCE_S)
        monkeypatch.setattr(site.node.storage, "write", note)
        erasing = asyncio.ensure_future(site.lms.delete("/v1/users/cleo", headers={"Idempotency-Key": "k"}))
        await queued()
        await inbox.say("preferences.update", key="k1", categories={"grade": {"email": "off"}})
        await queued()
        sending = asyncio.ensure_future(
            root.client.emit(
                "message.send", {"key": "k2", "room_id": room["id"], "text": "xyzzy"}, namespace="/chat"
            )
        )
        await queued()
        go_on.set()
        await asyncio.gather(holding, sending)
        assert (await erasing).status_code == 204
    found = await site.node.storage.read(
        lambda tx: {
            name: rows
            for name, table in metadata.tables.items()
            if name not in {"chat_search", "ended_sessions", "streams"}
            and (rows := [row for row in map(repr, tx.all(Prepared(select(table)))) if _tells(row)])
        }
    )
    assert found == {}
    items = (await ada.do("history.read", room_id=room["id"]))["items"]
    assert [(item["state"], item["text"]) for item in items] == [
        ("deleted", "")
    ]  # it was written, and taken back


def _tells(row: str) -> bool:
    return "cleo" in row.lower() or "xyzzy" in row
