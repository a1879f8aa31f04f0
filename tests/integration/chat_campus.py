"""A whole server in this process, and people who come to its /chat with an independent client."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import socket as sockets
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import engineio
import httpx
import socketio
import uvicorn
from sqlalchemy import func, select

from coursewire.app import Node
from coursewire.identity.tokens import Issuer
from coursewire.serving import running
from coursewire.settings import Settings
from coursewire.storage.schema import metadata
from coursewire.storage.statement import Prepared
from coursewire.vocabulary import Role, new_id

Json = dict[str, Any]
SECRET = "a-secret-for-tests-that-is-long-enough"
COURSE = "cs101"
CHAT = "/chat"
PATIENCE_S = 30.0
"""How long a test waits for what must come, before it fails."""
KEPT_S = 3_600
"""How long a server keeps a connection without a request. After uvicorn's own 5 s, which a busy machine may take
between two of them, it closes one on which the next is under way."""


@functools.cache
def _counts() -> dict[str, Prepared]:
    """Return what counts each table: asked once a server has found the namespaces, and they have declared theirs."""
    return {
        name: Prepared(select(func.count().label("n")).select_from(table))
        for name, table in metadata.tables.items()
    }


class Refused(Exception):  # noqa: N818 - a word of the contract
    """The server's answer was an error."""

    def __init__(self, error: Json) -> None:
        super().__init__(error)
        self.code: str = error["code"]
        self.field: str | None = error.get("field")
        self.error = error


class _Engine(engineio.AsyncClient):  # type: ignore[misc]  # the library has no types
    """Reads every reply to its end: the library drops those to its own POSTs half-read."""

    async def _send_request(self, *arguments: Any, **options: Any) -> Any:
        reply = await super()._send_request(*arguments, **options)
        if not isinstance(reply, str):
            await reply.read()
        return reply


class _Client(socketio.AsyncClient):  # type: ignore[misc]  # the library has no types
    def _engineio_client_class(self) -> type[_Engine]:
        return _Engine


class Person:
    """Somebody's connection to /chat, and everything that arrived on it."""

    def __init__(self, user_id: str) -> None:
        self.user_id = user_id
        self.client = _Client(reconnection=False, handle_sigint=False, request_timeout=PATIENCE_S)
        self.events: list[tuple[str, Any, Json]] = []
        self.gone = asyncio.Event()
        self.refusal: Any = None
        self._arrived = asyncio.Condition()
        self.client.on("*", self._take, namespace=CHAT)
        self.client.on("disconnect", self._leave, namespace=CHAT)
        self.client.on("connect_error", self._refuse, namespace=CHAT)

    async def _take(self, event: str, data: Any, meta: Json) -> None:
        async with self._arrived:
            self.events.append((event, data, meta))
            self._arrived.notify_all()

    async def _leave(self, *_: Any) -> None:
        self.gone.set()

    async def _refuse(self, error: Any) -> None:
        self.refusal = error

    async def ask(self, command: str, *payload: Any) -> Json:
        """Send a command and return its whole answer."""
        async with asyncio.timeout(PATIENCE_S):
            answer: Json = await self.client.call(
                command, payload if len(payload) != 1 else payload[0], namespace=CHAT, timeout=PATIENCE_S
            )
        return answer

    async def do(self, command: str, **payload: Any) -> Any:
        """Send a command and return its data; raises Refused."""
        answer = await self.ask(command, payload)
        if not answer["ok"]:
            raise Refused(answer["error"])
        return answer["data"]

    async def refused(self, command: str, **payload: Any) -> Json:
        """Send a command that must be refused, and return the error."""
        answer = await self.ask(command, payload)
        assert not answer["ok"], answer
        error: Json = answer["error"]
        return error

    async def hear(self, event: str, matches: Callable[[Any], bool] = lambda _: True) -> tuple[Any, Json]:
        """Wait for the first event of a name whose data match; return data and meta. Heard once, it is gone."""
        async with asyncio.timeout(PATIENCE_S), self._arrived:
            while True:
                for index, (name, data, meta) in enumerate(self.events):
                    if name == event and matches(data):
                        del self.events[index]
                        return data, meta
                await self._arrived.wait()

    async def settle(self) -> None:
        """Wait until everything that the server had said before has arrived: answers keep the order of events."""
        await self.do("ping", sent_at=0)

    def heard(self, *names: str) -> list[tuple[str, Any]]:
        """What has arrived of these events, and was not waited for."""
        return [(name, data) for name, data, _ in self.events if name in names]

    # Short ways

    async def open(self, kind: str, **fields: Any) -> Json:
        if kind not in {"group", "direct"}:
            fields.setdefault("course_id", COURSE)
        room: Json = (await self.do("room.open", key=new_id(), kind=kind, **fields))["room"]
        return room

    async def send(self, room_id: str, text: str = "hello", **fields: Any) -> Json:
        message: Json = (await self.do("message.send", key=new_id(), room_id=room_id, text=text, **fields))[
            "message"
        ]
        return message

    async def listen(self, room_id: str, **fields: Any) -> Json:
        answer: Json = await self.do("subscribe", channel=f"room:{room_id}", **fields)
        return answer

    async def rooms(self, **fields: Any) -> dict[str, Json]:
        return {room["id"]: room for room in (await self.do("room.list", **fields))["items"]}

    async def leave(self) -> None:
        """Close the connection."""
        await self.client.disconnect()


class Campus:
    """A running server."""

    def __init__(self, node: Node, url: str, stack: AsyncExitStack) -> None:
        self.node = node
        self.url = url
        self.issuer = Issuer(SECRET)
        self._stack = stack
        self.lms = self.http("lms", roles=["service"])

    def token(self, user_id: str, **claims: Any) -> str:
        token, _ = self.issuer.issue(user_id, claims.pop("name", user_id.title()), **claims)
        return token

    def http(self, user_id: str, **claims: Any) -> httpx.AsyncClient:
        headers = {"Authorization": f"Bearer {self.token(user_id, **claims)}"}
        return httpx.AsyncClient(base_url=self.url, headers=headers, timeout=PATIENCE_S)

    async def enrol(self, people: dict[str, Role], course_id: str = COURSE) -> None:
        await self.lms.put(f"/v1/courses/{course_id}", json={"title": course_id.upper()})
        members = [
            {"user_id": user_id, "name": user_id.title(), "roles": [role]} for user_id, role in people.items()
        ]
        reply = await self.lms.put(f"/v1/courses/{course_id}/members", json={"members": members})
        assert reply.status_code == 200, reply.text

    async def come(
        self,
        user_id: str,
        transport: str = "websocket",
        *,
        resume: Json | None = None,
        ready: bool = True,
        **claims: Any,
    ) -> Person:
        """Connect somebody to /chat, and wait for `session.ready` unless told otherwise."""
        auth = {"token": self.token(user_id, **claims), **({"resume": resume} if resume else {})}
        person = await self.knock(user_id, auth, transport)
        if ready:
            await person.hear("session.ready")
        return person

    async def knock(self, user_id: str, auth: Any, transport: str = "websocket") -> Person:
        """Connect with whatever auth; the person's `refusal` says whether it was refused."""
        person = Person(user_id)
        self._stack.push_async_callback(person.leave)
        with contextlib.suppress(socketio.exceptions.ConnectionError):
            await person.client.connect(
                self.url, auth=auth, namespaces=[CHAT], transports=[transport], wait_timeout=PATIENCE_S
            )
        return person

    async def counts(self) -> dict[str, int]:
        """How many rows each table has."""

        def count(tx: Any) -> dict[str, int]:
            return {name: tx.one(statement).n for name, statement in _counts().items()}

        return await self.node.storage.read(count)


@asynccontextmanager
async def campus(**settings: Any) -> AsyncIterator[Campus]:
    """Serve a campus with one course: ada teaches, ben and cleo learn; eve is a stranger who teaches elsewhere."""
    given = {
        "jwt_secret": SECRET,
        "database_url": "sqlite://",
        "rate_limits": False,
        "port": 0,
        "ping_timeout_ms": 60_000,  # on a busy machine nobody is given up who is there
        **settings,
    }
    async with AsyncExitStack() as stack:
        node, server = await stack.enter_async_context(running(Settings(**given)))
        server.config.timeout_keep_alive = KEPT_S
        # Only a socket that says it is TCP gets TCP_NODELAY from asyncio; without, every reply waits 40 ms.
        listener = stack.enter_context(
            sockets.socket(sockets.AF_INET, sockets.SOCK_STREAM, sockets.IPPROTO_TCP)
        )
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        serving = asyncio.create_task(server.serve([listener]))
        stack.push_async_callback(_stop, server, serving)
        people = await stack.enter_async_context(AsyncExitStack())
        site = Campus(node, f"http://127.0.0.1:{listener.getsockname()[1]}", people)
        await people.enter_async_context(site.lms)
        await site.enrol({"ada": "instructor", "ben": "learner", "cleo": "learner"})
        await site.enrol({"eve": "instructor"}, "math")
        yield site


async def _stop(server: uvicorn.Server, serving: asyncio.Task[None]) -> None:
    server.should_exit = True
    await serving
