"""The logged events of a channel over plain HTTP: what a socket gets, for those who have none."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from tests.integration.chat_campus import Campus, campus
from tests.integration.http_campus import problem

from coursewire import log
from coursewire.realtime import feed
from coursewire.realtime.http import EventPage

Json = dict[str, Any]


@pytest.fixture
async def site() -> AsyncIterator[Campus]:
    async with campus() as site:
        yield site


async def a_room(site: Campus) -> str:
    body = {"kind": "course", "course_id": "cs101"}
    room_id: str = (await site.lms.post("/v1/rooms", json=body)).json()["room"]["id"]
    return room_id


async def say(site: Campus, room_id: str, *words: str) -> None:
    for word in words:
        body = {"user_id": "ada", "text": word}
        reply = await site.lms.post(f"/v1/rooms/{room_id}/messages", json=body)
        assert reply.status_code == 201, reply.text


def url(room_id: str) -> str:
    return f"/v1/chat/channels/room:{room_id}/events"


async def read(client: httpx.AsyncClient, room_id: str, **query: Any) -> Json:
    reply = await client.get(url(room_id), params=query)
    assert reply.status_code == 200, reply.text
    EventPage.model_validate_json(reply.content)
    page: Json = reply.json()
    return page


def since(page: Json) -> Json:
    return {"epoch": page["epoch"], "offset": page["offset"]}


def said(page: Json) -> list[str]:
    return [item["data"]["text"] for item in page["items"] if item["event"] == "message.sent"]


def looked(site: Campus, times: int = 1) -> asyncio.Event:
    """Return what is set once a route has read `times` from now on: then those who wait do."""
    left, event, original = itertools.count(times - 1, -1), asyncio.Event(), site.node.read

    async def noted(*arguments: Any) -> Any:
        found = await original(*arguments)
        if next(left) == 0:
            event.set()
        return found

    site.node.read = noted  # type: ignore[method-assign, assignment]
    return event


async def test_it_goes_on_from_page_to_page(site: Campus) -> None:
    """[SUB2] Every later event once and in order; nothing when there is nothing."""
    room_id = await a_room(site)
    async with site.http("ben") as ben:
        start = await read(ben, room_id)
        assert (start["recovered"], start["items"], "reason" in start) == (False, [], False)
        await say(site, room_id, "1", "2")
        page = await read(ben, room_id, **since(start))
        assert (page["recovered"], said(page)) == (True, ["1", "2"])
        assert (await read(ben, room_id, **since(page)))["items"] == []
        await say(site, room_id, "3")
        assert said(await read(ben, room_id, **since(page))) == ["3"]


async def test_they_are_the_events_that_a_socket_gets(site: Campus) -> None:
    """[SUB2] To the letter."""
    room_id = await a_room(site)
    cleo = await site.come("cleo")
    start = await cleo.listen(room_id)
    await say(site, room_id, "héllo")
    data, meta = await cleo.hear("message.sent")
    async with site.http("ben") as ben:
        page = await read(ben, room_id, **since(start))
    assert page["items"] == [{"event": "message.sent", "data": data, "meta": meta}]


async def test_a_position_that_cannot_be_resumed_gets_the_reason(site: Campus) -> None:
    """[SUB3] And none of the events."""
    room_id = await a_room(site)
    async with site.http("ben") as ben:
        start = await read(ben, room_id)
        await say(site, room_id, "1", "2")
        for position, reason in (
            ({"epoch": "other", "offset": 0}, "epoch"),
            ({"epoch": start["epoch"], "offset": 99}, "ahead"),
        ):
            page = await read(ben, room_id, wait=20, **position)
            assert (page["recovered"], page["reason"], page["items"]) == (False, reason, [])
        await site.node.storage.write(lambda raw: log.trim(raw, 0, 1))
        assert (await read(ben, room_id, **since(start)))["reason"] == "trimmed"


async def test_who_waits_is_answered_when_something_comes(site: Campus) -> None:
    """[SUB2] One who asked before the commit, and nobody else's channel."""
    room_id, other = await a_room(site), await a_room(site)
    async with site.http("ben") as ben:
        starts = [await read(ben, room) for room in (room_id, other)]
        both = looked(site, 2)
        waits = [
            asyncio.ensure_future(read(ben, room, wait=20, **since(start)))
            for room, start in zip((room_id, other), starts, strict=True)
        ]
        await both.wait()
        await say(site, room_id, "now")
        assert said(await waits[0]) == ["now"]
        assert not waits[1].done()
        site.node.feed.close()
        assert (await waits[1])["items"] == []
    assert (site.node.feed.waiting, site.node.feed._waiting) == (0, {})


async def test_what_the_bus_loses_comes_when_the_wait_ends(site: Campus) -> None:
    """[FAN2] [SUB2]"""
    room_id = await a_room(site)
    async with site.http("ben") as ben:
        start = await read(ben, room_id)
        site.node.storage.committed = lambda _: None
        there = looked(site)
        waiting = asyncio.ensure_future(read(ben, room_id, wait=0.3, **since(start)))
        await there.wait()
        await say(site, room_id, "unheard")
        assert said(await waiting) == ["unheard"]


async def test_a_right_that_is_lost_meanwhile_is_no_right(site: Campus) -> None:
    """[SUB1] [FAN4] It is asked again after the wait."""
    room_id = await a_room(site)
    async with site.http("ben") as ben:
        start = await read(ben, room_id)
        there = looked(site)
        waiting = asyncio.ensure_future(ben.get(url(room_id), params={**since(start), "wait": 20}))
        await there.wait()
        await site.lms.delete("/v1/courses/cs101/members/ben")  # logs `member.left`, which wakes him
        problem(await waiting, 404, "not_found")


@pytest.mark.parametrize("bound", ["WAITING", "WAITING_EACH"])
async def test_so_many_may_wait(site: Campus, monkeypatch: pytest.MonkeyPatch, bound: str) -> None:
    """Altogether, and of each person, who so keeps out nobody else."""
    monkeypatch.setattr(feed, bound, 1)
    room_id = await a_room(site)
    async with site.http("ben") as ben:
        start = await read(ben, room_id)
        there = looked(site)
        waiting = asyncio.ensure_future(read(ben, room_id, wait=20, **since(start)))
        await there.wait()
        crowded = problem(await ben.get(url(room_id), params={**since(start), "wait": 1}), 503, "overloaded")
        assert crowded["retryable"]
        assert (await read(ben, room_id, **since(start)))["items"] == []
        async with site.http("ada") as ada:
            reply = await ada.get(url(room_id), params={**since(start), "wait": 0.01})
            assert reply.status_code == (503 if bound == "WAITING" else 200), reply.text
        await say(site, room_id, "1")
        await waiting
    assert (site.node.feed.waiting, site.node.feed._waiting_of) == (0, {})


@pytest.mark.parametrize(
    ("path", "query", "status", "code", "field"),
    [
        ("chat/channels/room:nowhere", {}, 404, "not_found", None),
        ("chat/channels/user:ada", {}, 403, "forbidden", "channel"),
        ("chat/channels/planet:mars", {}, 422, "invalid", "channel"),
        ("chat/channels/no one", {}, 422, "invalid", "channel"),
        ("nothing/channels/user:ben", {}, 404, "not_found", "namespace"),
        ("chat/channels/user:ben", {"epoch": "e"}, 422, "invalid", "offset"),
        ("chat/channels/user:ben", {"offset": 1}, 422, "invalid", "epoch"),
        ("chat/channels/user:ben", {"epoch": "e", "offset": -1}, 422, "invalid", "offset"),
        ("chat/channels/user:ben", {"epoch": "e", "offset": "x"}, 422, "invalid", "offset"),
        ("chat/channels/user:ben", {"wait": 31}, 422, "invalid", "wait"),
        ("chat/channels/user:ben", {"wait": "nan"}, 422, "invalid", "wait"),
    ],
)
async def test_what_is_wrong_is_named(
    site: Campus, path: str, query: Json, status: int, code: str, field: str | None
) -> None:
    """[SUB1]"""
    async with site.http("ben") as ben:
        document = problem(await ben.get(f"/v1/{path}/events", params=query), status, code)
    if field is not None:
        assert document["field"] == field


async def test_a_token_for_other_namespaces_is_refused(site: Campus) -> None:
    """[SES1]"""
    async with site.http("ben", namespaces=["/notifications"]) as ben:
        problem(await ben.get("/v1/chat/channels/user:ben/events"), 403, "forbidden")
    async with httpx.AsyncClient(base_url=site.url, timeout=30) as anybody:
        problem(await anybody.get("/v1/chat/channels/user:ben/events"), 401, "auth_missing")
