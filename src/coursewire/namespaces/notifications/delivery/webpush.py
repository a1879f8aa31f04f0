"""Sends one push message (RFC 8030) to one subscription: encrypted, signed, and bounded in time and in what is read."""

from __future__ import annotations

import asyncio
import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Literal
from urllib.parse import urlsplit

import httpcore

from coursewire.namespaces.notifications.delivery.addresses import NotPublic, PublicBackend, check_endpoint
from coursewire.namespaces.notifications.delivery.breaker import Breaker
from coursewire.namespaces.notifications.delivery.encryption import ReceiverKeys, encrypt
from coursewire.namespaces.notifications.delivery.outcome import Gone, Later, NoAnswer, Refused
from coursewire.namespaces.notifications.delivery.vapid import Vapid

CONNECTIONS: Final = 320
"""At once, to all push services together: each browser of each person under way (16 of 20). Nobody waits for a
connection that others keep waiting at."""
KEPT: Final = 16
"""Connections that stay open for the next message."""
TIMEOUT_S: Final = 10.0
"""For the whole of one message; large push services answer within a second."""
CONNECT_S: Final = 5.0
"""Of these, to be connected."""
TOLERATED: Final = 3
"""Messages in a row that a push service may leave without an answer. Then only one at a time is tried there."""
MAX_REPLY: Final = 8_192
"""Bytes of a reply that are read, to use the connection again; behind a longer one it is closed."""

Urgency = Literal["very-low", "low", "normal", "high"]

_TAKEN: Final = range(200, 300)
_GONE: Final = frozenset({404, 410})
_LATER: Final = frozenset({408, 425, 429})
_SERVER: Final = 500


@dataclass(frozen=True, slots=True)
class Subscription:
    """Where one browser of somebody is reached."""

    endpoint: str
    keys: ReceiverKeys


class Pusher:
    """Sends push messages from one loop, over connections that are used again."""

    def __init__(
        self,
        vapid: Vapid,
        *,
        allow_private: bool = False,
        tls: ssl.SSLContext | None = None,
        timeout_s: float = TIMEOUT_S,
        tolerated: int = TOLERATED,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """`allow_private` lets endpoints be inside our own network; `tls` says whom to trust."""
        self._vapid = vapid
        self._allow_private = allow_private
        self._timeout_s = timeout_s
        self._clock = clock
        self._hosts = Breaker(tolerated, clock)
        self._pool = httpcore.AsyncConnectionPool(
            ssl_context=tls or ssl.create_default_context(),
            max_connections=CONNECTIONS,
            max_keepalive_connections=KEPT,
            keepalive_expiry=30.0,
            network_backend=httpcore.AnyIOBackend() if allow_private else PublicBackend(),
        )

    async def send(
        self,
        subscription: Subscription,
        payload: bytes,
        *,
        ttl_s: int,
        urgency: Urgency,
        topic: str | None = None,
    ) -> None:
        """Hand a message to the subscription's push service, which keeps it for `ttl_s` while the browser is away.

        `topic` (up to 32 characters of base64url) replaces a message of the same topic that still waits.

        Raises Gone when the subscription has ended, Refused when the service will never take this message, NoAnswer
        when there is none, Held where others had none there and this was not tried, Later for everything else.
        """
        try:
            check_endpoint(subscription.endpoint, allow_private=self._allow_private)
        except ValueError:
            raise Gone("the endpoint is not allowed") from None
        headers: dict[bytes | str, bytes | str] = {
            "Authorization": self._vapid.authorization(subscription.endpoint, self._clock()),
            "Content-Encoding": "aes128gcm",
            "Content-Type": "application/octet-stream",
            "TTL": str(ttl_s),
            "Urgency": urgency,
        }
        if topic is not None:
            headers["Topic"] = topic
        body = encrypt(payload, subscription.keys)
        with self._hosts.attempt(urlsplit(subscription.endpoint).netloc):
            await self._hand_in(subscription.endpoint, headers, body)

    async def _hand_in(self, endpoint: str, headers: dict[bytes | str, bytes | str], body: bytes) -> None:
        try:
            async with asyncio.timeout(self._timeout_s):
                status, retry_after = await self._post(endpoint, headers, body)
        except NotPublic:
            raise Gone("the endpoint is at no public address") from None
        except TimeoutError:
            raise NoAnswer("the push service did not answer in time") from None
        except (httpcore.NetworkError, httpcore.ProtocolError, httpcore.TimeoutException, OSError) as error:
            raise NoAnswer(type(error).__name__) from None
        _judge(status, retry_after)

    async def close(self) -> None:
        """Close the connections."""
        await self._pool.aclose()

    async def _post(
        self, url: str, headers: dict[bytes | str, bytes | str], body: bytes
    ) -> tuple[int, str | None]:
        """Return the status and the Retry-After of the reply. No redirect is followed: RFC 8030 knows none."""
        retry_after: str | None = None
        bounds = {"timeout": {"connect": min(CONNECT_S, self._timeout_s)}}
        async with self._pool.stream(
            "POST", url, headers=headers, content=body, extensions=bounds
        ) as response:
            for name, value in response.headers:
                if name.lower() == b"retry-after":
                    retry_after = value.decode("latin-1")
            size = 0
            async for piece in response.aiter_stream():
                size += len(piece)
                if size > MAX_REPLY:
                    break
        return response.status, retry_after


def _judge(status: int, retry_after: str | None) -> None:
    if status in _TAKEN:
        return
    if status in _GONE:
        raise Gone(f"the subscription has ended ({status})")
    if status in _LATER or status >= _SERVER:
        # The other form of the header, a date, is not worth a parser: our own back-off stands in for it.
        seconds = float(retry_after) if retry_after and retry_after.isdecimal() else None
        raise Later(f"not taken ({status})", seconds)
    raise Refused(f"refused ({status})")
