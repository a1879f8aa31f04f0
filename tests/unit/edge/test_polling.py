"""Long-polling without a network: one GET that waits, one POST at a time, and what travels in them."""

from __future__ import annotations

import asyncio
import json
from collections.abc import MutableMapping
from typing import Any

import pytest
from tests.unit.edge.polling_world import Exchange, World


async def test_a_session_opens_with_the_open_packet_and_the_upgrade_it_offers() -> None:
    world = World()
    answer = await Exchange(world.server, "GET", "EIO=4&transport=polling").answered()
    assert answer.headers["content-type"] == "text/plain; charset=UTF-8"
    assert answer.body.startswith(b"0")
    opened = json.loads(answer.body[1:])
    assert opened.pop("sid") in world.server.sessions
    assert opened == {
        "upgrades": ["websocket"], "pingInterval": 5_000, "pingTimeout": 4_000, "maxPayload": 1_000_000,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("method", "query", "path", "status", "message"),
    [
        ("GET", "transport=polling", "/socket.io/", 400, "Unsupported protocol version"),
        ("GET", "EIO=4", "/socket.io/", 400, "Transport unknown"),
        ("GET", "EIO=4&transport=websocket", "/socket.io/", 400, "Bad request"),
        ("GET", "EIO=4&transport=polling&sid=unknown", "/socket.io/", 400, "Session ID unknown"),
        ("POST", "EIO=4&transport=polling&sid=unknown", "/socket.io/", 400, "Session ID unknown"),
        ("POST", "EIO=4&transport=polling", "/socket.io/", 400, "Bad handshake method"),
        ("PUT", "EIO=4&transport=polling", "/socket.io/", 400, "Bad handshake method"),
        ("GET", "EIO=4&transport=polling", "/elsewhere", 404, "Not found"),
    ],
)
async def test_a_bad_request_is_refused_in_json(
    method: str, query: str, path: str, status: int, message: str
) -> None:
    world = World()
    answer = await Exchange(world.server, method, query, path=path).answered()
    assert answer.status == status
    assert json.loads(answer.body)["message"] == message
    assert world.server.statistics.handshakes_refused == {message: 1}


async def test_what_is_sent_in_one_turn_comes_in_one_poll() -> None:
    world = await World.opened()
    poll = await world.waiting()
    world.session.send("one")
    world.session.send(b"\1\2\3\4")
    world.session.send("two")
    assert (await poll.answered()).body == b"4one\x1ebAQIDBA==\x1e4two"


async def test_what_is_sent_between_polls_waits_for_the_next() -> None:
    world = await World.opened()
    world.session.send("one")
    world.session.send("two")
    assert (await world.get().answered()).body == b"4one\x1e4two"


async def test_a_poll_brings_no_more_packets_than_every_client_takes() -> None:
    world = await World.opened()
    for number in range(20):
        world.session.send(str(number))
    first, second = [(await world.get().answered()).body.split(b"\x1e") for _ in range(2)]
    assert first == [b"4%d" % number for number in range(16)]
    assert second == [b"4%d" % number for number in range(16, 20)]


async def test_packets_of_a_post_arrive_in_order() -> None:
    world = await World.opened()
    answer = await world.post(b"4one\x1ebAQIDBA==\x1e4two").answered()
    assert (answer.status, answer.body) == (200, b"ok")
    assert world.told == [("received", "one"), ("received", b"\1\2\3\4"), ("received", "two")]


@pytest.mark.parametrize("body", [b"abc", b"", b"4\xff", b"b!"])
async def test_a_malformed_post_closes_the_session(body: bytes) -> None:
    world = await World.opened()
    poll = await world.waiting()
    assert (await world.post(body).answered()).status == 400
    assert (await poll.answered()).body == b"1"
    assert world.told == [("closed", "parse error")]
    assert (await world.get().answered()).status == 400


async def test_nothing_after_the_packet_that_closed_the_session_is_read() -> None:
    world = await World.opened()
    await world.post(b"4one\x1e2\x1e4two").answered()
    assert world.told == [("received", "one"), ("closed", "parse error")]


async def test_a_client_that_breaks_off_is_no_error() -> None:
    world = await World.opened()

    async def broken(_: MutableMapping[str, Any]) -> None:
        raise ConnectionResetError

    scope = {
        "method": "GET",
        "path": "/socket.io/",
        "query_string": b"EIO=4&transport=polling",
        "headers": [],
    }
    await world.server.asgi(scope, asyncio.Queue[Any]().get, broken)
