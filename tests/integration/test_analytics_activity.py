"""Activity that comes in over HTTP and from browsers: stored once, each report checked by itself."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Any

import pytest
from tests.fault.plain_client import PlainClient
from tests.integration.chat_campus import COURSE, Campus, campus
from tests.integration.notification_campus import refused

from coursewire.storage.engine import wall_clock
from coursewire.vocabulary import iso

DAY_MS = 86_400_000


@pytest.fixture
async def site() -> AsyncIterator[Campus]:
    async with campus() as site:
        yield site


def event(name: str = "1", ago_ms: int = 1_000, **fields: Any) -> dict[str, Any]:
    return {
        "id": name,
        "user_id": "ben",
        "course_id": COURSE,
        "verb": "opened",
        "object": {"id": "page-1", "type": "page"},
        "at": iso(wall_clock() - ago_ms),
        **fields,
    }


async def report(site: Campus, *events: Any) -> dict[str, Any]:
    reply = await site.lms.post("/v1/activity", json={"events": list(events)})
    assert reply.status_code == 200, reply.text
    taken: dict[str, Any] = reply.json()
    return taken


async def stored(site: Campus) -> int:
    return (await site.counts())["analytics_activity"]


async def come(stack: AsyncExitStack, site: Campus, user_id: str, **claims: Any) -> PlainClient:
    client = await PlainClient.open(
        int(site.url.rpartition(":")[2]), site.token(user_id, **claims), namespace="/analytics"
    )
    stack.push_async_callback(client.vanish)
    await client.ready()
    return client


async def test_a_report_that_comes_twice_is_stored_once(site: Campus) -> None:
    one, two = event("1"), event("2", score=0.5, duration_ms=30_000)
    assert await report(site, one, two, one) == {"accepted": 2, "repeated": 1, "refused": []}
    assert await report(site, two, event("3")) == {"accepted": 1, "repeated": 1, "refused": []}
    assert await stored(site) == 3


async def test_the_same_id_with_other_content_is_refused(site: Campus) -> None:
    one = event("1")
    await report(site, one)
    taken = await report(site, {**one, "score": 0.5}, event("2"), {**one, "user_id": "cleo"})
    assert (taken["accepted"], taken["repeated"]) == (1, 0)
    assert [(bad["index"], bad["error"]["code"], bad["error"]["field"]) for bad in taken["refused"]] == [
        (0, "conflict", "id"),
        (2, "conflict", "id"),
    ]
    assert await stored(site) == 2


BAD: list[tuple[dict[str, Any], str, str]] = [
    ({"course_id": "physics"}, "not_found", "course_id"),
    ({"user_id": "eve"}, "not_found", "user_id"),
    ({"verb": "danced"}, "invalid", "verb"),
    ({"duration_ms": -1}, "invalid", "duration_ms"),
    ({"duration_ms": 14_400_001}, "invalid", "duration_ms"),
    ({"score": 1.5}, "invalid", "score"),
    ({"progress": float("nan")}, "invalid", "progress"),
    ({"score": float("inf")}, "invalid", "score"),
    ({"at": "yesterday"}, "invalid", "at"),
    ({"at": "2026-02-30T10:00:00.000Z"}, "invalid", "at"),
    ({"at": iso(wall_clock() + DAY_MS)}, "invalid", "at"),
    ({"at": iso(wall_clock() - 401 * DAY_MS)}, "invalid", "at"),
    ({"id": "two words"}, "invalid", "id"),
    ({"object": {"id": "", "type": "page"}}, "invalid", "object.id"),
    ({"object": {"id": "p", "type": "Page <b>"}}, "invalid", "object.type"),
    ({"object": "page-1"}, "invalid", "object"),
]


async def test_what_is_wrong_is_refused_with_its_place_and_keeps_out_nothing_else(site: Campus) -> None:
    for number, (fields, code, field) in enumerate(BAD):
        good = event(f"{number}-1"), event(f"{number}-3")
        body = json.dumps({"events": [good[0], event(f"{number}-2", **fields), good[1]]})  # writes NaN as NaN
        reply = await site.lms.post(
            "/v1/activity", content=body, headers={"Content-Type": "application/json"}
        )
        assert reply.status_code == 200, reply.text
        taken = reply.json()
        assert (taken["accepted"], taken["repeated"]) == (2, 0)
        [bad] = taken["refused"]
        assert (bad["index"], bad["error"]["code"], bad["error"]["field"]) == (1, code, field), bad
    assert await stored(site) == 2 * len(BAD)


async def test_a_batch_has_a_bound(site: Campus) -> None:
    reply = await site.lms.post("/v1/activity", json={"events": [event(str(n)) for n in range(1_001)]})
    assert (reply.status_code, reply.json()["field"]) == (422, "events")
    reply = await site.lms.post("/v1/activity", json={"events": []})
    assert (reply.status_code, reply.json()["field"]) == (422, "events")
    huge = b'{"events": [{"id": "' + b"x" * 10_000_000 + b'"}]}'
    reply = await site.lms.post("/v1/activity", content=huge, headers={"Content-Type": "application/json"})
    assert (reply.status_code, reply.json()["code"]) == (413, "too_large")
    assert await stored(site) == 0


async def test_only_the_lms_reports_over_http(site: Campus) -> None:
    async with site.http("ada") as page:
        reply = await page.post("/v1/activity", json={"events": [event()]})
        assert (reply.status_code, reply.json()["code"]) == (403, "forbidden")


async def test_a_browser_reports_what_its_user_does(site: Campus) -> None:
    """[LOG3] The key makes it one."""
    did = {"course_id": COURSE, "verb": "played", "object": {"id": "film-1", "type": "video"}}
    async with AsyncExitStack() as stack:
        ben = await come(stack, site, "ben")
        assert await ben.ask("activity.record", key="k", duration_ms=1_500, **did) == {"duplicate": False}
        assert await ben.ask("activity.record", key="k", duration_ms=1_500, **did) == {"duplicate": True}
        cleo = await come(stack, site, "cleo")  # keys are each caller's own
        assert await cleo.ask("activity.record", key="k", **did) == {"duplicate": False}
        assert await stored(site) == 2
        eve = await come(stack, site, "eve")
        error = await refused(eve, "activity.record", key="k", **did)
        assert (error["code"], error["field"]) == ("not_found", "course_id")
        error = await refused(ben, "activity.record", key="o", at=iso(wall_clock() - 8 * DAY_MS), **did)
        assert (error["code"], error["field"]) == ("invalid", "at")
        error = await refused(ben, "activity.record", key="p", **{**did, "duration_ms": -5})
        assert (error["code"], error["field"]) == ("invalid", "duration_ms")
        assert await stored(site) == 2


async def test_the_channels_of_a_course_are_for_those_who_belong(site: Campus) -> None:
    """[SUB1] `course:` for staff, `cohort:` for everybody enrolled, neither for a stranger."""
    async with AsyncExitStack() as stack:
        ada, ben, eve = [await come(stack, site, user_id) for user_id in ("ada", "ben", "eve")]
        assert (await ada.ask("subscribe", channel=f"course:{COURSE}"))["channel"] == f"course:{COURSE}"
        assert (await ben.ask("subscribe", channel=f"cohort:{COURSE}"))["channel"] == f"cohort:{COURSE}"
        assert (await refused(ben, "subscribe", channel=f"course:{COURSE}"))["code"] == "forbidden"
        assert (await refused(eve, "subscribe", channel=f"course:{COURSE}"))["code"] == "not_found"
        assert (await refused(eve, "subscribe", channel=f"cohort:{COURSE}"))["code"] == "not_found"
        assert (await refused(eve, "subscribe", channel="user:ben"))["code"] == "forbidden"


async def test_an_erased_person_leaves_no_activity(site: Campus) -> None:
    """[LOG5]"""
    await report(site, event("1"), event("2", user_id="cleo"))
    assert (await site.lms.delete("/v1/users/ben")).status_code == 204
    assert await stored(site) == 1
