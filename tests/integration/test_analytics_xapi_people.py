"""Statements that name people besides the one whom they are about; and many of them in one request."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from sqlalchemy import select
from tests.integration.chat_campus import COURSE, Campus, campus

from coursewire.namespaces.analytics import store
from coursewire.namespaces.analytics.http.xapi import SLICE, read
from coursewire.namespaces.analytics.store.statements import statements
from coursewire.realtime.transaction import Transaction
from coursewire.storage.engine import wall_clock
from coursewire.storage.statement import Prepared
from coursewire.vocabulary import iso, new_id

Json = dict[str, Any]
_STATEMENTS = Prepared(select(statements.c.statement))


@pytest.fixture
async def site() -> AsyncIterator[Campus]:
    async with campus() as site:
        yield site


def statement(**fields: Any) -> Json:
    return {
        "id": new_id(),
        "actor": agent("ben"),
        "verb": {"id": "http://adlnet.gov/expapi/verbs/answered"},
        "object": {"id": "https://lms.example.org/problem-1"},
        "timestamp": iso(wall_clock() - 60_000),
        **fields,
    }


async def send(site: Campus, body: Any) -> None:
    reply = await site.lms.post("/v1/xapi/statements", json=body, params={"course_id": COURSE})
    assert reply.status_code == 200, reply.text


def agent(name: str) -> Json:
    return {"account": {"homePage": "https://lms.example.org", "name": name}}


NAMING_DAN: dict[str, Json] = {
    "instructor": {"context": {"instructor": agent("dan")}},
    "team": {"context": {"team": {"objectType": "Group", "member": [agent("cleo"), agent("dan")]}}},
    "a group of teachers": {"context": {"instructor": {"objectType": "Group", "member": [agent("dan")]}}},
    "a group that did it": {"actor": {"objectType": "Group", "member": [agent("ben"), agent("dan")]}},
    "whom it is about": {"object": {"objectType": "Agent", **agent("dan")}},
    "authority": {"authority": agent("dan")},
    "by address": {"context": {"instructor": {"mbox": "mailto:dan@example.edu"}}},
    "2.0, an agent": {"context": {"contextAgents": [{"objectType": "contextAgent", "agent": agent("dan")}]}},
    "2.0, a group": {
        "context": {
            "contextGroups": [
                {"objectType": "contextGroup", "group": {"objectType": "Group", "member": [agent("dan")]}}
            ]
        }
    },
    "a plan": {
        "object": {
            "objectType": "SubStatement",
            "actor": agent("dan"),
            "verb": {"id": "http://adlnet.gov/expapi/verbs/answered"},
            "object": {"id": "https://lms.example.org/problem-1"},
        }
    },
    "a plan about them": {
        "object": {
            "objectType": "SubStatement",
            "actor": agent("cleo"),
            "verb": {"id": "http://adlnet.gov/expapi/verbs/answered"},
            "object": {"objectType": "Agent", **agent("dan")},
        }
    },
}


@pytest.mark.parametrize("where", NAMING_DAN)
async def test_statements_that_name_somebody_else_besides_are_erased_with_them(
    site: Campus, where: str
) -> None:
    """[LOG5] What it told of the one whom it is about stays."""
    person = {"user_id": "dan", "name": "Dan", "roles": ["instructor"], "email": "dan@example.edu"}
    members = await site.lms.put(f"/v1/courses/{COURSE}/members", json={"members": [person]})
    assert members.status_code < 300, members.text
    await send(site, [statement(**NAMING_DAN[where]), statement()])
    before = await site.counts()
    assert before["analytics_statement_people"] >= 1
    assert (await site.lms.delete("/v1/users/dan")).status_code == 204
    after = await site.counts()
    assert (after["analytics_statements"], after["analytics_statement_people"]) == (1, 0)
    assert after["analytics_activity"] == before["analytics_activity"]
    kept = await site.node.storage.read(lambda tx: [row.statement for row in tx.all(_STATEMENTS)])
    assert all('"dan"' not in text for text in kept)


async def test_who_was_named_goes_with_old_statements(site: Campus) -> None:
    await send(site, [statement(**NAMING_DAN["team"])])
    assert (await site.counts())["analytics_statement_people"] == 2
    later = wall_clock() + 1

    def trim(raw: Any) -> int:
        return store.trim_statements(Transaction(raw, "/analytics", None, {}), later, 10)

    assert await site.node.storage.write(trim) == 1
    counts = await site.counts()
    assert (counts["analytics_statements"], counts["analytics_statement_people"]) == (0, 0)


async def test_a_thousand_statements_leave_the_event_loop_its_turns() -> None:
    turns = 0

    def turn() -> None:
        nonlocal turns
        turns += 1
        again.append(asyncio.get_running_loop().call_soon(turn))

    again: list[asyncio.Handle] = []
    turn()
    given = await read(json.dumps([statement() for _ in range(1_000)]).encode())
    again[-1].cancel()
    assert len(given) == 1_000
    assert turns >= 1_000 // SLICE
