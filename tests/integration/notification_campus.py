"""People who come to /notifications of a whole server, over real sockets, and an LMS that notifies them over HTTP."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AsyncExitStack
from typing import Any

import httpx
from tests.fault.plain_client import Json, PlainClient
from tests.integration.chat_campus import Campus

from coursewire.vocabulary import new_id

PATH = "/notifications"


async def come(
    stack: AsyncExitStack, site: Campus, user_id: str, *, resume: Json | None = None, **claims: Any
) -> PlainClient:
    """Connect somebody to /notifications; `session.ready` is the first event that is not replayed."""
    port = int(site.url.rpartition(":")[2])
    token = site.token(user_id, **claims)
    client = await PlainClient.open(port, token, resume=resume, namespace=PATH)
    stack.push_async_callback(client.vanish)
    await client.ready()
    return client


async def hear(
    client: PlainClient, event: str, matches: Callable[[Json], bool] = lambda _: True
) -> tuple[Json, Json]:
    """Wait for the first event of a name whose data match; return data and meta."""

    def found() -> list[tuple[Json, Json]]:
        return [(data, meta) for name, data, meta in client.events if name == event and matches(data)]

    await client.until(found)
    return found()[0]


async def refused(client: PlainClient, command: str, **payload: Any) -> Json:
    """Send a command that must be refused, and return the error."""
    ack = await client.say(command, **payload)
    await client.until(lambda: ack in client.answers)
    answer = client.answers[ack]
    assert not answer["ok"], answer
    error: Json = answer["error"]
    return error


async def post(site: Campus, audience: Json, **fields: Any) -> httpx.Response:
    """Notify an audience, once."""
    body = {"audience": audience, "category": "assignment", "title": "Due on Friday", **fields}
    return await site.lms.post("/v1/notifications", json=body, headers={"Idempotency-Key": new_id()})


async def finished(site: Campus, delivery_id: str) -> Json:
    """Ask until a delivery is finished, and return its progress."""
    while True:
        reply = await site.lms.get(f"/v1/notifications/deliveries/{delivery_id}")
        assert reply.status_code == 200, reply.text
        progress: Json = reply.json()
        if progress["state"] == "finished":
            return progress
