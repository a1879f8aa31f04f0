"""A push service on a free port, and browsers that read what it is given (RFC 8030, 8291, 8292)."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import http_ece
import jwt
import orjson
from cryptography.hazmat.primitives.asymmetric import ec
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send
from tests.integration.http_campus import serve

from coursewire.namespaces.notifications.delivery.encryption import (
    ReceiverKeys,
    from_base64url,
    to_base64url,
)
from coursewire.namespaces.notifications.delivery.vapid import public_key_of
from coursewire.namespaces.notifications.delivery.webpush import Subscription


@dataclass
class Browser:
    """One browser with a subscription, and the keys that only it knows."""

    endpoint: str
    key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))
    auth: bytes = field(default_factory=lambda: os.urandom(16))

    @property
    def keys(self) -> dict[str, str]:
        """The `keys` of `PushSubscription.toJSON()`."""
        return {"p256dh": public_key_of(self.key), "auth": to_base64url(self.auth)}

    @property
    def subscription(self) -> Subscription:
        return Subscription(self.endpoint, ReceiverKeys.parse(**self.keys))

    def read(self, body: bytes) -> Any:
        """Decrypt a message with a library that is not ours."""
        plain = http_ece.decrypt(body, private_key=self.key, auth_secret=self.auth, version="aes128gcm")
        return orjson.loads(plain)


@dataclass
class Arrived:
    """One request of an application server."""

    path: str
    headers: dict[str, str]
    body: bytes

    def claims(self, audience: str) -> dict[str, Any]:
        """Check the VAPID signature with the key that came along, and return what was signed."""
        scheme, _, rest = self.headers["authorization"].partition(" ")
        assert scheme == "vapid"
        parts = dict(part.strip().split("=", 1) for part in rest.split(","))
        point = from_base64url(parts["k"])
        assert point is not None
        key = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), point)
        claims: dict[str, Any] = jwt.decode(parts["t"], key, algorithms=["ES256"], audience=audience)
        return claims | {"k": parts["k"]}


class PushService:
    """Takes messages, and answers as a test wants it."""

    def __init__(self) -> None:
        self.url = ""
        self.arrived: list[Arrived] = []
        self.replies: dict[str, list[tuple[int, dict[str, str]]]] = {}
        """Path -> what is answered next, one after the other; then 201."""
        self.news = asyncio.Event()
        self.body = b""

    def browser(self, name: str) -> Browser:
        return Browser(f"{self.url}/push/{name}")

    def answer(self, name: str, status: int, **headers: str) -> None:
        self.replies.setdefault(f"/push/{name}", []).append((status, headers))

    async def count(self, wanted: int, within_s: float = 20.0) -> None:
        """Wait until so many messages have arrived."""
        async with asyncio.timeout(within_s):
            while len(self.arrived) < wanted:
                self.news.clear()
                await self.news.wait()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        body = await request.body()
        self.arrived.append(Arrived(request.url.path, dict(request.headers), body))
        self.news.set()
        waiting = self.replies.get(request.url.path)
        status, headers = waiting.pop(0) if waiting else (201, {})
        await Response(self.body, status, headers)(scope, receive, send)


@asynccontextmanager
async def push_service(**tls: str) -> AsyncIterator[PushService]:
    """Serve until the end of the block."""
    service = PushService()
    async with serve(service, **tls) as url:
        service.url = url
        yield service
