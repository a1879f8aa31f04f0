"""The opening handshake of a WebSocket (RFC 6455, section 4.2).

`websockets` has one too; but it parses the request a second time, in Python, for nine times the CPU
(docs/decisions/0001-own-socketio-core.md).
"""

from __future__ import annotations

import binascii
import re
from hashlib import sha1
from http import HTTPStatus
from typing import Final

_GUID: Final = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
_KEY_BYTES: Final = 16
_PLAIN: Final = re.compile(
    rb"GET /[!-~]* HTTP/1\.1\r\n(?:[!#$%&'*+.^_`|~0-9A-Za-z-]+:[\t -~\x80-\xff]*\r\n)+\r\n"
)
_WANTED: Final = b"\r\nupgrade: websocket\r\n"


def is_plain(data: bytes) -> bool:
    """Tell whether these bytes are one whole GET that asks for a WebSocket as clients do (RFC 9112, sections 3 and 5).

    What is not, goes to uvicorn's parser first, and comes to `Upgrade` only in the form that this has given it.
    """
    return _WANTED in data.lower() and _PLAIN.fullmatch(data) is not None


class Upgrade:
    """A request by its parts, header names in lower case. It `is_plain`, or uvicorn has read and rebuilt it."""

    __slots__ = ("_headers", "_well_formed", "method", "path", "query")

    def __init__(self, data: bytes) -> None:
        head = data.partition(b"\r\n\r\n")[0].decode("latin-1")
        first, *lines = head.split("\r\n")
        self.method, _, rest = first.partition(" ")
        target = rest.rpartition(" ")[0]
        self.path, _, self.query = target.partition("?")
        self._well_formed = target.isascii()
        self._headers: dict[str, list[str]] = {}
        for line in lines:
            name, colon, value = line.partition(":")
            self._headers.setdefault(name.lower(), []).append(value.strip())
            if not colon:
                self._well_formed = False

    def all(self, name: str) -> list[str]:
        """Return every value of a header."""
        return self._headers.get(name, [])

    @property
    def malformed(self) -> bool:
        """Whether this is no request that could ask for an upgrade: it has a body, or is not HTTP at all."""
        return not self._well_formed or bool(self.all("content-length") or self.all("transfer-encoding"))

    def accept(self) -> bytes | None:
        """Return the response that switches protocols, or None when this asks for something else."""
        keys = self.all("sec-websocket-key")
        if (
            self.method != "GET"
            or len(keys) != 1
            or self.all("sec-websocket-version") != ["13"]
            or not self._says("upgrade", "websocket")
            or not self._says("connection", "upgrade")
        ):
            return None
        key = keys[0].encode("latin-1")
        try:
            if len(binascii.a2b_base64(key, strict_mode=True)) != _KEY_BYTES:
                return None
        except binascii.Error:
            return None
        accepted = binascii.b2a_base64(sha1(key + _GUID, usedforsecurity=False).digest(), newline=False)
        return (
            b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Accept: %b\r\n\r\n" % accepted
        )

    def _says(self, name: str, wanted: str) -> bool:
        """Whether a header, a list, has this token in it."""
        values = [value.lower() for value in self.all(name)]
        return wanted in values or any(
            wanted == token.strip() for value in values for token in value.split(",")
        )


def refuse(status: int, body: bytes) -> bytes:
    """Return a response that ends the connection; `body` is JSON."""
    phrase = HTTPStatus(status).phrase
    return (
        f"HTTP/1.1 {status} {phrase}\r\nConnection: close\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    ).encode() + body
