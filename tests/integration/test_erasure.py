"""The LMS forces somebody off, and erases somebody, over HTTP, while they and others are there."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from tests.integration.chat_campus import Campus, campus


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
