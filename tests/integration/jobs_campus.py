"""A worker that reports jobs over HTTP to a whole server, and people who watch them over real sockets."""

from __future__ import annotations

from contextlib import AsyncExitStack
from typing import Any

from tests.fault.plain_client import Json, PlainClient
from tests.integration.chat_campus import COURSE, Campus

PATH = "/analytics"


async def come(
    stack: AsyncExitStack, site: Campus, user_id: str, *, resume: Json | None = None, **claims: Any
) -> PlainClient:
    """Connect somebody to /analytics."""
    port = int(site.url.rpartition(":")[2])
    client = await PlainClient.open(port, site.token(user_id, **claims), resume=resume, namespace=PATH)
    stack.push_async_callback(client.vanish)
    await client.ready()
    return client


async def create(site: Campus, **fields: Any) -> Json:
    """Announce work of Ben's in the course, and return the job."""
    body = {"kind": "essay-grading", "title": "Essays", "owner_id": "ben", "course_id": COURSE, **fields}
    reply = await site.lms.post("/v1/jobs", json=body)
    assert reply.status_code == 201, reply.text
    job: Json = reply.json()["job"]
    return job


async def report(site: Campus, job_id: str, **patch: Any) -> Json:
    """Report, and return the reply: `{job, cancel_requested}`."""
    reply = await site.lms.patch(f"/v1/jobs/{job_id}", json=patch)
    assert reply.status_code == 200, reply.text
    answer: Json = reply.json()
    return answer


def jobs(client: PlainClient, channel: str, event: str = "job.progressed") -> list[Json]:
    """Return what a client was told of jobs on a channel, in order."""
    return [data for name, data, meta in client.events if name == event and meta["channel"] == channel]


async def refused(client: PlainClient, command: str, **payload: Any) -> Json:
    """Send a command that must be refused, and return the error."""
    ack = await client.say(command, **payload)
    await client.until(lambda: ack in client.answers)
    answer = client.answers[ack]
    assert not answer["ok"], answer
    error: Json = answer["error"]
    return error


def closed(client: PlainClient) -> set[str]:
    """Return the channels that were closed for a client."""
    return {meta["channel"] for name, _, meta in client.events if name == "channel.closed"}


async def shown(client: PlainClient, channel: str, job: Json) -> None:
    """Wait until a client was shown this very job on a channel."""
    await client.until(lambda: job in jobs(client, channel))
    assert job in jobs(client, channel)
