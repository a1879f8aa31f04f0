"""The few ASGI messages that long-polling needs."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

Message = MutableMapping[str, Any]
Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Headers = list[tuple[bytes, bytes]]


async def start(send: Send, status: int, length: int, headers: Headers) -> None:
    """Begin a response."""
    await send(
        {
            "type": "http.response.start",
            "status": status,
            "headers": [(b"content-length", b"%d" % length), *headers],
        }
    )


async def body(send: Send, part: bytes, *, more: bool = False) -> None:
    """Send a part of the body of a response."""
    await send({"type": "http.response.body", "body": part, "more_body": more})


async def read_body(receive: Receive, limit: int) -> bytes | None:
    """Return the body of a request, b"" when half of it is missing, None above `limit` bytes."""
    parts: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return b""
        part = message.get("body", b"")
        parts.append(part)
        size += len(part)
        if size > limit:
            return None
        if not message.get("more_body", False):
            return b"".join(parts)


async def hang_up(receive: Receive) -> None:
    """Return when the client has gone."""
    while (await receive())["type"] != "http.disconnect":
        pass
