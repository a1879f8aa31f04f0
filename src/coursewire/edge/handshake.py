"""What a request must bring to open or join a session: path, query, origin. The same for both transports."""

from __future__ import annotations

import binascii
import os
from collections.abc import Collection
from dataclasses import dataclass
from functools import lru_cache
from typing import Final
from urllib.parse import parse_qs, urlsplit

import orjson

_PROTOCOL: Final = "4"
_MAX_FIELDS: Final = 16
_URL_SAFE: Final = bytes.maketrans(b"+/", b"-_")


@dataclass(frozen=True, slots=True)
class Refusal:
    """An answer to a request that opens or joins nothing. `code` is the one of the reference server."""

    status: int
    code: int
    message: str

    @property
    def body(self) -> bytes:
        """The answer as JSON."""
        return orjson.dumps({"code": self.code, "message": self.message})


UNKNOWN_TRANSPORT: Final = Refusal(400, 0, "Transport unknown")
UNKNOWN_SESSION: Final = Refusal(400, 1, "Session ID unknown")
BAD_METHOD: Final = Refusal(400, 2, "Bad handshake method")
BAD_REQUEST: Final = Refusal(400, 3, "Bad request")
FORBIDDEN: Final = Refusal(403, 4, "Forbidden")
BAD_PROTOCOL: Final = Refusal(400, 5, "Unsupported protocol version")
NOT_FOUND: Final = Refusal(404, 3, "Not found")
TOO_LARGE: Final = Refusal(413, 3, "Payload too large")
CROWDED: Final = Refusal(503, 3, "Too many sessions")


# Who opens a WebSocket asks for the same as everybody else, so it is read once.
@lru_cache(maxsize=16)
def read_query(query: str, transport: str) -> str | Refusal:
    """Return the session id that the query names, or "" for a new session (Engine.IO, "Query parameters")."""
    try:
        fields = parse_qs(query, max_num_fields=_MAX_FIELDS)
    except ValueError:
        return BAD_REQUEST
    if fields.get("transport") != [transport]:
        return UNKNOWN_TRANSPORT if "transport" not in fields else BAD_REQUEST
    if fields.get("EIO") != [_PROTOCOL]:
        return BAD_PROTOCOL
    return fields.get("sid", [""])[0]


def origin_allowed(origin: str | None, host: str | None, allowed: str | Collection[str]) -> bool:
    """Tell whether a page from `origin` may talk to us (RFC 6454). Only browsers send an origin."""
    if origin is None or allowed == "*" or (not isinstance(allowed, str) and origin in allowed):
        return True
    try:
        return bool(host) and urlsplit(origin).netloc == host
    except ValueError:
        return False


def same_path(path: str, expected: str) -> bool:
    """Compare two paths; a trailing slash makes no difference."""
    return path.rstrip("/") == expected.rstrip("/")


def new_sid() -> str:
    """Return an id that nobody can guess: 20 characters, 120 bits."""
    # What `secrets.token_urlsafe` does, without the six functions between.
    return binascii.b2a_base64(os.urandom(15), newline=False).translate(_URL_SAFE).decode()
