"""Engine.IO v4 on real sockets: the behaviour that the protocol document asks for, on both event loops."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import pytest
from tests.conformance_server import EngineEcho, conformance_server
from tests.integration.protocol_peers import LOOPS, Site, serve, serving, visit
from websockets.exceptions import InvalidStatus

from coursewire.edge.server import EngineServer
from coursewire.edge.settings import EdgeSettings


@pytest.fixture(scope="module", params=LOOPS)
def echo(request: pytest.FixtureRequest) -> Iterator[tuple[EngineServer, int]]:
    # No ping may come between a question and its answer.
    server = conformance_server(engine=True, ping_interval_ms=60_000)
    with serving(server, request.param) as port:
        yield server, port


@pytest.fixture
async def site(echo: tuple[EngineServer, int]) -> AsyncIterator[Site]:
    async with visit(*echo) as site:
        yield site


@pytest.fixture(params=LOOPS)
async def beating(request: pytest.FixtureRequest) -> AsyncIterator[Site]:
    """A site whose pings come at once, and wait for a pong from a busy machine."""
    async with beating_site(request.param, ping_timeout_ms=30_000) as site:
        yield site


@pytest.fixture(params=LOOPS)
async def impatient(request: pytest.FixtureRequest) -> AsyncIterator[Site]:
    """A site whose pings do not wait long."""
    async with beating_site(request.param, ping_timeout_ms=1_500) as site:
        yield site


@asynccontextmanager
async def beating_site(loop: str, ping_timeout_ms: int) -> AsyncIterator[Site]:
    server = conformance_server(engine=True, ping_interval_ms=50, ping_timeout_ms=ping_timeout_ms)
    with serving(server, loop) as port:
        async with visit(server, port) as site:
            yield site


OPENED = {"upgrades": [], "pingInterval": 60_000, "pingTimeout": 200, "maxPayload": 1_000_000}


class TestHandshake:
    async def test_by_polling(self, site: Site) -> None:
        response = await site.request("GET", "EIO=4&transport=polling")
        assert response.status_code == 200
        assert response.text[0] == "0"
        opened = json.loads(response.text[1:])
        assert isinstance(opened.pop("sid"), str)
        assert opened == OPENED | {"upgrades": ["websocket"]}

    async def test_by_websocket(self, site: Site) -> None:
        peer = await site.open_websocket()
        opened = await peer.receive_json("0")
        assert isinstance(opened.pop("sid"), str)
        assert opened == OPENED
        await peer.connection.close()

    @pytest.mark.parametrize(
        ("method", "query"),
        [
            ("GET", "transport=polling"),
            ("GET", "EIO=abc&transport=polling"),
            ("GET", "EIO=4"),
            ("GET", "EIO=4&transport=abc"),
            ("POST", "EIO=4&transport=polling"),
            ("PUT", "EIO=4&transport=polling"),
            ("GET", "EIO=4&transport=polling&sid=unknown"),
            ("POST", "EIO=4&transport=polling&sid=unknown"),
            ("GET", "EIO=4&transport=websocket"),
        ],
    )
    async def test_a_bad_request_gets_400(self, site: Site, method: str, query: str) -> None:
        assert (await site.request(method, query)).status_code == 400

    async def test_a_websocket_to_an_unknown_session_gets_400(self, site: Site) -> None:
        with pytest.raises(InvalidStatus) as refused:
            await site.open_websocket("unknown")
        assert refused.value.response.status_code == 400


class TestMessages:
    async def test_text_and_bytes_by_polling(self, site: Site) -> None:
        poller = await site.open_polling()
        response = await poller.post("4hello\x1ebAQIDBA==\x1e4é")
        assert (response.status_code, response.text) == (200, "ok")
        response = await poller.get()
        assert (response.status_code, response.text) == (200, "4hello\x1ebAQIDBA==\x1e4é")

    async def test_text_and_bytes_by_websocket(self, site: Site) -> None:
        peer = await site.open_websocket()
        await peer.receive()
        await peer.send("4é", bytes([1, 2, 3, 4]))
        assert await peer.receive() == "4é"
        assert await peer.receive() == bytes([1, 2, 3, 4])
        await peer.connection.close()

    async def test_a_large_message_comes_back_whole(self, site: Site) -> None:
        """Larger than the buffers of both sides: part of it waits, and the order stays."""
        peer = await site.open_websocket()
        await peer.receive()
        large = "4" + "x" * 999_998
        await peer.send(large, "4after it")
        received = [await peer.receive() for _ in range(2)]
        assert received == [large, "4after it"]
        await peer.connection.close()

    async def test_a_malformed_packet_closes_the_websocket(self, site: Site) -> None:
        peer = await site.open_websocket()
        await peer.send("abc")
        assert (await peer.closed())[0] == 1002

    async def test_a_malformed_packet_closes_the_polling_session(self, site: Site) -> None:
        poller = await site.open_polling()
        assert (await poller.post("abc")).status_code == 400
        assert (await poller.get()).status_code == 400

    async def test_a_second_poll_closes_the_session(self, site: Site) -> None:
        poller = await site.open_polling()
        first, second = await asyncio.gather(poller.get(), poller.get())
        assert sorted([first.status_code, second.status_code]) == [200, 400]
        assert {first.text, second.text} > {"1"}
        assert (await poller.get()).status_code == 400

    async def test_a_poll_that_is_given_up_closes_the_session(self, site: Site) -> None:
        poller = await site.open_polling()
        _, writer = await asyncio.open_connection("127.0.0.1", site.port)
        writer.write(
            f"GET /engine.io/?EIO=4&transport=polling&sid={poller.sid} HTTP/1.1\r\nHost: x\r\n\r\n".encode()
        )
        await writer.drain()
        writer.close()
        await writer.wait_closed()
        # The next poll may be read before the one that was given up, which then is one too many.
        await poller.get()
        assert (await poller.get()).status_code == 400


class TestHeartbeat:
    async def test_pings_come_as_long_as_pongs_go_by_websocket(self, beating: Site) -> None:
        peer = await beating.open_websocket()
        await peer.receive()
        for _ in range(3):
            assert await peer.receive() == "2"
            await peer.send("3")
        await peer.connection.close()

    async def test_pings_come_as_long_as_pongs_go_by_polling(self, beating: Site) -> None:
        poller = await beating.open_polling()
        for _ in range(3):
            assert (await poller.get()).text == "2"
            assert (await poller.post("3")).text == "ok"

    async def test_silence_closes_the_websocket(self, impatient: Site) -> None:
        peer = await impatient.open_websocket()
        assert await peer.closed() == (1000, "ping timeout")

    async def test_silence_closes_the_polling_session(self, impatient: Site) -> None:
        poller = await impatient.open_polling()
        assert (await poller.get()).text == "2"
        assert (await poller.get()).text == "1"
        assert (await poller.get()).status_code == 400


class TestClose:
    async def test_by_the_client_on_websocket(self, site: Site) -> None:
        peer = await site.open_websocket()
        await peer.send("1")
        assert (await peer.closed())[0] == 1000

    async def test_by_the_client_on_polling(self, site: Site) -> None:
        poller = await site.open_polling()
        poll, post = await asyncio.gather(poller.get(), poller.post("1"))
        assert (poll.status_code, post.text) == (200, "ok")
        assert poll.text == "6"
        assert (await poller.get()).status_code == 400

    async def test_by_the_websocket_itself(self, site: Site) -> None:
        closed_before = site.server.statistics.sessions_closed["transport close"]
        peer = await site.open_websocket()
        await peer.receive()
        await peer.connection.close(1001, "going")
        assert await peer.closed() == (1001, "going")
        assert site.server.statistics.sessions_closed["transport close"] > closed_before


class TestUpgrade:
    async def test_a_probe_and_upgrade_move_the_session_and_noop_ends_the_polls(self, site: Site) -> None:
        poller = await site.open_polling()
        peer = await site.open_websocket(poller.sid)
        await peer.send("2probe")
        assert await peer.receive() == "3probe"
        assert (await poller.get()).text == "6"
        await peer.send("5", "4hello")
        assert await peer.receive() == "4hello"
        assert (await poller.get()).status_code == 400
        assert (await poller.post("4late")).status_code == 400
        await peer.connection.close()

    async def test_a_poll_that_waits_is_released_and_nothing_leaks_into_the_websocket(
        self, site: Site
    ) -> None:
        poller = await site.open_polling()
        peer = await site.open_websocket(poller.sid)
        poll = asyncio.ensure_future(poller.get())
        await peer.send("2probe")
        assert await peer.receive() == "3probe"
        assert (await poll).text == "6"
        await peer.send("5", "4one", "4two")
        assert [await peer.receive() for _ in range(2)] == ["4one", "4two"]
        await peer.connection.close()

    async def test_a_second_websocket_is_accepted_then_closed_and_the_first_stays(self, site: Site) -> None:
        poller = await site.open_polling()
        peer = await site.open_websocket(poller.sid)
        await peer.send("2probe")
        await peer.receive()
        await peer.send("5")
        second = await site.open_websocket(poller.sid)
        await second.closed()
        await peer.send("4hello")
        assert await peer.receive() == "4hello"
        await peer.connection.close()

    async def test_a_probe_that_never_completes_is_given_up(self) -> None:
        server = EngineServer(EngineEcho, EdgeSettings(upgrade_timeout_ms=50, ping_interval_ms=60_000))
        async with serve(server) as site:
            poller = await site.open_polling()
            peer = await site.open_websocket(poller.sid)
            await peer.closed()
            await poller.post("4by polling still")
            assert (await poller.get()).text == "4by polling still"
