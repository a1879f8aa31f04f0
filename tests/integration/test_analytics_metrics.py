"""Dashboards on real sockets: figures move while the class works, and each hears what is theirs."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Any

import pytest
from tests.fault.plain_client import PlainClient
from tests.integration.chat_campus import COURSE, Campus, campus
from tests.integration.notification_campus import refused

from coursewire.storage.engine import wall_clock
from coursewire.vocabulary import iso

CLASS = ["ben", "cleo", "dan", "eli", "fay"]


@pytest.fixture
async def site() -> AsyncIterator[Campus]:
    async with campus() as site:
        await site.enrol(dict.fromkeys(CLASS, "learner"))
        yield site


async def come(stack: AsyncExitStack, site: Campus, user_id: str) -> PlainClient:
    port = int(site.url.rpartition(":")[2])
    client = await PlainClient.open(port, site.token(user_id), namespace="/analytics")
    stack.push_async_callback(client.vanish)
    await client.ready()
    return client


async def report(site: Campus, *people: str, **fields: Any) -> None:
    now = wall_clock()
    events = [
        {
            "id": f"{now}-{number}",
            "user_id": user_id,
            "course_id": COURSE,
            "verb": "submitted",
            "object": {"id": "essay-1", "type": "assignment"},
            "at": iso(now),
            **fields,
        }
        for number, user_id in enumerate(people)
    ]
    reply = await site.lms.post("/v1/activity", json={"events": events})
    assert reply.json()["accepted"] == len(people), reply.text


def figures(client: PlainClient, window: str) -> list[dict[str, Any]]:
    return [data for data in client.named("metrics.updated") if data["window"] == window]


async def test_a_dashboard_moves_while_the_class_works(site: Campus) -> None:
    async with AsyncExitStack() as stack:
        ada, ben, cleo = [await come(stack, site, user_id) for user_id in ("ada", "ben", "cleo")]
        await ada.ask("subscribe", channel=f"course:{COURSE}")
        await ben.ask("subscribe", channel=f"cohort:{COURSE}")
        await report(site, "ben", duration_ms=4_000)
        await ada.until(lambda: figures(ada, "7d"))
        shown = figures(ada, "1h")[-1]
        assert (shown["scope"], shown["active_now"], shown["time_on_task_s"]) == ("course", 1, 4.0)
        await ben.until(lambda: ben.named("own_metrics.updated"))
        own = ben.named("own_metrics.updated")[-1]
        assert (own["user_id"], own["window"], own["submitted"]) == ("ben", "1d", 1)
        assert figures(ben, "1h") == [], "one of five: the class is not shown that"
        await report(site, *CLASS[1:], score=0.5)
        await ben.until(lambda: figures(ben, "1h"))
        shown = figures(ben, "1h")[-1]
        assert (shown["scope"], shown["active_learners"], shown["submission_rate"]) == ("cohort", 5, 1.0)
        assert "at_risk" not in shown
        await cleo.until(lambda: cleo.named("own_metrics.updated"))
        assert cleo.named("own_metrics.updated")[-1]["average_score"] == 0.5
        assert {data["user_id"] for data in ben.named("own_metrics.updated")} == {"ben"}


async def test_the_figures_of_now_come_with_the_subscription(site: Campus) -> None:
    async with AsyncExitStack() as stack:
        ada = await come(stack, site, "ada")
        await ada.ask("subscribe", channel=f"course:{COURSE}")
        await report(site, *CLASS, score=1)
        await ada.until(lambda: [data for data in figures(ada, "7d") if data["active_learners"] == 5])
        # Nobody listens any more: what comes now is what the tables hold.
        await ada.ask("unsubscribe", channel=f"course:{COURSE}")
        for user_id, scope in (("ada", "course"), ("ben", "cohort")):
            late = await come(stack, site, user_id)
            latest = (await late.ask("subscribe", channel=f"{scope}:{COURSE}"))["latest"]
            shown = {
                one["data"]["window"]: one["data"] for one in latest if one["event"] == "metrics.updated"
            }
            assert set(shown) == {"5m", "1h", "1d", "7d"}
            assert {(data["scope"], data["average_score"]) for data in shown.values()} == {(scope, 1.0)}
            answer = await late.ask("metrics.read", course_id=COURSE, window="7d")
            assert answer["metrics"] == shown["7d"]
            assert ("own" in answer) is (user_id == "ben")


async def test_series_and_risks_are_asked_for_on_the_wire(site: Campus) -> None:
    async with AsyncExitStack() as stack:
        ada, ben, eve = [await come(stack, site, user_id) for user_id in ("ada", "ben", "eve")]
        now = wall_clock()
        await report(site, "ben", at=iso(now))
        span = {"from": iso(now - 3_600_000), "to": iso(now + 1)}
        wanted = {"course_id": COURSE, "metric": "submissions", **span}
        series = await ada.ask("metrics.series", bucket="1h", **wanted)
        assert [point["value"] for point in series["points"]] == [0, 1]
        assert [
            point.get("value") for point in (await ben.ask("metrics.series", bucket="1h", **wanted))["points"]
        ] == [
            None,
            None,
        ]
        error = await refused(ben, "metrics.series", bucket="1m", **wanted)
        assert (error["code"], error["field"]) == ("invalid", "bucket")
        error = await refused(ada, "metrics.series", bucket="10s", **{**wanted, "from": iso(now - 10**8)})
        assert (error["code"], error["field"]) == ("invalid", "bucket")
        error = await refused(ada, "metrics.series", bucket="1h", **{**wanted, "from": iso(now + 10**9)})
        assert (error["code"], error["field"]) == ("invalid", "from")
        assert await ada.ask("risk.list", course_id=COURSE) == {"items": []}
        assert (await refused(ben, "risk.list", course_id=COURSE))["code"] == "forbidden"
        for command in ("metrics.read", "risk.list"):
            assert (await refused(eve, command, course_id=COURSE))["code"] == "not_found"
        error = await refused(ada, "risk.list", course_id=COURSE, cursor="somewhere")
        assert (error["code"], error["field"]) == ("invalid", "cursor")
