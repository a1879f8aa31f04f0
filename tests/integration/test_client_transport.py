"""The client's connection against our own edge: WebSocket, polling, upgrade, heartbeat, several namespaces."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from tests.integration.chat_peer import Peer, serving
from tests.integration.client_states import States
from tests.integration.tcp_proxy import Proxy

from coursewire.client import ChatClient, ClientOptions, LinkOptions, NamespaceClient
from coursewire.client.connection import shared_connections
from coursewire.edge.settings import EdgeSettings
from coursewire.errors import AuthInvalid, Unavailable

LINK = LinkOptions(open_timeout_s=30, upgrade_after_s=0.05)
OPTIONS = ClientOptions(link=LINK)


class AnalyticsClient(NamespaceClient):
    """A second namespace."""

    namespace = "/analytics"


@pytest.fixture
async def peer() -> AsyncIterator[tuple[Peer, Proxy]]:
    peer = Peer()
    async with serving(peer) as port, Proxy(port) as proxy:
        yield peer, proxy


async def test_connects_over_websocket_and_authenticates(peer: tuple[Peer, Proxy]) -> None:
    server, proxy = peer
    async with ChatClient(proxy.url, "a-token", options=OPTIONS) as chat:
        assert chat.state == "connected"
        assert chat.diagnostics.transport == "websocket"
        assert chat.session is not None
        assert chat.session.user.name == "Ada"
        ((namespace, auth),) = server.connects
        assert namespace == "/chat"
        assert auth["token"] == "a-token"
        assert "resume" not in auth
    assert chat.diagnostics.state == "closed"


async def test_falls_back_to_polling_and_comes_back_to_websocket(peer: tuple[Peer, Proxy]) -> None:
    """[CLI4] Polling is `degraded`; once WebSocket gets through, the same session moves to it."""
    server, proxy = peer
    proxy.without_websocket = True
    chat = ChatClient(proxy.url, "t", options=OPTIONS)
    states = States(chat)
    async with chat:
        assert chat.state == "degraded"
        first = server.say("1", "before")
        messages = chat.messages("1", history=10)
        assert (await anext(messages)).id == first["id"]
        sent = await chat.send("1", "over polling")
        assert (await anext(messages)).id == sent.id
        refused = proxy.upgrades
        proxy.without_websocket = False
        await states.until("connected")
        assert proxy.upgrades > refused
        server.say("1", "after the upgrade")
        assert (await anext(messages)).text == "after the upgrade"
        assert (await chat.send("1", "over websocket")).number == 4
        assert len(server.connects) == 1, "the upgrade keeps the session"
        await messages.aclose()
    assert states.seen == ["connecting", "recovering", "degraded", "connected", "closed"]


async def test_a_network_that_comes_back_between_two_tries(peer: tuple[Peer, Proxy]) -> None:
    """[CLI4] WebSocket found it down, polling found it up: as it is set by default, `degraded` does not last."""
    _, proxy = peer
    async with ChatClient(proxy.url, "t", options=ClientOptions(link=LinkOptions(open_timeout_s=30))) as chat:
        states = States(chat)
        async with asyncio.timeout(30):
            proxy.go_down(refusals=1)
            await states.until("degraded")
            await states.until("connected")
    assert states.seen == ["reconnecting", "recovering", "degraded", "connected", "closed"]


async def test_a_frozen_link_is_noticed_and_replaced() -> None:
    """[SES3] Nothing arrives, nothing is closed: the heartbeat ends it, and the new session resumes."""
    server = Peer()
    settings = EdgeSettings(ping_interval_ms=300, ping_timeout_ms=2_000)
    async with (
        serving(server, settings=settings) as port,
        Proxy(port) as proxy,
        ChatClient(proxy.url, "t", options=OPTIONS) as chat,
    ):
        states = States(chat)
        await chat.subscribe("1")
        server.say("1", "one")
        proxy.frozen.set()
        server.say("1", "two, into the void")
        await states.until("reconnecting")
        proxy.frozen.clear()
        await states.until("connected")
        # A beat as short as this may have been missed once more on a busy machine.
        again = [auth for _, auth in server.connects[1:]]
        assert [auth["resume"].keys() for auth in again] == [{"room:1"}] * len(again) != []


async def test_namespaces_share_a_connection_and_die_alone(peer: tuple[Peer, Proxy]) -> None:
    """[SES1] One refused, one disconnected by the server: the other one and the transport stay."""
    server, proxy = peer
    error = {"code": "auth_invalid", "message": "not for you", "retryable": False}
    server.refusal = lambda _namespace, auth: error if auth["token"] == "forged" else None
    async with ChatClient(proxy.url, "t", options=OPTIONS) as chat:
        chat_states = States(chat)
        with pytest.raises(AuthInvalid, match="not for you"):
            async with AnalyticsClient(proxy.url, "forged", options=OPTIONS):
                pass
        async with AnalyticsClient(proxy.url, "good", options=OPTIONS) as analytics:
            states = States(analytics)
            assert proxy.connections == 1
            server.of("/analytics").disconnect()
            await states.until("reconnecting")
            await states.until("connected")
            assert proxy.connections == 1
        assert chat_states.seen == []
        assert (await chat.send("1", "still here")).number == 1
        assert len(shared_connections(proxy.url, LINK)) == 1
    assert shared_connections(proxy.url, LINK) == ()


async def test_two_clients_of_one_namespace_have_a_connection_each(peer: tuple[Peer, Proxy]) -> None:
    _, proxy = peer
    async with (
        ChatClient(proxy.url, "ada", options=OPTIONS) as ada,
        ChatClient(proxy.url, "bob", options=OPTIONS) as bob,
    ):
        assert ada.state == bob.state == "connected"
        assert proxy.connections == 2


async def test_nobody_at_the_address(closed_port: int) -> None:
    client = ChatClient(f"http://127.0.0.1:{closed_port}", "t", options=OPTIONS, patience=0.1)
    with pytest.raises(Unavailable, match=r"no session within 0\.1 s"):
        async with client:
            pass
    assert client.state == "closed"


async def test_an_unknown_namespace_is_unavailable(peer: tuple[Peer, Proxy]) -> None:
    _, proxy = peer

    class NoSuchClient(NamespaceClient):
        namespace = "/nothing"

    client = NoSuchClient(proxy.url, "t", options=OPTIONS)
    client.start()
    with pytest.raises(Exception, match="Invalid namespace"):
        await client.connected()
    assert client.state == "unavailable"
    await client.close()
