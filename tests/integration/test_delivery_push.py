"""Push messages reach a real HTTP server, and only the browser that they are for can read them."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpcore
import pytest
from tests.integration.certificates import tls_contexts
from tests.integration.push_service import Browser, push_service

from coursewire.namespaces.notifications.delivery.addresses import PublicBackend
from coursewire.namespaces.notifications.delivery.encryption import MAX_PLAINTEXT
from coursewire.namespaces.notifications.delivery.outcome import Gone, Later, Refused
from coursewire.namespaces.notifications.delivery.vapid import Vapid, make_key_pair
from coursewire.namespaces.notifications.delivery.webpush import Pusher

NOW = 1_763_985_600.0
CONTACT = "mailto:ops@example.edu"


@asynccontextmanager
async def pusher(*, tls: ssl.SSLContext | None = None, timeout_s: float = 30.0) -> AsyncIterator[Pusher]:
    vapid = Vapid(make_key_pair()[0], CONTACT)
    made = Pusher(vapid, allow_private=True, tls=tls, timeout_s=timeout_s, clock=lambda: NOW)
    try:
        yield made
    finally:
        await made.close()


async def send(pushing: Pusher, browser: Browser, payload: bytes = b'{"title":"Hello"}') -> None:
    await pushing.send(browser.subscription, payload, ttl_s=60, urgency="high", topic="a-topic")


async def test_the_browser_reads_what_was_said_and_the_service_who_says_it() -> None:
    private, public = make_key_pair()
    async with push_service() as service:
        pushing = Pusher(Vapid(private, CONTACT), allow_private=True, timeout_s=30.0)
        browser = service.browser("ben")
        await send(pushing, browser, b'{"title":"Gr\xc3\xbc\xc3\x9fe"}')
        await pushing.close()
        [arrived] = service.arrived
        assert browser.read(arrived.body) == {"title": "Grüße"}
        claims = arrived.claims(service.url)
    assert (claims["sub"], claims["k"]) == (CONTACT, public)
    headers = arrived.headers
    assert (headers["ttl"], headers["urgency"], headers["topic"]) == ("60", "high", "a-topic")
    assert headers["content-encoding"] == "aes128gcm"
    assert b"Hello" not in arrived.body


async def test_the_largest_message_that_is_allowed_arrives() -> None:
    async with push_service() as service, pusher() as pushing:
        browser = service.browser("ben")
        await send(pushing, browser, b'"' + b"x" * (MAX_PLAINTEXT - 2) + b'"')
        assert len(browser.read(service.arrived[0].body)) == MAX_PLAINTEXT - 2
        assert len(service.arrived[0].body) == 4_096
        with pytest.raises(ValueError, match="at most"):
            await send(pushing, browser, b"x" * (MAX_PLAINTEXT + 1))


@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        (404, Gone),
        (410, Gone),
        (400, Refused),
        (413, Refused),
        (301, Refused),
        (429, Later),
        (500, Later),
        (503, Later),
    ],
)
async def test_what_a_push_service_may_answer(status: int, outcome: type[Exception]) -> None:
    async with push_service() as service, pusher() as pushing:
        service.answer("ben", status, location=f"{service.url}/elsewhere")
        with pytest.raises(outcome) as caught:
            await send(pushing, service.browser("ben"))
        assert type(caught.value) is outcome
        assert service.url not in str(caught.value)
        assert [arrived.path for arrived in service.arrived] == ["/push/ben"], "no redirect is followed"


@pytest.mark.parametrize(
    ("header", "asked"), [("120", 120.0), ("Wed, 21 Oct 2026 07:28:00 GMT", None), ("\xb2", None)]
)
async def test_when_to_come_again(header: str, asked: float | None) -> None:
    async with push_service() as service, pusher() as pushing:
        service.answer("ben", 429, **{"Retry-After": header})
        with pytest.raises(Later) as caught:
            await send(pushing, service.browser("ben"))
    assert caught.value.retry_after_s == asked


async def test_an_endless_answer_is_not_read_to_its_end() -> None:
    async with push_service() as service, pusher() as pushing:
        service.body = b"x" * 1_000_000
        await send(pushing, service.browser("ben"))
        service.body = b""
        await send(pushing, service.browser("ben"))
        assert len(service.arrived) == 2


async def test_nobody_there_and_nobody_who_answers(closed_port: int) -> None:
    held: list[asyncio.StreamWriter] = []
    silent = await asyncio.start_server(lambda _, writer: held.append(writer), "127.0.0.1", 0)
    async with silent, pusher(timeout_s=0.1) as pushing:
        with pytest.raises(Later):
            await send(pushing, Browser(f"http://127.0.0.1:{closed_port}/push"))
        port = silent.sockets[0].getsockname()[1]
        with pytest.raises(Later, match=r"in time|ConnectTimeout"):
            await send(pushing, Browser(f"http://127.0.0.1:{port}/push"))
        for writer in held:
            writer.close()


async def test_over_tls_the_certificate_counts(tmp_path: Path) -> None:
    _, trusting = tls_contexts(tmp_path)
    files = {
        "ssl_certfile": str(tmp_path / "certificate.pem"),
        "ssl_keyfile": str(tmp_path / "key.pem"),
    }
    async with push_service(**files) as service:
        async with pusher(tls=trusting) as pushing:
            await send(pushing, service.browser("ben"))
        assert len(service.arrived) == 1
        async with pusher() as pushing:
            with pytest.raises(Later):
                await send(pushing, service.browser("ben"))
        assert len(service.arrived) == 1


# Requests into our own network


async def test_an_endpoint_in_our_own_network_is_not_called() -> None:
    async with push_service() as service:
        vapid = Vapid(make_key_pair()[0], CONTACT)
        strict = Pusher(vapid)
        for endpoint in (
            service.browser("ben").endpoint,
            service.browser("ben").endpoint.replace("http:", "https:"),
            "https://127.0.0.1/push",
            "https://localhost/push",
        ):
            with pytest.raises(Gone):
                await send(strict, Browser(endpoint))
        await strict.close()
        assert service.arrived == []


async def test_a_name_that_resolves_to_our_own_network_is_not_connected_to(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The check is on the address that is connected to: a name may be public when it is given, and private later."""
    vapid = Vapid(make_key_pair()[0], CONTACT)
    async with push_service() as service:
        port = int(service.url.rpartition(":")[2])
        loop = asyncio.get_running_loop()
        asked: list[str] = []

        async def resolve(host: str, *_: object, **__: object) -> list[tuple[object, ...]]:
            asked.append(host)
            return [(2, 1, 6, "", ("127.0.0.1", port)), (10, 1, 6, "", ("fd00::1", port, 0, 0))]

        monkeypatch.setattr(loop, "getaddrinfo", resolve)
        strict = Pusher(vapid)
        with pytest.raises(Gone, match="no public address"):
            await send(strict, Browser("https://push.example.org/abc"))
        await strict.close()
        assert asked == ["push.example.org"]
        assert service.arrived == []


async def test_a_name_that_does_not_resolve_is_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    async def resolve(*_: object, **__: object) -> list[tuple[object, ...]]:
        raise OSError(-3, "try again")

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", resolve)
    with pytest.raises(httpcore.ConnectError):
        await PublicBackend().connect_tcp("push.example.org", 443)
    strict = Pusher(Vapid(make_key_pair()[0], CONTACT))
    with pytest.raises(Later):
        await send(strict, Browser("https://push.example.org/abc"))
    await strict.close()


async def test_messages_to_one_service_share_connections_and_a_signature() -> None:
    async with push_service() as service, pusher() as pushing:
        await asyncio.gather(*(send(pushing, service.browser(f"b{number}")) for number in range(40)))
        assert len(service.arrived) == 40
        assert len({arrived.headers["authorization"] for arrived in service.arrived}) == 1
        bodies = {bytes(arrived.body[:16]) for arrived in service.arrived}
        assert len(bodies) == 40, "a salt is used once"
