"""Learners and record stores that mean harm, or are confused: an answer that says what is wrong, and figures go on."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from functools import partial
from typing import Any

import pytest
from sqlalchemy import delete
from tests.fault.plain_client import PlainClient
from tests.integration.chat_campus import COURSE, Campus, campus
from tests.integration.jobs_campus import come, create, refused, report

from coursewire.log.schema import remembered
from coursewire.namespaces.notifications.service import following_courses
from coursewire.storage.engine import wall_clock
from coursewire.storage.statement import Prepared
from coursewire.vocabulary import iso, new_id

Json = dict[str, Any]
XAPI = "/v1/xapi/statements"
DID: Json = {"course_id": COURSE, "verb": "opened", "object": {"id": "page-1", "type": "page"}}


@pytest.fixture
async def site() -> AsyncIterator[Campus]:
    async with campus() as site:
        yield site


def statement(**fields: Any) -> Json:
    return {
        "id": new_id(),
        "actor": {"account": {"homePage": "https://lms.example.org", "name": "ben"}},
        "verb": {"id": "http://adlnet.gov/expapi/verbs/answered"},
        "object": {"id": "https://lms.example.org/problem-1"},
        "timestamp": iso(wall_clock() - 60_000),
        **fields,
    }


async def send(site: Campus, body: Any, status: int = 200) -> Any:
    reply = await site.lms.post(XAPI, json=body, params={"course_id": COURSE})
    assert reply.status_code == status, reply.text
    return reply.json()


async def reported(site: Campus, **fields: Any) -> Json:
    event = {"user_id": "ben", "at": iso(wall_clock() - 1_000), **DID, **fields}
    taken: Json = (await site.lms.post("/v1/activity", json={"events": [event]})).json()
    return taken


async def test_ids_of_browsers_meet_neither_each_others_nor_those_of_the_lms(site: Campus) -> None:
    await site.enrol({"ben:x": "learner"})
    assert (await reported(site, id="ben:1"))["accepted"] == 1
    async with AsyncExitStack() as stack:
        ben, other = [await come(stack, site, user_id) for user_id in ("ben", "ben:x")]
        assert await ben.ask("activity.record", key="1", **DID) == {"duplicate": False}
        assert await ben.ask("activity.record", key="x:1", **DID) == {"duplicate": False}
        assert await other.ask("activity.record", key="1", **DID) == {"duplicate": False}
    assert (await site.counts())["analytics_activity"] == 4


async def test_a_key_that_comes_again_after_its_answer_was_forgotten_is_one_activity(site: Campus) -> None:
    """[LOG3] The activity itself remembers its key."""
    at = iso(wall_clock() - 1_000)
    async with AsyncExitStack() as stack:
        ben = await come(stack, site, "ben")
        await ben.ask("activity.record", key="now", **DID)
        await ben.ask("activity.record", key="then", at=at, **DID)
        await site.node.storage.write(lambda tx: tx.run(Prepared(delete(remembered))))
        assert await ben.ask("activity.record", key="now", **DID) == {"duplicate": True}
        assert await ben.ask("activity.record", key="then", at=at, **DID) == {"duplicate": True}
        await site.node.storage.write(lambda tx: tx.run(Prepared(delete(remembered))))
        error = await refused(ben, "activity.record", key="now", **{**DID, "verb": "completed"})
        assert (error["code"], error["field"]) == ("conflict", "key")
    assert (await site.counts())["analytics_activity"] == 2


@pytest.mark.parametrize("depth", [260, 900, 1_015, 5_000])
async def test_a_statement_that_is_nested_too_deep_is_400(site: Campus, depth: int) -> None:
    body = json.dumps(statement(result={"extensions": {"http://example.org/e": "deep"}}))
    body = body.replace('"deep"', "[" * depth + "]" * depth)
    reply = await site.lms.post(XAPI, content=body)
    assert (reply.status_code, reply.json()["code"]) == (400, "invalid"), reply.text


@pytest.mark.parametrize("character", ["\x00", "\x01", "\x1c", "\x7f", "\x80"])
async def test_control_characters_in_names_of_things_and_people_are_400(site: Campus, character: str) -> None:
    await send(site, statement(object={"id": f"http://example.org/{character}a"}), 400)
    await send(site, statement(actor={"mbox": f"mailto:b{character}@example.org"}), 400)


async def test_a_thing_is_one_however_its_letters_are_composed(site: Campus) -> None:
    async with AsyncExitStack() as stack:
        ada = await come(stack, site, "ada")
        await ada.ask("subscribe", channel=f"course:{COURSE}")
        await send(site, [statement(object={"id": f"urn:{letter}"}) for letter in ("\u00e9", "e\u0301")])
        await ada.until(lambda: [one for one in ada.named("metrics.updated") if one["per_object"]])
        [thing] = next(one for one in ada.named("metrics.updated") if one["per_object"])["per_object"]
    assert (thing["object_id"], thing["events"]) == ("urn:\u00e9", 2)


SAME: list[tuple[Json, Json]] = [
    (
        {"actor": {"objectType": "Group", "member": [
            {"name": "A", "mbox": "mailto:a@example.org"}, {"name": "B", "mbox": "mailto:b@example.org"},
        ]}},
        {"actor": {"objectType": "Group", "member": [
            {"mbox": "mailto:b@example.org", "name": "B"}, {"name": "A", "mbox": "mailto:a@example.org"},
        ]}},
    ),
    (
        {"context": {"contextActivities": {"parent": {"id": "http://example.org/c"}}}},
        {"context": {"contextActivities": {"parent": [{"id": "http://example.org/c", "objectType": "Activity"}]}}},
    ),
    (
        {"result": {"extensions": {"http://example.org/e": 1}}},
        {"result": {"extensions": {"http://example.org/e": 1.0}}},
    ),
]  # fmt: skip
OTHER: list[tuple[Json, Json]] = [
    (
        {"result": {"extensions": {"http://example.org/e": 1}}},
        {"result": {"extensions": {"http://example.org/e": True}}},
    ),
    (
        {"result": {"extensions": {"http://example.org/e": [{"display": 1}]}}},
        {"result": {"extensions": {"http://example.org/e": [{"display": 2}]}}},
    ),
    (
        {"context": {"contextActivities": {"parent": [{"id": "http://example.org/c"}]}}},
        {"context": {"contextActivities": {"parent": [{"id": "http://example.org/d"}]}}},
    ),
]


async def test_statements_are_the_same_by_what_they_say(site: Campus) -> None:
    """xAPI 1.0.3, part 2, 2.2: another order, or what goes without saying, makes no other statement."""
    for one, again in SAME:
        first = statement(**one)
        await send(site, first)
        await send(site, {**first, **again})
    for one, changed in OTHER:
        first = statement(**one)
        await send(site, first)
        await send(site, {**first, **changed}, 409)


async def test_a_series_from_the_year_1_on_is_an_answer(site: Campus) -> None:
    async with AsyncExitStack() as stack:
        ada = await come(stack, site, "ada")
        span = {"from": "0001-01-01T00:00:00.000Z", "to": "0001-01-02T12:00:00.000Z"}
        series = await ada.ask("metrics.series", course_id=COURSE, metric="events", bucket="1d", **span)
    assert [point["at"] for point in series["points"]] == [
        "0001-01-01T00:00:00.000Z", "0001-01-02T00:00:00.000Z",
    ]  # fmt: skip


async def test_a_number_in_a_result_hinders_nobodys_erasing(site: Campus) -> None:
    """[LOG5] What is stored can be read back: a number of 400 digits stopped erasing, and answers to a key."""
    body = {"kind": "k", "title": "T", "owner_id": "ben"}
    job = (await site.lms.post("/v1/jobs", json=body)).json()["job"]
    url, headers = f"/v1/jobs/{job['id']}", {"Idempotency-Key": "end"}
    refusal = await site.lms.patch(url, json={"state": "succeeded", "result": {"n": [-(10**400)]}})
    assert (refusal.status_code, refusal.json()["field"]) == (422, "result")
    ended = {"state": "succeeded", "result": {"n": [10**308, -(10**308)]}}
    first = await site.lms.patch(url, json=ended, headers=headers)
    assert (first.status_code, first.json()["job"]["result"]) == (200, ended["result"])
    assert (await site.lms.patch(url, json=ended, headers=headers)).status_code == 200
    assert (await site.lms.delete("/v1/users/ben")).status_code == 204


async def test_the_longest_ids_can_be_watched_and_resumed(site: Campus) -> None:
    """[SUB4] Ids have up to 128 characters, and their channels some more."""
    user_id, job_id, course_id = "u" * 128, "j" * 128, "c" * 128
    await site.enrol({user_id: "instructor"}, course_id)
    body = {"kind": "k", "title": "T", "owner_id": user_id, "course_id": course_id, "id": job_id}
    assert (await site.lms.post("/v1/jobs", json=body)).status_code == 201
    async with AsyncExitStack() as stack:
        owner = await come(stack, site, user_id)
        channels = [f"job:{job_id}", f"course:{course_id}", f"cohort:{course_id}", f"user:{user_id}"]
        stands = {channel: await owner.ask("subscribe", channel=channel) for channel in channels}
        since = {name: {"epoch": at["epoch"], "offset": at["offset"]} for name, at in stands.items()}
        back = await come(stack, site, user_id, resume=since)
        resumed = back.named("session.ready")[0]["resumed"]
        assert {name: resumed[name]["recovered"] for name in channels} == dict.fromkeys(channels, True)
    async with site.http(user_id) as page:
        reply = await page.get(f"/v1/analytics/channels/job:{job_id}/events")
        assert reply.status_code == 200, reply.text


async def test_statements_about_somebody_who_came_later_are_erased_with_them(site: Campus) -> None:
    """[LOG5]"""
    early = {"account": {"homePage": "https://lms.example.org", "name": "dan"}}
    await send(site, [statement(actor=early), statement()])
    await site.enrol({"dan": "learner"})
    assert (await site.lms.delete("/v1/users/dan")).status_code == 204
    assert (await site.counts())["analytics_statements"] == 1


async def test_an_operator_may_keep_results_to_the_lms() -> None:
    """A learner can make up what their browser says; by default it is taken, as the contract has it."""
    async with campus(flags={"analytics.browser_results": False}) as site, AsyncExitStack() as stack:
        ben = await come(stack, site, "ben")
        for fields, field in (
            ({"score": 1.0}, "score"),
            ({"verb": "submitted"}, "verb"),
            ({"verb": "completed"}, "verb"),
        ):
            error = await refused(ben, "activity.record", key=new_id(), **{**DID, **fields})
            assert (error["code"], error["field"]) == ("forbidden", field)
        assert await ben.ask("activity.record", key="k", **{**DID, "progress": 1.0}) == {"duplicate": False}
        assert (await reported(site, id="1", verb="submitted", score=0.5))["accepted"] == 1


async def test_a_small_class_reads_in_no_list_what_it_has_reached_together(site: Campus) -> None:
    rules = {"rules": [{"id": "all", "kind": "all_submitted", "title": "All", "object_id": "essay"}]}
    assert (await site.lms.put(f"/v1/courses/{COURSE}/milestones", json=rules)).status_code == 200
    for who in ("ben", "cleo"):
        essay = {"id": "essay", "type": "essay"}
        await reported(site, id=who, user_id=who, verb="submitted", object=essay)
    async with AsyncExitStack() as stack:
        ada, ben = [await come(stack, site, who) for who in ("ada", "ben")]
        for asker, seen in ((ada, ["All"]), (ben, [])):
            listed = await asker.ask("milestone.list", course_id=COURSE)
            assert [one["title"] for one in listed["items"]] == seen
        await site.enrol({f"l{number}": "learner" for number in range(3)})
        listed = await ben.ask("milestone.list", course_id=COURSE)
        assert [one["title"] for one in listed["items"]] == ["All"]


def _more_alerts(client: PlainClient, before: int) -> bool:
    return len(client.named("alert.raised")) > before


async def test_a_job_that_stalls_again_and_again_is_told_once_an_hour(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(following_courses, "STALLED_AGAIN_MS", 10**15)  # an hour may be over at any moment
    async with campus(job_stalled_after_s=0.3) as site, AsyncExitStack() as stack:
        ada = await come(stack, site, "ada")
        port = int(site.url.rpartition(":")[2])
        inbox = await PlainClient.open(port, site.token("ada"), namespace="/notifications")
        stack.push_async_callback(inbox.vanish)
        await inbox.ready()
        await ada.ask("subscribe", channel=f"course:{COURSE}")
        flapping, other = [await create(site) for _ in range(2)]
        for job in (flapping, flapping, other):
            before = len(ada.named("alert.raised"))
            await report(site, job["id"], state="running")
            await ada.until(partial(_more_alerts, ada, before))
        last = {
            "audience": {"users": ["ada"]},
            "category": "system",
            "priority": "low",
            "title": "Last",
            "body": "",
        }
        assert (await site.lms.post("/v1/notifications", json=last)).status_code == 201
        await inbox.until(
            lambda: [one for one in inbox.named("notification.created") if one["title"] == "Last"]
        )
        items = (await inbox.ask("notification.list", filter={"category": ["analysis"]}))["items"]
        assert [one["group_count"] for one in items] == [2], "one for each job"
