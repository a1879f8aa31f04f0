"""The ASGI application of the path: opens polling sessions, leads requests to theirs, refuses the rest."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Collection, Mapping
from typing import Final

from coursewire.edge import asgi, handshake
from coursewire.edge.asgi import Headers, Receive, Scope, Send
from coursewire.edge.handshake import Refusal
from coursewire.edge.polling import PollingTransport
from coursewire.edge.registry import Registry
from coursewire.edge.session import Session

_TEXT: Final = (b"content-type", b"text/plain; charset=UTF-8")
_JSON: Final = (b"content-type", b"application/json")
_FRESH: Final = (b"cache-control", b"no-store")


class PollingEndpoint:
    """Answers every plain HTTP request on the path; never raises."""

    __slots__ = ("_open", "_registry")

    def __init__(self, registry: Registry, open_session: Callable[[str, PollingTransport], Session]) -> None:
        self._registry = registry
        self._open = open_session

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        with contextlib.suppress(OSError):  # the client has gone
            await self._serve(scope, receive, send)

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = {name.lower(): value.decode("latin-1") for name, value in scope["headers"]}
        settings = self._registry.settings
        origin = headers.get(b"origin")
        cors: Headers = []
        if not handshake.same_path(scope["path"], settings.path):
            refusal: Refusal | None = handshake.NOT_FOUND
        elif not handshake.origin_allowed(origin, headers.get(b"host"), settings.allowed_origins):
            refusal = handshake.FORBIDDEN
        else:
            cors = _cors(origin, settings.allowed_origins)
            if _length(headers) > settings.max_payload:
                refusal = handshake.TOO_LARGE
            else:
                refusal = await self._answer(scope, receive, send, cors)
        if refusal is not None:
            self._registry.statistics.handshakes_refused[refusal.message] += 1
            # The connection is closed, because the rest of a body that is too large may still be coming.
            closing = [(b"connection", b"close")] if refusal is handshake.TOO_LARGE else []
            await asgi.start(send, refusal.status, len(refusal.body), [_JSON, *cors, *closing])
            await asgi.body(send, refusal.body)

    async def _answer(self, scope: Scope, receive: Receive, send: Send, cors: Headers) -> Refusal | None:
        """Answer a request from an allowed origin; return why not, or None."""
        if scope["method"] == "OPTIONS":
            await asgi.start(send, 200, 0, [*cors, *_PREFLIGHT])
            await asgi.body(send, b"")
            return None
        sid = handshake.read_query(scope["query_string"].decode("latin-1"), PollingTransport.name)
        if isinstance(sid, Refusal):
            return sid
        if scope["method"] == "GET":
            return await (
                self._poll(sid, receive, send, cors) if sid else self._open_session(scope, send, cors)
            )
        if scope["method"] == "POST" and sid:
            return await self._post(sid, receive, send, cors)
        return handshake.BAD_METHOD

    async def _open_session(self, scope: Scope, send: Send, cors: Headers) -> Refusal | None:
        if self._registry.crowded:
            return handshake.CROWDED
        client = scope.get("client")
        transport = PollingTransport(self._registry)
        self._open(client[0] if client else "", transport)
        await self._respond(transport, transport.take(), send, cors)
        return None

    async def _poll(self, sid: str, receive: Receive, send: Send, cors: Headers) -> Refusal | None:
        transport = self._transport(sid)
        if transport is None:
            farewell = self._registry.take_farewell(sid)
            if farewell is None:
                return handshake.UNKNOWN_SESSION
            await asgi.start(send, 200, len(farewell), [_TEXT, _FRESH, *cors])
            await asgi.body(send, farewell)
            return None
        payload = await transport.poll(receive)
        if payload is None:
            return handshake.BAD_REQUEST
        await self._respond(transport, payload, send, cors)
        return None

    async def _respond(self, transport: PollingTransport, payload: bytes, send: Send, cors: Headers) -> None:
        await transport.respond(payload, send, [_TEXT, _FRESH, *cors])

    async def _post(self, sid: str, receive: Receive, send: Send, cors: Headers) -> Refusal | None:
        transport = self._transport(sid)
        refusal = handshake.UNKNOWN_SESSION if transport is None else await transport.post(receive)
        if refusal is None:
            await asgi.start(send, 200, 2, [_TEXT, *cors])
            await asgi.body(send, b"ok")
        return refusal

    def _transport(self, sid: str) -> PollingTransport | None:
        session = self._registry.sessions.get(sid)
        transport = session.transport if session is not None else None
        return transport if isinstance(transport, PollingTransport) else None


_PREFLIGHT: Final = (
    (b"access-control-allow-methods", b"GET, POST"),
    (b"access-control-allow-headers", b"content-type"),
    (b"access-control-max-age", b"600"),
)


def _length(headers: Mapping[bytes, str]) -> int:
    """Return the announced size of a body in bytes; 0 when there is none, or it will show."""
    digits = headers.get(b"content-length", "")
    # No number of 20 digits can be allowed, and a very long one would take its time to read.
    return int(digits[:20]) if digits.isascii() and digits.isdecimal() else 0


def _cors(origin: str | None, allowed: str | Collection[str]) -> Headers:
    """Let pages from an allowed origin read the answer (Fetch standard, "CORS protocol")."""
    if origin is None:
        return []
    if allowed == "*":
        return [(b"access-control-allow-origin", b"*")]
    # Credentials carry nothing of ours, but a balancer may keep its clients on one node with a cookie.
    return [
        (b"access-control-allow-origin", origin.encode("latin-1")),
        (b"access-control-allow-credentials", b"true"),
        (b"vary", b"origin"),
    ]
