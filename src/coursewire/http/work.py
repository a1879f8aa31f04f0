"""One request's work on the storage: run once for its idempotency key, in one transaction with the reply."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from typing import Any, Final, TypeVar

import orjson
from fastapi import Request
from fastapi.responses import Response
from pydantic import BaseModel

from coursewire import log
from coursewire.errors import Conflict, Invalid
from coursewire.identity.access import Runner
from coursewire.identity.caller import Caller
from coursewire.identity.tokens import Issuer, Verifier
from coursewire.vocabulary import ID_PATTERN

T = TypeVar("T")

_KEY: Final = re.compile(ID_PATTERN)
_MARK: Final = "http "
"""Before the keys of routes, which so never meet those of commands: these have no space."""


class HttpEntrance:
    """What stands behind every route of one application."""

    def __init__(
        self, verifier: Verifier, runner: Runner, issuer: Issuer | None, clock: Callable[[], int]
    ) -> None:
        self.issuer = issuer
        self._verifier = verifier
        self._runner = runner
        self._clock = clock

    async def authenticate(self, token: str) -> Caller:
        """Check a token. Raises AuthMissing, AuthInvalid, AuthExpired, Unavailable."""
        return await self._verifier.authenticate(token, self._clock())

    def work(self, request: Request, caller: Caller, body: bytes) -> HttpWork:
        """Return what this request may do. Raises Invalid for a malformed key."""
        key = _idempotency_key(request.headers.get("idempotency-key"))
        return HttpWork(self._runner, caller, key, _digest(request, body) if key else b"")


class HttpWork:
    """What one request may do with the storage."""

    def __init__(self, runner: Runner, caller: Caller, key: str | None, digest: bytes) -> None:
        self.caller = caller
        self._runner = runner
        self._key = key
        self._digest = digest

    async def read(self, namespace: str, fn: Callable[[Any], T]) -> T:
        """Run `fn` on a snapshot and return its value."""
        return await self._runner.read(namespace, self.caller, fn)

    async def write(
        self, namespace: str, fn: Callable[[Any], BaseModel | None], *, status: int = 200
    ) -> Response:
        """Run `fn` in a transaction, once for the request's key, and reply with its model (204 for None).

        Raises Conflict when the key was used for another request.
        """
        key = self._key
        if key is None:
            return _reply(status, await self._runner.write(namespace, self.caller, lambda tx: _json(fn(tx))))

        def once(tx: Any) -> tuple[int, bytes, bool]:
            remembered = self._recall(tx, namespace, key)
            if remembered is not None:
                first = orjson.loads(remembered)
                return first["status"], orjson.dumps(first["body"]), True
            body = _json(fn(tx))
            result = b'{"status":%d,"body":%b}' % (status, body)
            # Under the route's namespace and with its subject, so that what is taken back there goes here too.
            log.remember(tx, self.caller.user_id, namespace, _MARK + key, self._digest, result, tx.subject)
            return status, body, False

        first_status, body, replayed = await self._runner.write(namespace, self.caller, once)
        response = _reply(first_status, body)
        if replayed:
            response.headers["Idempotency-Replayed"] = "true"
        return response

    def _recall(self, tx: Any, namespace: str, key: str) -> bytes | None:
        try:
            return log.recall(tx, self.caller.user_id, namespace, _MARK + key, self._digest)
        except Conflict:
            raise Conflict("this key was used for another request", field="Idempotency-Key") from None


def _idempotency_key(header: str | None) -> str | None:
    if header is None:
        return None
    # The IETF draft writes it as a quoted string (RFC 8941), most clients without the quotes.
    key = header.strip().removeprefix('"').removesuffix('"')
    if not _KEY.fullmatch(key):
        raise Invalid("must be 1-128 characters of A-Z a-z 0-9 . _ : @ -", field="Idempotency-Key")
    return key


def _digest(request: Request, body: bytes) -> bytes:
    """Tell one request from another: method, path, query and body."""
    url = request.url
    head = f"{request.method} {url.path}?{url.query}\n".encode()
    return hashlib.blake2b(head + body, digest_size=32).digest()


def _json(model: BaseModel | None) -> bytes:
    return b"null" if model is None else model.model_dump_json(exclude_none=True).encode()


def _reply(status: int, body: bytes) -> Response:
    return (
        Response(status_code=204)
        if body == b"null"
        else Response(body, status, media_type="application/json")
    )
