"""Requests to the server's routes: with a token and a key, repeated while that helps; problems become errors."""

from __future__ import annotations

import asyncio
import random
import re
from collections.abc import Mapping
from typing import Any, Final, TypeAlias, TypeVar

import httpx
import orjson
from pydantic import BaseModel, ValidationError

from coursewire import __version__, errors
from coursewire.client.failures import error_from
from coursewire.client.token import Token, TokenSource, user_of
from coursewire.errors import AuthExpired, CoursewireError
from coursewire.vocabulary import ID_PATTERN

ModelT = TypeVar("ModelT", bound=BaseModel)

Body: TypeAlias = BaseModel | Mapping[str, Any] | list[Any]

_ID: Final = re.compile(ID_PATTERN)

FIRST_DELAY_S: Final = 0.5
LONGEST_DELAY_S: Final = 5.0

# What a proxy in front of the server says when it cannot reach it, and the codes of pages that are no problem document.
_PLAIN: Final[dict[int, type[CoursewireError]]] = {
    401: errors.AuthInvalid,
    403: errors.Forbidden,
    404: errors.NotFound,
    413: errors.TooLarge,
    429: errors.RateLimited,
    502: errors.Unavailable,
    503: errors.Unavailable,
    504: errors.Unavailable,
}


class Requests:
    """One server's routes. Everything here runs on one event loop.

    A request that did not arrive, or got a retryable problem, is sent again with the same `Idempotency-Key` after a
    back-off with jitter or the problem's `retry_after_ms`, as long as the next attempt starts within `patience_s`.
    """

    def __init__(
        self,
        url: str,
        token: Token,
        *,
        patience_s: float,
        timeout_s: float,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        """`timeout_s`: for each attempt to connect and each silence of the server while it answers."""
        self._tokens = TokenSource(token)
        self._token: str | None = None
        self._patience_s = patience_s
        self._http = httpx.AsyncClient(
            base_url=url,
            timeout=timeout_s,
            transport=transport,
            headers={"User-Agent": f"coursewire-python/{__version__}"},
        )

    async def close(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def user_id(self) -> str:
        """Return whose token is used. Raises Invalid for one that cannot be read."""
        if self._token is None:
            self._token = await self._tokens.fresh("connect")
        return user_of(self._token)

    async def run(
        self,
        method: str,
        path: str,
        reply: type[ModelT],
        *,
        body: Body | None = None,
        query: Mapping[str, Any] | None = None,
        key: str | None = None,
        patience_s: float | None = None,
    ) -> ModelT:
        """Send a request and return its reply. Raises the errors of `coursewire.errors`.

        Values of `query` and fields of `body` that are None are left out. `patience_s` is another than the usual one.
        """
        response = await self._send(method, path, body, query, key, patience_s)
        try:
            return reply.model_validate_json(response.content)
        except ValidationError as error:
            raise errors.Internal(f"the reply to {method} {path} cannot be read: {error}") from error

    async def run_silent(self, method: str, path: str, *, key: str | None = None) -> None:
        """Send a request whose reply is empty. Raises the errors of `coursewire.errors`."""
        await self._send(method, path, None, None, key)

    async def _send(
        self,
        method: str,
        path: str,
        body: Body | None,
        query: Mapping[str, Any] | None,
        key: str | None,
        patience_s: float | None = None,
    ) -> httpx.Response:
        request: dict[str, Any] = {
            "content": None if body is None else _encode(body),
            "params": {name: value for name, value in (query or {}).items() if value is not None},
            "headers": {"Content-Type": "application/json"} if body is not None else {},
        }
        if key is not None:
            request["headers"]["Idempotency-Key"] = key
        now = asyncio.get_running_loop().time
        deadline = now() + (self._patience_s if patience_s is None else patience_s)
        failures, refreshed = 0, False
        while True:
            try:
                return await self._once(method, path, request)
            except AuthExpired:
                if refreshed:
                    raise
                refreshed, self._token = True, await self._tokens.fresh("expired")
            except CoursewireError as error:
                wait_s = max(_delay_s(failures), (error.retry_after_ms or 0) / 1000)
                if not error.retryable or now() + wait_s > deadline:
                    raise
                failures += 1
                await asyncio.sleep(wait_s)

    async def _once(self, method: str, path: str, request: dict[str, Any]) -> httpx.Response:
        if self._token is None:
            self._token = await self._tokens.fresh("connect")
        headers = {**request["headers"], "Authorization": f"Bearer {self._token}"}
        try:
            response = await self._http.request(method, path, **{**request, "headers": headers})
        except httpx.TransportError as error:
            reason = str(error) or type(error).__name__
            raise errors.Unavailable(f"{self._http.base_url} cannot be reached: {reason}") from error
        if response.is_success:
            return response
        raise _error(response)


def path_part(field: str, identifier: str) -> str:
    """Return an id as one part of a path. Raises Invalid: another path would be another request."""
    if not _ID.fullmatch(identifier) or identifier in {".", ".."}:
        raise errors.Invalid(f"{field}: must be 1-128 characters of A-Z a-z 0-9 . _ : @ -", field=field)
    return identifier


def _encode(body: Body) -> bytes:
    if isinstance(body, BaseModel):
        return body.model_dump_json(exclude_none=True).encode()
    if not isinstance(body, Mapping):
        return orjson.dumps(body, default=_plain)
    return orjson.dumps({name: value for name, value in body.items() if value is not None}, default=_plain)


def _plain(value: Any) -> Any:
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json", exclude_none=True)
    raise TypeError(f"{type(value).__name__} is no JSON")


def _delay_s(failures: int) -> float:
    # Half of it is chance, so that many clients of a server that was away do not come back in step.
    return min(LONGEST_DELAY_S, FIRST_DELAY_S * 2.0**failures) * (0.5 + random.random() / 2)  # noqa: S311 - no secret


def _error(response: httpx.Response) -> CoursewireError:
    """Return what a reply says went wrong; a page of somebody in between counts by its status alone."""
    if response.headers.get("content-type", "").startswith("application/problem+json"):
        try:
            problem = orjson.loads(response.content)
            details = problem.get("details") or {}
            if problem.get("errors"):
                details = {**details, "errors": problem["errors"]}
            return error_from({**problem, "message": problem["detail"], "details": details or None})
        except (ValueError, KeyError, AttributeError, TypeError):
            pass
    kind = _PLAIN.get(response.status_code) or (
        errors.Internal if response.is_server_error else errors.Invalid
    )
    return kind(f"{response.request.url.path} answered {response.status_code} {response.reason_phrase}")
