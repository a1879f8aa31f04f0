"""Milestones and alerts: reached once, told to those who may know, kept from the others."""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Any

import pytest
from tests.fault.plain_client import Json, PlainClient
from tests.integration.chat_campus import COURSE, Campus, campus
from tests.integration.notification_campus import hear, refused

from coursewire.namespaces.analytics import service
from coursewire.realtime.transaction import Transaction
from coursewire.storage.engine import wall_clock
from coursewire.vocabulary import iso

DAY_MS = 86_400_000
CLASS = ("ben", "cleo", "dan", "fay", "gus")
_ids = itertools.count()


@pytest.fixture
async def site() -> AsyncIterator[Campus]:
    async with campus() as site:
        await site.enrol(dict.fromkeys(CLASS, "learner"))
        yield site


@pytest.fixture
async def stack() -> AsyncIterator[AsyncExitStack]:
    async with AsyncExitStack() as stack:
        yield stack


async def come(stack: AsyncExitStack, site: Campus, user_id: str, *channels: str) -> PlainClient:
    client = await PlainClient.open(
        int(site.url.rpartition(":")[2]), site.token(user_id), namespace="/analytics"
    )
    stack.push_async_callback(client.vanish)
    await client.ready()
    for channel in channels:
        await client.ask("subscribe", channel=channel)
    return client


async def rules(site: Campus, *given: Json) -> None:
    reply = await site.lms.put(f"/v1/courses/{COURSE}/milestones", json={"rules": list(given)})
    assert reply.status_code == 200, reply.text
    assert [rule["id"] for rule in reply.json()["rules"]] == [rule["id"] for rule in given]


async def do(
    site: Campus, user_id: str, verb: str, thing: str = "essay-1", ago: int = 0, **fields: Any
) -> None:
    event = {
        "id": f"e{next(_ids)}",
        "user_id": user_id,
        "course_id": COURSE,
        "verb": verb,
        "object": {"id": thing, "type": "assignment"},
        "at": iso(wall_clock() - 1_000 - ago),
        **fields,
    }
    reply = await site.lms.post("/v1/activity", json={"events": [event]})
    assert reply.json()["accepted"] == 1, reply.text


async def reached(
    site: Campus, user_id: str = "ada", course_id: str | None = COURSE
) -> list[tuple[Any, ...]]:
    async with AsyncExitStack() as stack:
        somebody = await come(stack, site, user_id)
        asked = {"course_id": course_id} if course_id else {}
        items = (await somebody.ask("milestone.list", **asked))["items"]
        return [(item["title"], item.get("user_id"), item.get("value")) for item in reversed(items)]


FIRST = {"id": "first", "kind": "first_submission", "title": "First submission"}


async def test_a_learners_milestone_is_told_to_them_and_to_the_staff_once(
    site: Campus, stack: AsyncExitStack
) -> None:
    """[LOG1]"""
    await rules(site, FIRST)
    ada = await come(stack, site, "ada", f"course:{COURSE}")
    ben = await come(stack, site, "ben", "user:ben", f"cohort:{COURSE}")
    cleo = await come(stack, site, "cleo", "user:cleo", f"cohort:{COURSE}")
    await do(site, "ben", "opened")
    await do(site, "ben", "submitted")
    await do(site, "ben", "submitted", "essay-2")
    heard, meta = await hear(ben, "milestone.reached")
    assert (heard["title"], heard["user_id"], heard["user_name"]) == ("First submission", "ben", "Ben")
    assert meta["channel"] == "user:ben"
    assert (await hear(ada, "milestone.reached"))[0] == heard
    await do(site, "cleo", "submitted")
    await hear(ada, "milestone.reached", lambda data: data["user_id"] == "cleo")
    await cleo.ask("ping", sent_at=0)
    await ben.ask("ping", sent_at=0)
    assert [data["user_id"] for data in cleo.named("milestone.reached")] == ["cleo"]
    assert [data["user_id"] for data in ben.named("milestone.reached")] == ["ben"]
    assert [user for _, user, _ in await reached(site)] == ["ben", "cleo"]
    assert [user for _, user, _ in await reached(site, "ben")] == ["ben"]
    assert [user for _, user, _ in await reached(site, "cleo", None)] == ["cleo"]


async def test_the_third_completion_and_not_a_third_report_of_one(site: Campus) -> None:
    await rules(site, {"id": "three", "kind": "completions", "title": "Three", "threshold": 3})
    for thing in ("a", "b", "b", "a"):
        await do(site, "ben", "completed", thing)
    assert await reached(site) == []
    await do(site, "ben", "completed", "c")
    await do(site, "ben", "completed", "d")
    assert await reached(site) == [("Three", "ben", 3)]


async def test_days_in_a_row_also_when_the_middle_one_comes_last(site: Campus) -> None:
    await rules(site, {"id": "row", "kind": "streak", "title": "Three days", "threshold": 3})
    now = wall_clock()  # of all of them: a day may begin meanwhile
    await do(site, "ben", "opened", at=iso(now - 2 * DAY_MS))
    await do(site, "ben", "opened", at=iso(now - 4 * DAY_MS))
    await do(site, "ben", "opened", at=iso(now - 5 * DAY_MS))
    assert await reached(site) == []
    await do(site, "ben", "opened", at=iso(now - 3 * DAY_MS))
    assert await reached(site) == [("Three days", "ben", 4)]


async def test_the_classes_average_is_nobodys_score(site: Campus, stack: AsyncExitStack) -> None:
    """The mean of fewer than five is withheld: it would tell what each of them has got."""
    await rules(site, {"id": "mean", "kind": "average_score", "title": "Over 70 %", "threshold": 0.7})
    ben = await come(stack, site, "ben", f"cohort:{COURSE}")
    for user_id in CLASS[:4]:
        await do(site, user_id, "answered", score=0.9)
    assert await reached(site) == []
    await do(site, CLASS[4], "answered", score=0.4)
    assert await reached(site) == [("Over 70 %", None, pytest.approx(0.8))]
    heard, _ = await hear(ben, "milestone.reached")
    assert heard["title"] == "Over 70 %"
    assert "user_id" not in heard


async def test_of_scores_the_latest_counts_whenever_it_comes(site: Campus) -> None:
    await rules(site, {"id": "mean", "kind": "average_score", "title": "Over 70 %", "threshold": 0.7})
    for user_id in CLASS:
        await do(site, user_id, "answered", score=0.2)
    await do(site, "ben", "answered", score=1, ago=60_000)  # an old one: it changes nothing
    for user_id in CLASS[1:]:
        await do(site, user_id, "answered", score=0.8)
    assert await reached(site) == []
    await do(site, "ben", "answered", score=0.3)
    assert await reached(site) == [("Over 70 %", None, pytest.approx(0.7))]


async def test_everybody_has_submitted_also_when_the_last_one_leaves(site: Campus) -> None:
    await rules(site, {"id": "all", "kind": "all_submitted", "title": "All in", "object_id": "essay-1"})
    for user_id in CLASS[:4]:
        await do(site, user_id, "submitted")
    await do(site, CLASS[4], "submitted", "essay-2")
    assert await reached(site) == []
    assert (await site.lms.delete(f"/v1/courses/{COURSE}/members/{CLASS[4]}")).status_code < 300
    assert await reached(site) == [("All in", None, 4)]


async def test_who_reaches_something_is_notified(site: Campus, stack: AsyncExitStack) -> None:
    """[LOG1] Across namespaces, in the transaction of its cause; a class that is too small is not told its own."""
    await rules(
        site, FIRST, {"id": "all", "kind": "all_submitted", "title": "All in", "object_id": "essay-1"}
    )
    port = int(site.url.rpartition(":")[2])
    people = {}
    for user_id in ("ada", *CLASS):
        people[user_id] = await PlainClient.open(port, site.token(user_id), namespace="/notifications")
        stack.push_async_callback(people[user_id].vanish)
        await people[user_id].ready()
    for user_id in CLASS:
        await do(site, user_id, "submitted")
    own, _ = await hear(people["ben"], "notification.created")
    assert (own["title"], own["category"]) == ("Reached: First submission", "milestone")
    for user_id in ("ada", *CLASS):
        together, _ = await hear(
            people[user_id], "notification.created", lambda data: data["title"] == "Reached: All in"
        )
        assert together["course_id"] == COURSE
    assert [data["title"] for data in people["ada"].named("notification.created")] == ["Reached: All in"]


async def test_a_small_class_is_not_told_what_it_reached_together(
    site: Campus, stack: AsyncExitStack
) -> None:
    for user_id in CLASS[2:]:
        await site.lms.delete(f"/v1/courses/{COURSE}/members/{user_id}")
    await rules(site, {"id": "all", "kind": "all_submitted", "title": "All in", "object_id": "essay-1"})
    port = int(site.url.rpartition(":")[2])
    ada, ben = [
        await PlainClient.open(port, site.token(name), namespace="/notifications") for name in ("ada", "ben")
    ]
    stack.push_async_callback(ada.vanish)
    stack.push_async_callback(ben.vanish)
    await ada.ready()
    await ben.ready()
    await do(site, "ben", "submitted")
    await do(site, "cleo", "submitted")
    await hear(ada, "notification.created")
    await ben.ask("ping", sent_at=0)
    assert ben.named("notification.created") == []


async def test_staff_and_strangers_reach_nothing(site: Campus, stack: AsyncExitStack) -> None:
    await rules(site, FIRST)
    await do(site, "ada", "submitted")
    assert await reached(site) == []
    eve = await come(stack, site, "eve")
    assert (await refused(eve, "milestone.list", course_id=COURSE))["code"] == "not_found"
    assert (await refused(eve, "alert.list", course_id=COURSE))["code"] == "not_found"
    ben = await come(stack, site, "ben")
    assert (await refused(ben, "alert.list", course_id=COURSE))["code"] == "forbidden"
    assert (await refused(ben, "milestone.list", cursor="x"))["field"] == "cursor"


async def test_what_was_reached_elsewhere(site: Campus) -> None:
    body = {"id": "m1", "course_id": COURSE, "user_id": "ben", "kind": "badge", "title": "Helper of the week"}
    first = await site.lms.post("/v1/milestones", json=body)
    assert first.status_code == 201
    again = await site.lms.post("/v1/milestones", json=body)
    assert (again.status_code, again.json()) == (201, first.json())
    other = await site.lms.post("/v1/milestones", json={**body, "title": "Other"})
    assert (other.status_code, other.json()["field"]) == (409, "id")
    assert await reached(site) == [("Helper of the week", "ben", None)]
    for fields, status, field in (
        ({"course_id": "physics"}, 404, "course_id"),
        ({"user_id": "eve"}, 404, "user_id"),
        ({"kind": "Not a kind"}, 422, "kind"),
        ({"title": "x" * 201}, 422, "title"),
    ):
        reply = await site.lms.post("/v1/milestones", json={**body, "id": "m2", **fields})
        assert (reply.status_code, reply.json()["field"]) == (status, field), reply.text


@pytest.mark.parametrize(
    ("rule", "field"),
    [
        ({"kind": "dance"}, "rules.0.kind"),
        ({"kind": "completions"}, "rules.0"),
        ({"kind": "streak", "threshold": 0}, "rules.0.threshold"),
        ({"kind": "average_score", "threshold": 70}, "rules.0"),
        ({"kind": "all_submitted"}, "rules.0"),
    ],
)
async def test_a_rule_that_makes_no_sense_is_refused(site: Campus, rule: Json, field: str) -> None:
    await rules(site, FIRST)
    body = {"rules": [{"id": "r", "title": "T", **rule}]}
    reply = await site.lms.put(f"/v1/courses/{COURSE}/milestones", json=body)
    assert (reply.status_code, reply.json()["field"]) == (422, field), reply.text
    twice = await site.lms.put(f"/v1/courses/{COURSE}/milestones", json={"rules": [FIRST, FIRST]})
    assert (twice.status_code, twice.json()["field"]) == (422, "rules"), twice.text
    assert (await site.counts())["analytics_milestone_rules"] == 1
    async with site.http("ada") as page:
        assert (await page.put(f"/v1/courses/{COURSE}/milestones", json={"rules": []})).status_code == 403


async def test_an_alert_holds_once_and_is_raised_anew(site: Campus, stack: AsyncExitStack) -> None:
    ada = await come(stack, site, "ada", f"course:{COURSE}")

    async def run(fn: Any, *arguments: Any) -> None:
        reactions: dict[type[Any], Any] = {}
        await site.node.storage.write(
            lambda raw: fn(Transaction(raw, "/analytics", None, reactions), COURSE, *arguments)
        )

    reasons = {"ben": ["no visit for 8 days"]}
    await run(service.raise_at_risk, reasons)
    await run(service.raise_at_risk, reasons)
    heard, _ = await hear(ada, "alert.raised")
    assert (heard["user_id"], heard["kind"], heard["reasons"]) == ("ben", "at_risk", reasons["ben"])
    listed = (await ada.ask("alert.list", course_id=COURSE))["items"]
    assert listed == [heard]
    await run(service.clear_at_risk, ["ben"])
    assert (await ada.ask("alert.list", course_id=COURSE))["items"] == []
    await run(service.raise_at_risk, reasons)
    await hear(ada, "alert.raised", lambda data: data["id"] != heard["id"])
    assert len(ada.named("alert.raised")) == 2


async def test_an_erased_person_is_in_no_milestone(site: Campus, stack: AsyncExitStack) -> None:
    """[LOG5]"""
    await rules(site, FIRST)
    ada = await come(stack, site, "ada")
    start = await ada.ask("subscribe", channel=f"course:{COURSE}")
    await do(site, "ben", "submitted")
    await hear(ada, "milestone.reached")
    assert (await site.lms.delete("/v1/users/ben")).status_code == 204
    counts = await site.counts()
    assert all(counts[f"analytics_{name}"] == 0 for name in ("milestones", "progress", "days"))
    fay = await PlainClient.open(
        int(site.url.rpartition(":")[2]),
        site.token("ada"),
        namespace="/analytics",
        resume={f"course:{COURSE}": {"epoch": start["epoch"], "offset": start["offset"]}},
    )
    stack.push_async_callback(fay.vanish)
    await fay.ready()
    assert "ben" not in repr(fay.named("milestone.reached")).lower()
    assert len(fay.named("milestone.reached")) == 1
