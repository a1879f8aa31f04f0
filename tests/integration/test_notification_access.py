"""Who may do what in /notifications, and what bad input is answered: an error that names the field, nothing written."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Any

import pytest
from tests.fault.plain_client import Json
from tests.integration.chat_campus import COURSE, Campus, campus
from tests.integration.notification_campus import come, finished, hear, post, refused

from coursewire.vocabulary import new_id

NOBODYS = "01900000-0000-7000-8000-000000000000"
QUIET = {"start": "22:00", "end": "07:00", "time_zone": "Europe/Berlin"}


@pytest.fixture
async def site() -> AsyncIterator[Campus]:
    async with campus() as site:
        yield site


@pytest.fixture
async def stack() -> AsyncIterator[AsyncExitStack]:
    async with AsyncExitStack() as stack:
        yield stack


ROLES: dict[str, Json] = {
    "learner": {},
    "instructor": {"roles": ["instructor"], "courses": {COURSE: ["instructor"]}},
    "administrator": {"roles": ["administrator"]},
    "service": {"roles": ["service"]},
}


@pytest.mark.parametrize("role", ROLES)
async def test_an_inbox_is_its_owners_whoever_asks(site: Campus, stack: AsyncExitStack, role: str) -> None:
    """[SUB1] Every command, by every role, on Ben's inbox: not found, forbidden, or one's own, which is empty."""
    ben = await come(stack, site, "ben")
    await post(site, {"users": ["ben"]})
    item, _ = await hear(ben, "notification.created")
    other = await come(stack, site, "mallory", **ROLES[role])
    assert (await other.ask("notification.list"))["items"] == []
    ids = {"key": new_id(), "ids": [item["id"]], "as": "read"}
    for command, payload, code in (
        ("subscribe", {"channel": "user:ben"}, "forbidden"),
        ("notification.list", {"filter": {"user_id": "ben"}}, "forbidden"),
        ("notification.mark", ids, "not_found"),
        ("notification.mark", {"key": new_id(), "filter": {"user_id": "ben"}, "as": "read"}, "forbidden"),
        (
            "notification.snooze",
            {"key": new_id(), "id": item["id"], "until": "2027-01-01T00:00:00.000Z"},
            "not_found",
        ),
    ):
        assert (await refused(other, command, **payload))["code"] == code, command
    assert (await other.ask("preferences.read"))["preferences"]["user_id"] == "mallory"
    [unchanged] = (await ben.ask("notification.list"))["items"]
    assert "read_at" not in unchanged


@pytest.mark.parametrize("role", ROLES)
async def test_only_the_lms_notifies(site: Campus, role: str) -> None:
    async with site.http("mallory", **ROLES[role]) as client:
        sent = await client.post(
            "/v1/notifications", json={"audience": {"users": ["ben"]}, "category": "grade", "title": "x"}
        )
        read = await client.get(f"/v1/notifications/deliveries/{NOBODYS}")
    if role == "service":
        assert (sent.status_code, read.status_code) == (201, 404)
    else:
        assert (sent.json()["code"], read.json()["code"]) == ("forbidden", "forbidden")
        assert (await site.counts())["notification_deliveries"] == 0


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"category": "weather"}, "category"),
        ({"expires_at": "2020-01-01T00:00:00.000Z"}, "expires_at"),
        ({"audience": {"users": []}}, "audience.users"),
        ({"audience": {}}, "audience"),
        ({"audience": {"course_id": "none"}}, "audience.course_id"),
        ({"audience": {"course_id": COURSE, "roles": ["mentor"]}}, "audience"),
        ({"title": "x" * 1_000_000}, "title"),
        ({"title": ""}, "title"),
        ({"body": "x" * 8_001}, "body"),
        ({"priority": "loud"}, "priority"),
        ({"action": {"label": "Go", "url": "javascript:alert(1)"}}, "action.url"),
        ({"dedupe_key": "x" * 201}, "dedupe_key"),
    ],
)
async def test_what_the_lms_gets_wrong_is_named_and_nothing_is_written(
    site: Campus, fields: dict[str, Any], field: str
) -> None:
    before = await site.counts()
    reply = await post(site, **{"audience": {"users": ["ben"]}, **fields})
    assert reply.status_code in {404, 422}
    assert reply.json()["field"] == field
    assert len(reply.content) < 2_000
    assert await site.counts() == before


@pytest.mark.parametrize(
    ("command", "payload", "field"),
    [
        ("notification.list", {"filter": {"category": ["weather"]}}, "filter.category.0"),
        ("notification.list", {"filter": {"state": "lost"}}, "filter.state"),
        ("notification.list", {"filter": {"since": "yesterday"}}, "filter.since"),
        ("notification.list", {"limit": 101}, "limit"),
        ("notification.list", {"cursor": "x"}, "cursor"),
        ("notification.mark", {"ids": [NOBODYS], "as": "read"}, "ids.0"),
        ("notification.mark", {"ids": [NOBODYS], "as": "eaten"}, "as"),
        ("notification.mark", {"ids": [], "as": "read"}, "ids"),
        ("notification.mark", {"as": "read"}, "payload"),
        ("notification.mark", {"ids": [NOBODYS], "filter": {}, "as": "read"}, "payload"),
        ("notification.snooze", {"id": NOBODYS, "until": "2020-01-01T00:00:00.000Z"}, "until"),
        ("notification.snooze", {"id": NOBODYS, "until": "soon"}, "until"),
        ("preferences.update", {"categories": {"system": {"in_app": "off"}}}, "categories.system.in_app"),
        (
            "preferences.update",
            {"quiet_hours": {**QUIET, "time_zone": "Mars/North"}},
            "quiet_hours.time_zone",
        ),
        ("preferences.update", {"least_priority": "none"}, "least_priority"),
    ],
)
async def test_bad_input_names_its_field_and_nothing_is_written(
    site: Campus, stack: AsyncExitStack, command: str, payload: Json, field: str
) -> None:
    ben = await come(stack, site, "ben")
    before = await site.counts()
    keyed = {} if command == "notification.list" else {"key": new_id()}
    error = await refused(ben, command, **keyed, **payload)
    assert (error["code"] in {"invalid", "not_found"}, error["field"]) == (True, field)
    assert await site.counts() == before


async def test_markup_arrives_without_teeth(site: Campus, stack: AsyncExitStack) -> None:
    ben = await come(stack, site, "ben")
    await post(
        site, {"users": ["ben"]}, title="<img src=x onerror=alert(1)>", body="<script>alert(1)</script>*hi*"
    )
    item, _ = await hear(ben, "notification.created")
    assert item["title"] == "<img src=x onerror=alert(1)>"
    assert "<script" not in item["html"]
    assert "<em>hi</em>" in item["html"]


async def test_the_same_request_notifies_once(site: Campus, stack: AsyncExitStack) -> None:
    """[LOG3]"""
    ben = await come(stack, site, "ben")
    body = {"audience": {"users": ["ben"]}, "category": "grade", "title": "Graded"}
    replies = [
        await site.lms.post("/v1/notifications", json=body, headers={"Idempotency-Key": "once"})
        for _ in range(3)
    ]
    assert len({reply.json()["delivery_id"] for reply in replies}) == 1
    await finished(site, replies[0].json()["delivery_id"])
    assert len((await ben.ask("notification.list"))["items"]) == 1
    other = await site.lms.post(
        "/v1/notifications", json={**body, "title": "Other"}, headers={"Idempotency-Key": "once"}
    )
    assert other.json()["code"] == "conflict"
