"""The HTTP side on a real port and a real database, with the plainest runner there is."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, TypeVar

import httpx
import uvicorn
from fastapi import APIRouter
from tests.integration.chat_campus import KEPT_S

from coursewire.errors import CODES
from coursewire.http import create_app
from coursewire.identity.caller import Caller
from coursewire.identity.http import router
from coursewire.identity.tokens import Issuer, Verifier
from coursewire.storage import Storage, Transaction

T = TypeVar("T")
SECRET = "a-secret-for-tests-that-is-long-enough"


class PlainTransaction:
    """A storage transaction that remembers the facts it was told."""

    def __init__(self, raw: Transaction) -> None:
        self.now, self.all, self.one, self.run = raw.now, raw.all, raw.one, raw.run
        self.many = raw.many
        self._raw = raw
        self.subject: str | None = None

    def tell(self, fact: object, /) -> None:
        self._raw.effects.append(fact)


class PlainRunner:
    """Runs works on a storage, for any namespace and caller."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage

    async def read(self, _: str, __: Caller, fn: Callable[[Any], T]) -> T:
        return await self._storage.read(lambda raw: fn(PlainTransaction(raw)))

    async def write(self, _: str, __: Caller, fn: Callable[[Any], T]) -> T:
        return await self._storage.write(lambda raw: fn(PlainTransaction(raw)))


class Campus:
    """A running server, clients for it, and what it told."""

    def __init__(self, url: str, storage: Storage) -> None:
        self.url = url
        self.storage = storage
        self.facts: list[object] = []
        self.issuer = Issuer(SECRET)
        self.lms = self.client(roles=["service"], user_id="lms")

    def client(self, user_id: str = "ada", **claims: Any) -> httpx.AsyncClient:
        token, _ = self.issuer.issue(user_id, user_id.title(), **claims)
        return httpx.AsyncClient(base_url=self.url, headers={"Authorization": f"Bearer {token}"}, timeout=30)


async def storage_at(path: Path) -> Storage:
    storage = await Storage.open(f"sqlite:///{path}")
    await storage.migrate()
    return storage


@asynccontextmanager
async def serve(app: Any, **options: Any) -> AsyncIterator[str]:
    """Serve an ASGI application on a free port; yield its address. The options are uvicorn's."""
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    config = uvicorn.Config(
        app,
        log_config=None,
        lifespan="off",
        timeout_graceful_shutdown=1,
        timeout_keep_alive=KEPT_S,
        **options,
    )
    server = uvicorn.Server(config)
    task = asyncio.create_task(server.serve([listener]))
    try:
        yield f"{'https' if config.is_ssl else 'http'}://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        await task
        listener.close()


@asynccontextmanager
async def campus(
    path: Path, *, routers: Iterable[APIRouter] = (), with_issuer: bool = True, **options: Any
) -> AsyncIterator[Campus]:
    """Run a server for one test."""
    storage = await storage_at(path / "campus.db")
    app = create_app(
        verifier=Verifier(secret=SECRET),
        issuer=Issuer(SECRET) if with_issuer else None,
        runner=PlainRunner(storage),
        routers=[router, *routers],
        **options,
    )
    async with serve(app) as url:
        running = Campus(url, storage)
        storage.committed = running.facts.extend
        async with running.lms:
            yield running
    await storage.close()


def problem(response: httpx.Response, status: int, code: str) -> dict[str, Any]:
    """Check that a reply is a problem document of this status and code, and return it."""
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    document: dict[str, Any] = response.json()
    assert document["status"] == status
    assert document["code"] == code
    assert code in CODES
    assert document["title"]
    assert document["detail"]
    assert isinstance(document["retryable"], bool)
    return document


def line(user_id: str, *roles: str) -> dict[str, Any]:
    return {"user_id": user_id, "name": user_id.title(), "roles": list(roles)}
