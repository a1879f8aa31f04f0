"""The layer around all routes: bounded bodies, HEAD wherever there is GET, and no exception that leaves it."""

from __future__ import annotations

import logging
from typing import Final

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from coursewire.errors import TooLarge
from coursewire.http.problems import internal_response, problem_response
from coursewire.vocabulary import new_id

logger = logging.getLogger(__name__)

DRAINED: Final = 32
"""Times the bound: of a body that is too long so much is read and thrown away, for most clients read no answer before
they have sent theirs, and would see a broken connection instead."""

_SAFE_HEADERS: Final = {"X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer"}


class Guard:
    """ASGI middleware. It reads a body before the application runs, so its length is known to be allowed."""

    def __init__(self, app: ASGIApp, *, max_body_bytes: int) -> None:
        """Take the next layer, and how many bytes of a body are held in memory at most."""
        self._app = app
        self._max = max_body_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        if (
            scope["method"] == "HEAD"
        ):  # as good as GET everywhere (RFC 9110, 9.1); uvicorn keeps the body back
            scope = {**scope, "method": "GET"}
        started = False

        async def send_safely(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                headers = MutableHeaders(scope=message)
                for name, value in _SAFE_HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        try:
            body = await self._read(scope, receive)
            if body is None:
                too_large = TooLarge(f"the body is longer than {self._max} bytes")
                # What is still left of the body is not read: the connection is of no further use.
                response = problem_response(too_large, headers={"Connection": "close"})
                await response(scope, receive, send_safely)
                return
            await self._app(scope, _replay(body, receive), send_safely)
        except Exception:
            instance = f"urn:uuid:{new_id()}"
            logger.exception("%s %s failed: %s", scope["method"], scope["path"], instance)
            if started:
                raise  # the server has to cut the reply off
            await internal_response(instance)(scope, receive, send_safely)

    async def _read(self, scope: Scope, receive: Receive) -> list[Message] | None:
        """Read the whole body; None when it is longer than allowed."""
        if scope["method"] in {"GET", "OPTIONS"}:
            return []
        length = dict(scope["headers"]).get(b"content-length", b"0")
        if length.isdigit() and int(length) > self._max * DRAINED:
            return None
        messages: list[Message] = []
        size = 0
        while True:
            message = await receive()
            size += len(message.get("body", b""))
            if size <= self._max:
                messages.append(message)
            if not message.get("more_body", False):  # the last piece, or http.disconnect
                return messages if size <= self._max else None
            if size > self._max * DRAINED:
                return None


def _replay(messages: list[Message], receive: Receive) -> Receive:
    waiting = iter(messages)

    async def replay() -> Message:
        return next(waiting, None) or await receive()

    return replay
