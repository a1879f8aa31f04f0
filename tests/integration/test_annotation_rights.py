"""Rights to what is written beside a document, as they change while people listen."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Any

import orjson
import pytest
from tests.integration import desk
from tests.integration.chat_campus import COURSE, Campus, campus
from tests.integration.desk import Client

from coursewire.vocabulary import new_id

Json = dict[str, Any]


class Seat:
    """Somebody who has entered document 7, and what has come to them."""

    def __init__(self, client: Client, client_id: int) -> None:
        self.client = client
        self.client_id = client_id

    async def enter(self) -> Json:
        payload = {"document_id": "7", "client_id": self.client_id}
        answer: Json = (await self.client.send("document.open", payload, b""))["data"]
        return answer

    async def annotate(self, body: str, **fields: Any) -> Json:
        given = {"key": new_id(), "document_id": "7", "body": body, "target": desk.TARGET, **fields}
        made: Json = (await self.client.ask("annotation.create", **given))["annotation"]
        return made

    async def update(self, annotation: Json, **fields: Any) -> Json:
        by_id = {"annotation_id": annotation["id"], "base_revision": annotation["revision"]}
        changed: Json = (await self.client.ask("annotation.update", key=new_id(), **by_id, **fields))[
            "annotation"
        ]
        return changed

    async def heard(self) -> list[tuple[str, Json]]:
        """All that came about annotations, once everything said so far has arrived."""
        await self.client.ask("ping", sent_at=0)
        return [(name, data) for name, data, _ in self.client.events if name.startswith("annotation.")]

    async def closed(self, channel: str) -> None:
        await self.client.until(
            lambda: any(
                name == "channel.closed" and meta["channel"] == channel
                for name, _, meta in self.client.events
            )
        )


@pytest.fixture
async def seats() -> AsyncIterator[tuple[Campus, dict[str, Seat]]]:
    async with campus() as site, AsyncExitStack() as stack:
        await desk.furnish(site)
        seats: dict[str, Seat] = {}
        for number, who in enumerate(("ada", "tom", "ben", "cleo", "dan"), 1):
            client = await desk.visit(site, who)
            stack.push_async_callback(client.vanish)
            seats[who] = Seat(client, 1_000 + number)
            await seats[who].enter()
        yield site, seats


async def test_who_is_taken_out_of_a_group_hears_no_more_of_it(
    seats: tuple[Campus, dict[str, Seat]],
) -> None:
    """[FAN4] [ANN1] At once; whoever is in it goes on, and who came is told what to listen to."""
    site, people = seats
    await people["ben"].annotate("first", visibility="group:red")
    assert [data["body"] for _, data in await people["cleo"].heard()] == ["first"]
    reply = await site.lms.put(f"/v1/courses/{COURSE}/groups/red", json={"user_ids": ["ben", "dan"]})
    assert reply.status_code == 200
    await people["cleo"].closed("document:7:group:red")
    await people["ben"].annotate("second", visibility="group:red")
    assert [data["body"] for _, data in await people["cleo"].heard()] == ["first"]
    assert [data["body"] for _, data in await people["ada"].heard()] == ["first", "second"]
    assert await people["dan"].heard() == []
    dan = people["dan"].client
    told = [data for name, data, _ in dan.events if name == "document.channels"]
    red = "document:7:group:red"
    assert told == [{"document_id": "7", "channels": ["document:7", "document:7:group:blue", red]}]
    assert (await dan.ask("subscribe", channel=red))["offset"] == 2
    listed = await dan.ask("annotation.list", document_id="7")
    assert [one["body"] for one in listed["items"]] == ["first", "second"]
    await people["ben"].annotate("third", visibility="group:red")
    assert [data["body"] for _, data in await people["dan"].heard()] == ["third"]


async def test_who_is_no_longer_staff_hears_no_more_of_their_notes(
    seats: tuple[Campus, dict[str, Seat]],
) -> None:
    """[FAN4] [ANN1]"""
    site, people = seats
    made = await people["ada"].annotate("first", visibility="staff")
    await site.enrol({"tom": "learner"})
    await people["tom"].closed("document:7:staff")
    await people["ada"].update(made, body="second")
    assert [data["body"] for _, data in await people["tom"].heard()] == ["first"]
    answer = await people["tom"].client.answer(
        "annotation.resolve", key=new_id(), annotation_id=made["id"], base_revision=1
    )
    assert answer["error"]["code"] == "not_found"


async def test_whoever_loses_sight_of_a_note_learns_nothing_of_where_it_went(
    seats: tuple[Campus, dict[str, Seat]],
) -> None:
    """[ANN3] In no frame, replayed or live, and by no count; who sees it still is left with it."""
    _, people = seats
    made = await people["ada"].annotate("a word for all", tags=["t1"])
    before = {who: len(await seat.heard()) for who, seat in people.items()}
    moved = await people["ada"].update(made, body="a secret of the staff", visibility="staff")
    for who in ("ben", "cleo", "dan"):
        [(name, data)] = (await people[who].heard())[before[who] :]
        assert (name, data["id"], data["visibility"]) == ("annotation.deleted", made["id"], "course")
        assert set(data) <= {
            "id", "document_id", "author_name", "motivation", "body", "html", "tags", "orphaned",
            "visibility", "reply_count", "state", "revision", "created_at",
        }  # fmt: skip
        assert (data["body"], data["tags"], data["author_name"]) == ("", [], "")
        opened = await people[who].enter()
        assert opened["annotations"] == []
        frames = orjson.dumps(
            [opened["document"], people[who].client.events[before[who] + 1 :]], default=repr
        )
        assert b"secret" not in frames
    for who in ("ada", "tom"):
        reports = {data["revision"]: data for _, data in await people[who].heard()}
        assert reports[max(reports)] == moved
