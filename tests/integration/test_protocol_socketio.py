"""Socket.IO v5 on real sockets: the behaviour that the protocol document asks for, on both event loops."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest
from tests.conformance_server import conformance_server
from tests.integration.protocol_peers import LOOPS, Poller, Site, WebSocketPeer, serve, serving, visit

from coursewire.edge.server import EngineServer


@pytest.fixture(scope="module", params=LOOPS)
def echo(request: pytest.FixtureRequest) -> Iterator[tuple[EngineServer, int]]:
    # No ping may come between a question and its answer, and nobody is closed because the machine is busy.
    server = conformance_server(engine=False, ping_interval_ms=60_000, connect_timeout_ms=60_000)
    with serving(server, request.param) as port:
        yield server, port


@pytest.fixture
async def site(echo: tuple[EngineServer, int]) -> AsyncIterator[Site]:
    async with visit(*echo) as site:
        yield site


@pytest.fixture
async def peer(site: Site) -> AsyncIterator[WebSocketPeer]:
    """A WebSocket session without any namespace."""
    peer = await site.open_websocket()
    await peer.receive()
    yield peer
    await peer.connection.close()


@pytest.fixture
async def connected(peer: WebSocketPeer) -> WebSocketPeer:
    """A WebSocket session on the main namespace."""
    await peer.send("40")
    await peer.receive_json("40")
    assert await peer.receive() == '42["auth",{}]'
    return peer


class TestConnect:
    @pytest.mark.parametrize(
        ("packet", "answer", "auth"),
        [
            ("40", "40", '42["auth",{}]'),
            ('40{"token":"123"}', "40", '42["auth",{"token":"123"}]'),
            ("40/custom,", "40/custom,", '42/custom,["auth",{}]'),
            ('40/custom,{"token":"abc"}', "40/custom,", '42/custom,["auth",{"token":"abc"}]'),
        ],
    )
    async def test_a_namespace_answers_with_a_sid(
        self, peer: WebSocketPeer, packet: str, answer: str, auth: str
    ) -> None:
        await peer.send(packet)
        acknowledgement = await peer.receive_json(answer)
        assert list(acknowledgement) == ["sid"]
        assert isinstance(acknowledgement["sid"], str)
        assert await peer.receive() == auth

    async def test_by_polling_the_answers_come_in_one_payload(self, site: Site) -> None:
        poller = await site.open_polling()
        assert (await poller.post("40")).text == "ok"
        acknowledgement, auth = (await poller.get()).text.split("\x1e")
        assert acknowledgement.startswith('40{"sid":"')
        assert auth == '42["auth",{}]'

    async def test_an_unknown_namespace_is_refused_and_the_session_stays(self, peer: WebSocketPeer) -> None:
        await peer.send("40/random")
        assert await peer.receive() == '44/random,{"message":"Invalid namespace"}'
        await peer.send("40")
        await peer.receive_json("40")

    async def test_something_else_than_connect_closes_the_session(self, peer: WebSocketPeer) -> None:
        await peer.send("4abc")
        assert (await peer.closed())[0] == 1002

    async def test_a_session_that_never_connects_is_closed(self) -> None:
        async with serve(conformance_server(engine=False, connect_timeout_ms=50)) as site:
            peer = await site.open_websocket()
            assert await peer.closed() == (1000, "connect timeout")


class TestDisconnect:
    async def test_the_session_outlives_its_namespace(self, connected: WebSocketPeer) -> None:
        await connected.send("41", "40/custom")
        await connected.receive_json("40/custom,")

    async def test_one_namespace_ends_and_the_other_goes_on(self, connected: WebSocketPeer) -> None:
        await connected.send("40/custom")
        await connected.receive_json("40/custom,")
        await connected.receive()
        await connected.send("41/custom", '42["message","to the main namespace"]')
        assert await connected.receive() == '42["message-back","to the main namespace"]'

    async def test_an_event_to_a_namespace_that_has_ended_is_ignored(self, connected: WebSocketPeer) -> None:
        """[SES1]"""
        await connected.send(
            "40/custom", "41/custom", '42/custom,["message","late"]', '42["message","on time"]'
        )
        await connected.receive_json("40/custom,")
        await connected.receive()
        assert await connected.receive() == '42["message-back","on time"]'


class TestMessages:
    async def test_text(self, connected: WebSocketPeer) -> None:
        await connected.send('42["message",1,"2",{"3":[true]}]')
        assert await connected.receive() == '42["message-back",1,"2",{"3":[true]}]'

    async def test_attachments(self, connected: WebSocketPeer) -> None:
        data = '{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}]'
        await connected.send('452-["message",' + data, b"\1\2\3", b"\4\5\6")
        assert await connected.receive() == '452-["message-back",' + data
        assert [await connected.receive() for _ in range(2)] == [b"\1\2\3", b"\4\5\6"]

    async def test_an_ack(self, connected: WebSocketPeer) -> None:
        await connected.send('42456["message-with-ack",1,"2",{"3":[false]}]')
        assert await connected.receive() == '43456[1,"2",{"3":[false]}]'

    async def test_an_ack_with_attachments(self, connected: WebSocketPeer) -> None:
        data = '{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}]'
        await connected.send('452-789["message-with-ack",' + data, b"\1\2\3", b"\4\5\6")
        assert await connected.receive() == "462-789[" + data
        assert [await connected.receive() for _ in range(2)] == [b"\1\2\3", b"\4\5\6"]

    async def test_attachments_by_polling(self, site: Site) -> None:
        poller = await connected_by_polling(site)
        await poller.post('451-1["message-with-ack",{"_placeholder":true,"num":0}]\x1ebAQID')
        assert (await poller.get()).text == '461-1[{"_placeholder":true,"num":0}]\x1ebAQID'

    async def test_a_lone_surrogate_comes_back(self, connected: WebSocketPeer) -> None:
        await connected.send('42["message","\\ud83d"]')
        assert await connected.receive() == '42["message-back","\\ud83d"]'

    @pytest.mark.parametrize(
        "packet",
        [
            "4abc",
            "42{}",
            "42[]",
            '42abc["message-with-ack",1]',
            '42["message",NaN]',
            "42" + "[" * 5_000,
            b"\1",
        ],
    )
    async def test_a_malformed_packet_closes_the_session(
        self, connected: WebSocketPeer, packet: str | bytes
    ) -> None:
        await connected.send(packet)
        assert await connected.closed() == (1002, "parse error")

    async def test_a_malformed_packet_disturbs_nobody_else(
        self, site: Site, connected: WebSocketPeer
    ) -> None:
        other = await site.open_websocket()
        await other.receive()
        await other.send("42{}")
        await other.closed()
        await connected.send('42["message","still here"]')
        assert await connected.receive() == '42["message-back","still here"]'


class TestUpgrade:
    async def test_events_go_on_where_they_were(self, site: Site) -> None:
        poller = await connected_by_polling(site)
        await poller.post('42["message",1]')
        peer = await site.open_websocket(poller.sid)
        await peer.send("2probe")
        assert await peer.receive() == "3probe"
        await peer.send("5", '42["message",2]')
        assert [await peer.receive() for _ in range(2)] == ['42["message-back",1]', '42["message-back",2]']
        await peer.connection.close()


async def connected_by_polling(site: Site) -> Poller:
    """Open a polling session on the main namespace."""
    poller = await site.open_polling()
    await poller.post("40")
    await poller.get()
    return poller
