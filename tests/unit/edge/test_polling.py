"""Long-polling without a network: one GET that waits, one POST at a time, and what happens to the rest."""

from __future__ import annotations

import asyncio
import json
from collections.abc import MutableMapping
from typing import Any

import pytest
from tests.unit.edge.stand_ins import RecordingListener, websocket

from coursewire.edge.endpoint import PollingEndpoint
from coursewire.edge.server import EngineServer
from coursewire.edge.session import Session
from coursewire.edge.settings import EdgeSettings


class Exchange:
    """One HTTP request to the ASGI application, and the answer as far as it has come."""

    def __init__(
        self,
        application: EngineServer | PollingEndpoint,
        method: str,
        query: str,
        body: bytes = b"",
        headers: dict[str, str] | None = None,
        *,
        path: str = "/socket.io/",
        whole: bool = True,
    ) -> None:
        self._incoming: asyncio.Queue[MutableMapping[str, Any]] = asyncio.Queue()
        self.give(body, more=not whole)
        self.status = 0
        self.headers: dict[str, str] = {}
        self.body = b""
        self.parts = 0
        self.may_send = asyncio.Event()
        self.may_send.set()
        scope = {
            "type": "http",
            "method": method,
            "path": path,
            "query_string": query.encode(),
            "headers": [(name.encode(), value.encode()) for name, value in (headers or {}).items()],
            "client": ("192.0.2.1", 4711),
        }
        endpoint = application if isinstance(application, PollingEndpoint) else application.asgi
        self.task = asyncio.ensure_future(endpoint(scope, self._incoming.get, self._send))

    def give(self, part: bytes, *, more: bool) -> None:
        """Send a part of the body."""
        self._incoming.put_nowait({"type": "http.request", "body": part, "more_body": more})

    def hang_up(self) -> None:
        """Break the connection."""
        self._incoming.put_nowait({"type": "http.disconnect"})

    async def _send(self, message: MutableMapping[str, Any]) -> None:
        await self.may_send.wait()
        if message["type"] == "http.response.start":
            self.status = message["status"]
            self.headers = {name.decode(): value.decode() for name, value in message["headers"]}
        else:
            self.body += message["body"]
            self.parts += 1

    async def answered(self) -> Exchange:
        """Wait for the whole answer."""
        async with asyncio.timeout(30):
            await self.task
        return self


async def turns() -> None:
    """Let everything happen that waits for nothing but its turn."""
    for _ in range(10):
        await asyncio.sleep(0)


class World:
    """A server and one polling session on it."""

    def __init__(self, **settings: Any) -> None:
        self.listeners: list[RecordingListener] = []
        self.server = EngineServer(self._listen, EdgeSettings(**settings))
        self.sid = ""

    def _listen(self, _: Session) -> RecordingListener:
        self.listeners.append(RecordingListener())
        return self.listeners[-1]

    @classmethod
    async def opened(cls, **settings: Any) -> World:
        world = cls(**settings)
        answer = await Exchange(world.server, "GET", "EIO=4&transport=polling").answered()
        assert answer.status == 200
        world.sid = json.loads(answer.body[1:])["sid"]
        return world

    @property
    def session(self) -> Session:
        return self.server.sessions[self.sid]

    @property
    def told(self) -> list[Any]:
        return self.listeners[0].told

    def get(self) -> Exchange:
        return Exchange(self.server, "GET", f"EIO=4&transport=polling&sid={self.sid}")

    async def waiting(self) -> Exchange:
        """Start a poll, and return when it waits."""
        exchange = self.get()
        await turns()
        assert self.session.transport._poll is not None  # type: ignore[attr-defined]
        return exchange

    def post(self, body: bytes, *, whole: bool = True) -> Exchange:
        return Exchange(self.server, "POST", f"EIO=4&transport=polling&sid={self.sid}", body, whole=whole)


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


async def test_a_second_poll_closes_the_session() -> None:
    world = await World.opened()
    poll = await world.waiting()
    assert (await world.get().answered()).status == 400
    assert (await poll.answered()).body == b"1"
    assert world.told == [("closed", "transport error")]


async def test_a_second_post_closes_the_session() -> None:
    world = await World.opened()
    first = world.post(b"4half", whole=False)
    await asyncio.sleep(0)
    assert (await world.post(b"4other").answered()).status == 400
    first.give(b" and half", more=False)
    assert (await first.answered()).status == 400
    assert world.told == [("closed", "transport error")]


async def test_a_poll_that_is_given_up_closes_the_session() -> None:
    world = await World.opened()
    poll = await world.waiting()
    poll.hang_up()
    await poll.answered()
    assert world.told == [("closed", "transport close")]


async def test_a_client_that_closes_gets_its_poll_back_with_noop() -> None:
    world = await World.opened()
    poll = await world.waiting()
    assert (await world.post(b"1").answered()).body == b"ok"
    assert (await poll.answered()).body == b"6"
    assert (await world.get().answered()).status == 400


async def test_the_last_words_of_the_server_reach_a_client_between_two_polls_once() -> None:
    world = await World.opened()
    session = world.session
    session.send("goodbye")
    session.close("enough")
    assert (await world.get().answered()).body == b"4goodbye\x1e1"
    assert (await world.get().answered()).status == 400


async def test_many_last_words_take_several_polls() -> None:
    world = await World.opened()
    session = world.session
    for number in range(20):
        session.send(str(number))
    session.close("enough")
    assert len((await world.get().answered()).body.split(b"\x1e")) == 16
    assert (await world.get().answered()).body.endswith(b"419\x1e1")
    assert (await world.get().answered()).status == 400


async def test_last_words_that_do_not_fit_the_poll_that_waits_come_with_the_next() -> None:
    world = await World.opened()
    poll = await world.waiting()
    session = world.session
    for number in range(16):
        session.send(str(number))
    session.close("enough")
    assert (await poll.answered()).body.endswith(b"415")
    assert (await world.get().answered()).body == b"1"
    assert (await world.get().answered()).status == 400


async def test_the_last_words_of_the_server_reach_a_poll_that_waits() -> None:
    world = await World.opened()
    poll = await world.waiting()
    session = world.session
    session.send("goodbye")
    session.close("enough")
    assert (await poll.answered()).body == b"4goodbye\x1e1"


async def test_farewells_are_bounded() -> None:
    world = World()
    for _ in range(1_100):
        await Exchange(world.server, "GET", "EIO=4&transport=polling").answered()
    for session in list(world.server.sessions.values()):
        session.close("enough")
    assert len(world.server._registry._farewells) == 1_000


async def test_after_a_ping_timeout_nothing_is_kept_for_the_client() -> None:
    world = await World.opened()
    world.session.send("kept in vain")
    world.session.close("ping timeout")
    assert (await world.get().answered()).status == 400


@pytest.mark.parametrize(("headers", "body"), [({"content-length": "1001"}, b"4"), ({}, b"4" + b"x" * 1_000)])
async def test_a_post_that_is_too_large_is_refused_and_the_session_stays(
    headers: dict[str, str], body: bytes
) -> None:
    world = await World.opened(max_payload=1_000)
    query = f"EIO=4&transport=polling&sid={world.sid}"
    answer = Exchange(world.server, "POST", query, body, headers, whole=False)
    await answer.answered()
    assert (answer.status, answer.headers["connection"]) == (413, "close")
    assert world.told == []
    assert (await world.post(b"4small").answered()).body == b"ok"


async def test_too_many_packets_in_a_post_close_the_session() -> None:
    world = await World.opened(max_packets=3)
    assert (await world.post(b"4a\x1e4b\x1e4c\x1e4d").answered()).status == 400
    assert world.told == [("closed", "parse error")]


async def test_a_post_that_takes_forever_is_given_up() -> None:
    world = await World.opened(stall_timeout_s=0.01)
    assert (await world.post(b"4half", whole=False).answered()).status == 400
    assert world.told == []


async def test_half_a_post_is_not_read() -> None:
    world = await World.opened()
    post = world.post(b"4half", whole=False)
    post.hang_up()
    assert (await post.answered()).status == 400
    assert ("received", "half") not in world.told


async def test_a_post_is_held_back_while_the_application_reads_nothing() -> None:
    world = await World.opened()
    world.session.pause_reading()
    world.session.pause_reading()
    post = world.post(b"4one")
    await turns()
    assert world.told == [("received", "one")]
    assert not post.status
    assert world.session.transport.congested
    world.session.resume_reading()
    assert (await post.answered()).body == b"ok"


async def test_a_post_that_is_held_back_is_answered_when_the_session_ends() -> None:
    world = await World.opened()
    world.session.pause_reading()
    post = world.post(b"4one")
    await turns()
    world.session.close("enough")
    assert (await post.answered()).body == b"ok"


async def test_a_full_outbox_is_reported_and_drains_with_the_next_poll() -> None:
    """[FAN3]"""
    world = await World.opened(outbox_bytes=1_000)
    world.session.send("x" * 1_001)
    full = world.session.full
    assert full
    await world.get().answered()
    assert not world.session.full
    await asyncio.sleep(0)
    assert world.told == [("filled",), ("drained",)]


async def test_an_outbox_full_beyond_measure_ends_the_session() -> None:
    """[FAN3]"""
    world = await World.opened(outbox_bytes=1_000)
    for _ in range(5):
        world.session.send("x" * 1_000)
    await asyncio.sleep(0)
    assert world.told[-1] == ("closed", "outbox overflow")


async def test_a_large_answer_goes_out_in_slices_whose_progress_shows() -> None:
    """[FAN3] A slow reader of one answer is judged by its progress."""
    world = await World.opened()
    world.session.send("x" * 200_000)
    poll = world.get()
    poll.may_send.clear()
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    transport = world.session.transport
    assert transport.congested
    before = transport.unsent
    poll.may_send.set()
    await poll.answered()
    assert before == len(poll.body) == 200_001
    assert poll.parts == 4
    assert transport.unsent == 0


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


class TestUpgrade:
    async def test_a_poll_is_released_by_the_probe_and_the_next_ones_do_not_wait(self) -> None:
        world = await World.opened()
        poll = await world.waiting()
        probe, socket = websocket(world.server, f"/socket.io/?EIO=4&transport=websocket&sid={world.sid}")
        probe.data_received(b"\x81\x86\0\0\0\x002probe")
        assert socket.take().endswith(b"\x81\x063probe")
        assert (await poll.answered()).body == b"6"
        assert (await world.get().answered()).body == b"6"
        world.session.send("still by polling")
        assert (await world.get().answered()).body == b"4still by polling"

    async def test_what_was_never_fetched_goes_over_and_no_noop_with_it(self) -> None:
        world = await World.opened()
        probe, socket = websocket(world.server, f"/socket.io/?EIO=4&transport=websocket&sid={world.sid}")
        probe.data_received(b"\x81\x86\0\0\0\x002probe")
        world.session.send("kept")
        poll = world.get()
        socket.take()
        probe.data_received(b"\x81\x81\0\0\0\x005")
        assert socket.take() == b"\x81\x054kept"
        assert (await poll.answered()).status == 400
        assert (await world.post(b"4late").answered()).status == 400
        assert world.session.transport.name == "websocket"
        assert world.told == []

    async def test_a_poll_in_flight_at_the_upgrade_gets_noop(self) -> None:
        world = await World.opened()
        poll = await world.waiting()
        probe, _ = websocket(world.server, f"/socket.io/?EIO=4&transport=websocket&sid={world.sid}")
        probe.data_received(b"\x81\x86\0\0\0\x002probe" + b"\x81\x81\0\0\0\x005")
        assert (await poll.answered()).body == b"6"


class TestOrigins:
    async def test_pages_of_other_sites_get_nothing_to_read(self) -> None:
        server = World().server
        headers = {"origin": "https://evil.example", "host": "campus.example"}
        answer = await Exchange(server, "GET", "EIO=4&transport=polling", headers=headers).answered()
        assert answer.status == 403
        assert "access-control-allow-origin" not in answer.headers
        assert not server.sessions

    async def test_pages_of_allowed_sites_may_read(self) -> None:
        server = World(allowed_origins=["https://lms.example"]).server
        headers = {"origin": "https://lms.example", "host": "campus.example"}
        answer = await Exchange(server, "GET", "EIO=4&transport=polling", headers=headers).answered()
        assert answer.status == 200
        assert answer.headers["access-control-allow-origin"] == "https://lms.example"
        assert answer.headers["vary"] == "origin"
        refused = await Exchange(server, "GET", "EIO=4", headers=headers).answered()
        assert refused.headers["access-control-allow-origin"] == "https://lms.example"

    async def test_with_all_origins_allowed_none_gets_credentials(self) -> None:
        server = World(allowed_origins="*").server
        headers = {"origin": "https://any.example", "host": "campus.example"}
        answer = await Exchange(server, "GET", "EIO=4&transport=polling", headers=headers).answered()
        assert answer.headers["access-control-allow-origin"] == "*"
        assert "access-control-allow-credentials" not in answer.headers

    async def test_a_preflight_is_answered(self) -> None:
        server = World(allowed_origins="*").server
        headers = {"origin": "https://any.example", "host": "campus.example"}
        answer = await Exchange(server, "OPTIONS", "EIO=4&transport=polling", headers=headers).answered()
        assert answer.status == 200
        assert answer.headers["access-control-allow-methods"] == "GET, POST"

    async def test_clients_that_are_no_browsers_get_no_such_headers(self) -> None:
        answer = await Exchange(World().server, "GET", "EIO=4&transport=polling").answered()
        assert not [name for name in answer.headers if name.startswith("access-control")]


async def test_the_number_of_sessions_is_bounded() -> None:
    world = await World.opened(max_sessions=1)
    assert (await Exchange(world.server, "GET", "EIO=4&transport=polling").answered()).status == 503


async def test_a_server_that_closes_ends_its_sessions_and_opens_no_more() -> None:
    world = await World.opened()
    poll = await world.waiting()
    _, socket = websocket(world.server)
    closing = asyncio.ensure_future(world.server.close())
    await asyncio.sleep(0)
    assert (await poll.answered()).body == b"1"
    assert socket.take().endswith(b"\x88\x16\x03\xe9server shutting down")
    assert not closing.done()
    assert socket.protocol is not None
    socket.closing = True
    socket.protocol.connection_lost(None)
    async with asyncio.timeout(30):
        await closing
    assert (await Exchange(world.server, "GET", "EIO=4&transport=polling").answered()).status == 503
    assert [told[-1] for told in world.listeners[1].told] == ["server shutting down"]
