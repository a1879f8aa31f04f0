"""What a route is given: its caller, and a way to do its work. The HTTP composition stands behind both."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Annotated, Any, Protocol, TypeVar

from fastapi import Depends, Request
from fastapi.responses import Response
from pydantic import BaseModel

from coursewire.errors import AuthInvalid, AuthMissing, Forbidden
from coursewire.identity.caller import Caller
from coursewire.identity.contract import Fact
from coursewire.identity.store import Transaction
from coursewire.identity.tokens import Issuer

T = TypeVar("T")


class TellingTransaction(Transaction, Protocol):
    """A transaction whose facts others react to before it commits."""

    subject: str | None
    """What it was about: a remembered reply is taken back with that (LOG5)."""

    def tell(self, fact: Fact, /) -> None:
        """Pass a fact on."""


class Runner(Protocol):
    """Runs functions on a transaction, on behalf of a caller. `realtime` has the one that serves."""

    async def read(self, namespace: str, caller: Caller, fn: Callable[[Any], T]) -> T:
        """Run `fn` on a snapshot."""

    async def write(self, namespace: str, caller: Caller, fn: Callable[[Any], T]) -> T:
        """Run `fn` in a transaction and return its value once that is committed."""


class Work(Protocol):
    """What one request may do with the storage."""

    caller: Caller

    async def read(self, namespace: str, fn: Callable[[Any], T]) -> T:
        """Run `fn` on a snapshot and return its value."""

    async def write(
        self, namespace: str, fn: Callable[[Any], BaseModel | None], *, status: int = 200
    ) -> Response:
        """Run `fn` in a transaction and reply with its model, or with nothing at all (204) for None.

        With an `Idempotency-Key` it runs once for this caller, namespace and key (LOG3); a repeat gets the first
        reply again.
        Raises Conflict when the key was used for another request.
        """


class Entrance(Protocol):
    """What stands behind every route; `app.state.entrance` holds it."""

    issuer: Issuer | None
    """None where tokens come from elsewhere (a JWKS URL): then we can make none."""

    def authenticate(self, token: str) -> Awaitable[Caller]:
        """Check a token. Raises AuthMissing, AuthInvalid, AuthExpired, Unavailable."""

    def work(self, request: Request, caller: Caller, body: bytes) -> Work:
        """Return what this request may do."""


def entrance(request: Request) -> Entrance:
    """Return what stands behind the routes of this application."""
    found: Entrance = request.app.state.entrance
    return found


def bearer_token(authorization: str | None) -> str:
    """Return the token of an `Authorization` header (RFC 6750). Raises AuthMissing, AuthInvalid."""
    if not authorization:
        raise AuthMissing("a token is needed: send 'Authorization: Bearer <token>'")
    scheme, _, token = authorization.strip().partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise AuthInvalid("the Authorization header must be 'Bearer <token>'")
    return token.strip()


async def authenticated(request: Request) -> Caller:
    """Return who calls. Raises AuthMissing, AuthInvalid, AuthExpired, Unavailable."""
    return await entrance(request).authenticate(bearer_token(request.headers.get("authorization")))


async def require_service(caller: Annotated[Caller, Depends(authenticated)]) -> Caller:
    """Let only the LMS itself pass. Raises Forbidden. What is not `async` goes through a thread with each request."""
    if not caller.is_service:
        raise Forbidden("this route is for server-to-server tokens (role 'service')")
    return caller


CallerOf = Annotated[Caller, Depends(authenticated)]
"""A route's caller: anybody with a valid token."""


def good_for(namespace: str) -> Any:
    """Return a dependency of routes that lets tokens pass which are good for a namespace. It raises Forbidden."""

    async def check(caller: CallerOf) -> None:
        if not caller.may_enter(namespace):
            raise Forbidden(f"this token is not good for {namespace}")

    return Depends(check)


async def _good_for_all(caller: CallerOf) -> None:
    if caller.namespaces is not None:
        raise Forbidden(f"this token is good for {', '.join(sorted(caller.namespaces)) or 'nothing'} only")


GOOD_FOR_ALL: Any = Depends(_good_for_all)
"""A dependency of routes that belong to no namespace: it lets tokens pass which are not for some only."""
ServiceCaller = Annotated[Caller, Depends(require_service)]
"""A route's caller: the LMS itself."""


async def _work(request: Request, caller: CallerOf) -> Work:
    return entrance(request).work(request, caller, await request.body())


async def _service_work(request: Request, caller: ServiceCaller) -> Work:
    return entrance(request).work(request, caller, await request.body())


WorkOf = Annotated[Work, Depends(_work)]
"""A route's work, for anybody with a valid token."""
ServiceWork = Annotated[Work, Depends(_service_work)]
"""A route's work, for the LMS itself."""
