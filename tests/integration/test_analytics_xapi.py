"""Statements of the Experience API over HTTP, as Open edX and H5P send them: kept once, counted where they belong."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select
from tests.integration.chat_campus import Campus, campus

from coursewire.namespaces.analytics.store.activity import activity as table
from coursewire.storage.engine import wall_clock
from coursewire.storage.statement import Prepared
from coursewire.vocabulary import iso, new_id

COURSE = "course-v1:Uni-CS101-2026"
RECORDED = {
    path.stem: json.loads(path.read_text())
    for path in sorted((Path(__file__).parent / "xapi").glob("*.json"))
}


@pytest.fixture
async def site() -> AsyncIterator[Campus]:
    async with campus() as site:
        await site.enrol({"ben": "learner", "cleo": "learner"}, COURSE)
        yield site


def statement(**fields: Any) -> dict[str, Any]:
    return {
        "id": new_id(),
        "actor": {"objectType": "Agent", "account": {"homePage": "https://lms.example.org", "name": "ben"}},
        "verb": {"id": "http://adlnet.gov/expapi/verbs/answered", "display": {"en": "answered"}},
        "object": {"id": "https://lms.example.org/xblock/problem-1", "objectType": "Activity"},
        "context": {
            "contextActivities": {
                "parent": [
                    {
                        "id": "https://lms.example.org/course/course-v1:Uni+CS101+2026",
                        "definition": {"type": "http://adlnet.gov/expapi/activities/course"},
                    }
                ]
            }
        },
        "timestamp": iso(wall_clock() - 60_000),
        **fields,
    }


async def send(site: Campus, body: Any, status: int = 200, **query: str) -> Any:
    reply = await site.lms.post(
        "/v1/xapi/statements",
        params=query,
        content=json.dumps(body),
        headers={"Content-Type": "application/json", "X-Experience-API-Version": "1.0.3"},
    )
    assert reply.status_code == status, reply.text
    return reply.json()


async def activity(site: Campus) -> list[tuple[Any, ...]]:
    wanted = ("course_id", "user_id", "verb", "object_type", "score", "progress", "duration_ms")
    rows = Prepared(select(*(table.c[name] for name in wanted)).order_by(table.c.sequence))
    return [tuple(row) for row in await site.node.storage.read(lambda tx: tx.all(rows))]


async def rows(site: Campus) -> tuple[int, int]:
    counts = await site.counts()
    return counts["analytics_statements"], counts["analytics_activity"]


@pytest.mark.parametrize("name", RECORDED)
async def test_what_real_systems_send_is_kept_and_counted(site: Campus, name: str) -> None:
    recorded = RECORDED[name]
    sent = recorded["statement"]
    sent.setdefault("timestamp", iso(wall_clock() - 1_000))
    sent["timestamp"] = iso(wall_clock() - 1_000) if sent["timestamp"] == "now" else sent["timestamp"]
    people = {
        "members": [
            {"user_id": "falcon", "name": "Falcon", "roles": ["learner"], "email": "falcon@example.org"}
        ]
    }
    assert (await site.lms.put(f"/v1/courses/{COURSE}/members", json=people)).status_code == 200
    assert await send(site, sent, **recorded.get("query", {})) == [sent.get("id")] or "id" not in sent
    expected = recorded["activity"]
    assert await activity(site) == ([] if expected is None else [tuple(expected)])


async def test_a_repeat_changes_nothing(site: Campus) -> None:
    one = statement(result={"score": {"scaled": 0.5}})
    assert await send(site, one) == [one["id"]]
    again = {**one, "version": "1.0.0", "stored": iso(wall_clock()), "authority": one["actor"]}
    again["verb"] = {"id": one["verb"]["id"], "display": {"de": "beantwortet"}}
    assert await send(site, [again]) == [one["id"]]
    assert await rows(site) == (1, 1)


async def test_a_group_is_the_same_in_whatever_order_its_members_come(site: Campus) -> None:
    members = [{"mbox": f"mailto:{name}@example.org", "name": name} for name in ("ben", "cleo", "dan")]

    def by(*order: int) -> dict[str, Any]:
        team = {"objectType": "Group", "member": [members[number] for number in order]}
        return one | {"context": {"team": team}}

    one = statement()
    await send(site, by(0, 1, 2))
    assert await send(site, by(2, 0, 1)) == [one["id"]]
    await send(site, by(0, 1), 409)
    assert (await rows(site))[0] == 1


async def test_other_content_under_the_same_id_is_409_and_nothing_of_the_request_is_kept(
    site: Campus,
) -> None:
    one = statement()
    await send(site, one)
    changed = {**one, "result": {"success": True}}
    problem = await send(site, [statement(), changed], 409)
    assert (problem["code"], problem["field"]) == ("conflict", "1.id")
    assert await rows(site) == (1, 1)


async def test_two_equal_ids_in_one_request_are_400(site: Campus) -> None:
    one = statement()
    problem = await send(site, [one, statement(), one], 400)
    assert (problem["code"], problem["field"]) == ("invalid", "2.id")
    assert await rows(site) == (0, 0)


BAD: list[tuple[dict[str, Any], str]] = [
    ({"actor": {"name": "Ben"}}, "actor"),
    ({"actor": {"mbox": "mailto:a@b.org", "openid": "https://a.org"}}, "actor"),
    ({"actor": {"mbox": "a@b.org"}}, "mbox"),
    ({"actor": {"objectType": "Person", "mbox": "mailto:a@b.org"}}, "actor"),
    ({"verb": {"id": "answered"}}, "verb.id"),
    ({"verb": {"id": "http://example.org/verbs/did", "display": {"not a tag!": "x"}}}, "verb.display"),
    ({"object": {"objectType": "Activity"}}, "object"),
    ({"object": {"id": "problem 1"}}, "object"),
    ({"result": {"score": {"scaled": 1.5}}}, "result.score.scaled"),
    ({"result": {"score": {"raw": 11, "max": 10}}}, "result.score"),
    ({"result": {"score": {"raw": "10"}}}, "result.score.raw"),
    ({"result": {"duration": "90 minutes"}}, "result.duration"),
    ({"result": {"duration": "-PT5S"}}, "result.duration"),
    ({"result": {"success": "true"}}, "result.success"),
    ({"result": None}, "0.result"),
    ({"actor": {"mbox": "mailto:a@b.org", "name": None}}, "name"),
    ({"timestamp": "yesterday"}, "timestamp"),
    ({"timestamp": "2026-11-22T10:00:00-00:00"}, "timestamp"),
    ({"timestamp": "2026-02-30T10:00:00Z"}, "timestamp"),
    ({"id": "1"}, "id"),
    ({"version": "3.0"}, "0.version"),
    ({"object": {"objectType": "StatementRef", "id": str(UUID(int=1))}, "context": {"platform": "x"}}, "0"),
    ({"context": {"registration": "r"}}, "context.registration"),
    ({"context": {"contextActivities": {"uncle": []}}}, "context.contextActivities.uncle"),
    ({"Actor": {}}, "Actor"),
    ({"result": {"extensions": {"no-iri": 1}}}, "result.extensions"),
]


async def test_what_breaks_the_specification_is_400_with_its_place(site: Campus) -> None:
    for fields, field in BAD:
        problem = await send(site, [statement(**fields)], 400)
        assert problem["code"] == "invalid"
        assert field in problem["field"], (fields, problem)
        assert "payload" not in problem["field"], "a place in what was sent"
    assert await rows(site) == (0, 0)


async def test_what_is_no_json_and_what_is_too_much(site: Campus) -> None:
    for body in (b"{", b'{"score": NaN}', b"[]", b"[1]", b'"x"'):
        reply = await site.lms.post("/v1/xapi/statements", content=body)
        assert (reply.status_code, reply.json()["code"]) == (400, "invalid"), reply.text
    problem = await send(site, [statement() for _ in range(1_001)], 400)
    assert problem["field"] == "body"
    reply = await site.lms.post(
        "/v1/xapi/statements", json=statement(), headers={"X-Experience-API-Version": "0.9"}
    )
    assert (reply.status_code, reply.json()["field"]) == (400, "X-Experience-API-Version")
    async with site.http("ben") as page:
        assert (await page.post("/v1/xapi/statements", json=statement())).status_code == 403
    assert await rows(site) == (0, 0)


async def test_who_or_what_is_not_ours_is_kept_and_not_counted(site: Campus) -> None:
    stranger = {"objectType": "Agent", "account": {"homePage": "https://lms.example.org", "name": "zoe"}}
    await send(
        site, [statement(actor=stranger), statement(context={}), statement(timestamp="2020-07-15T06:58:28Z")]
    )
    assert await rows(site) == (3, 0)
    await send(site, statement(context={}), course_id=COURSE)
    assert await rows(site) == (4, 1)


async def test_an_erased_person_leaves_no_statement(site: Campus) -> None:
    """[LOG5]"""
    await send(site, [statement(), statement()])
    assert (await site.lms.delete("/v1/users/ben")).status_code == 204
    assert await rows(site) == (0, 0)
