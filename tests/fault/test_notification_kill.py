"""A server that is killed while it gives a notification to many goes on with the rest, and reaches each once."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path

import httpx
from tests.fault.plain_client import Json, PlainClient
from tests.fault.server_process import SECRET, WHOLE_S, ServerProcess

from coursewire.identity.tokens import Issuer

# A server that is to be killed does not come to the end, however late whoever kills it is.
FIRST = """
import asyncio, pathlib
from coursewire.namespaces.notifications.worker import Worker
done, go_on = 0, Worker.round
async def some(self, work):
    global done
    if done == 4 and not pathlib.Path("to-the-end").exists():
        await asyncio.Event().wait()
    has_worked = await go_on(self, work)
    done += has_worked
    return has_worked
Worker.round = some
"""
PEOPLE = sorted({*(f"student-{number:05}" for number in range(8_000)), "ben"})
PATH = "/notifications"


def token(user: str, **claims: object) -> str:
    return Issuer(SECRET).issue(user, user.title(), **claims)[0]  # type: ignore[arg-type]


async def progress(lms: httpx.AsyncClient, delivery_id: str) -> Json:
    reply = await lms.get(f"/v1/notifications/deliveries/{delivery_id}")
    assert reply.status_code == 200, reply.text
    found: Json = reply.json()
    return found


async def killed_halfway(server: ServerProcess, lms: httpx.AsyncClient, delivery_id: str, beyond: int) -> int:
    """Kill the server once more than `beyond` are reached, and return how many it had told of by then."""
    while (found := await progress(lms, delivery_id))["reached"] <= beyond:
        assert found["state"] == "running"
    await server.kill()
    reached: int = found["reached"]
    return reached


async def test_everybody_is_reached_once_whatever_is_killed(tmp_path: Path) -> None:
    """[SES4] [LOG1] Killed twice on the way; what was told of the progress stays true, and Ben hears of it once."""
    headers = {"Authorization": f"Bearer {token('lms', roles=['service'])}"}
    async with (
        asyncio.timeout(WHOLE_S),
        ServerProcess(tmp_path, first=FIRST) as server,
        httpx.AsyncClient(base_url=server.url, headers=headers, timeout=30) as lms,
    ):
        async with await PlainClient.open(server.port, token("ben"), namespace=PATH) as ben:
            await ben.ready()
            position = (await ben.ask("notification.list"))["position"]
        body = {"audience": {"users": PEOPLE}, "category": "system", "title": "To all", "dedupe_key": "d"}
        reply = await lms.post("/v1/notifications", json=body, headers={"Idempotency-Key": "once"})
        delivery_id = reply.json()["delivery_id"]
        beyond = 0
        for is_last in (False, True):
            beyond = await killed_halfway(server, lms, delivery_id, beyond)
            assert beyond < len(PEOPLE)
            if is_last:
                (tmp_path / "to-the-end").touch()
            await server.start()
            assert (await progress(lms, delivery_id))["reached"] >= beyond
        again = await lms.post("/v1/notifications", json=body, headers={"Idempotency-Key": "once"})
        assert again.json()["delivery_id"] == delivery_id
        while (found := await progress(lms, delivery_id))["state"] == "running":
            pass
        assert (found["reached"], found["recipients"]) == (len(PEOPLE), len(PEOPLE))
        resume = {"user:ben": position}
        async with await PlainClient.open(server.port, token("ben"), resume=resume, namespace=PATH) as ben:
            await ben.ready()
            assert [item["title"] for item in ben.named("notification.created")] == ["To all"]
            assert (await ben.ask("notification.list"))["counts"]["unread"] == 1
    with closing(sqlite3.connect(tmp_path / "campus.db")) as database:
        rows = database.execute("SELECT user_id FROM notification_items ORDER BY user_id").fetchall()
        logged = database.execute(
            "SELECT count(*) FROM events WHERE event = 'notification.created'"
        ).fetchone()
    assert [row[0] for row in rows] == PEOPLE
    assert logged == (len(PEOPLE),)
