"""Courses, members and tokens by HTTP: who may, and once for each key."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.integration.http_campus import SECRET, Campus, campus, line, problem

from coursewire.identity.contract import (
    CourseSaved,
    GroupChanged,
    MembersChanged,
    SessionsEnded,
    UserErased,
    UserSaved,
)
from coursewire.identity.tokens import Issuer, Verifier
from coursewire.vocabulary import milliseconds


@pytest.fixture
async def running(tmp_path: Path) -> AsyncIterator[Campus]:
    async with campus(tmp_path) as running:
        yield running


# Ending and erasing


async def test_ending_sessions_and_erasing_are_told(running: Campus) -> None:
    """[SES2] [LOG5] Nothing is answered but that it happened; again, or for somebody unknown, it does no harm."""
    lms = running.lms
    await lms.put("/v1/courses/cs101", json={"title": "Computing"})
    await lms.put("/v1/courses/cs101/members", json={"members": [line("bob")]})
    running.facts.clear()
    for path in ("/v1/users/bob/sessions", "/v1/users/bob", "/v1/users/bob", "/v1/users/nobody"):
        reply = await lms.delete(path)
        assert (reply.status_code, reply.content) == (204, b"")
    assert running.facts == [
        SessionsEnded("bob"),
        MembersChanged("cs101", removed=("bob",)),
        SessionsEnded("bob"),
        UserErased("bob", ("cs101",)),
        *[SessionsEnded("bob"), UserErased("bob")] * 3,  # each request erases twice
        *[SessionsEnded("nobody"), UserErased("nobody")] * 2,
    ]
    assert (await lms.get("/v1/courses/cs101/members")).json() == {"items": []}


@pytest.mark.parametrize("path", ["/v1/users/bob/sessions", "/v1/users/bob"])
async def test_only_the_lms_ends_and_erases(running: Campus, path: str) -> None:
    async with running.client("bob", roles=["administrator"]) as bob:
        problem(await bob.delete(path), 403, "forbidden")
    problem(await running.lms.delete(path.replace("bob", "b!b")), 422, "invalid")
    assert running.facts == []


# Courses and members


async def test_a_course_and_its_members(running: Campus) -> None:
    lms = running.lms
    saved = await lms.put("/v1/courses/cs101", json={"title": "Computing"})
    assert saved.status_code == 200
    assert saved.json() == {"course": {"id": "cs101", "title": "Computing", "member_count": 0}}

    members = [line("ada", "instructor", "teaching_assistant"), line("bob", "learner"), line("cleo")]
    put = await lms.put("/v1/courses/cs101/members", json={"members": members})
    assert put.json() == {"added": 3, "removed": 0, "changed": 0, "member_count": 3}

    page = (await lms.get("/v1/courses/cs101/members", params={"limit": 2})).json()
    assert page == {
        "items": [
            {"user_id": "ada", "name": "Ada", "roles": ["instructor", "teaching_assistant"]},
            {"user_id": "bob", "name": "Bob", "roles": ["learner"]},
        ],
        "next_cursor": "bob",
    }
    rest = (await lms.get("/v1/courses/cs101/members", params={"cursor": page["next_cursor"]})).json()
    assert rest == {"items": [{"user_id": "cleo", "name": "Cleo", "roles": ["learner"]}]}

    replaced = await lms.put(
        "/v1/courses/cs101/members", params={"replace": "true"}, json={"members": [line("bob", "mentor")]}
    )
    assert replaced.json() == {"added": 0, "removed": 2, "changed": 1, "member_count": 1}
    removed = await lms.delete("/v1/courses/cs101/members/bob")
    assert removed.json() == {"added": 0, "removed": 1, "changed": 0, "member_count": 0}
    assert (await lms.get("/v1/courses/cs101")).json()["course"]["member_count"] == 0

    assert running.facts == [
        CourseSaved("cs101", "Computing"),
        UserSaved("ada", "Ada", None),
        UserSaved("bob", "Bob", None),
        UserSaved("cleo", "Cleo", None),
        MembersChanged("cs101", added=("ada", "bob", "cleo")),
        MembersChanged("cs101", removed=("ada", "cleo"), changed=("bob",)),
        MembersChanged("cs101", removed=("bob",)),
    ]


async def test_ten_thousand_members_fit_into_one_request(running: Campus) -> None:
    await running.lms.put("/v1/courses/cs101", json={"title": "Computing"})
    members = [line(f"user-{number}", "learner") for number in range(10_000)]
    put = await running.lms.put("/v1/courses/cs101/members", json={"members": members}, timeout=60)
    assert put.json()["added"] == 10_000
    more = await running.lms.put("/v1/courses/cs101/members", json={"members": [*members, line("one-more")]})
    assert problem(more, 422, "invalid")["field"] == "members"


async def test_lti_role_uris_are_taken(running: Campus) -> None:
    await running.lms.put("/v1/courses/cs101", json={"title": "Computing"})
    uri = "http://purl.imsglobal.org/vocab/lis/v2/membership"
    member = line("ada", f"{uri}/Instructor#TeachingAssistant", f"{uri}#Officer")
    await running.lms.put("/v1/courses/cs101/members", json={"members": [member]})
    page = (await running.lms.get("/v1/courses/cs101/members")).json()
    assert page["items"][0]["roles"] == ["teaching_assistant"]


async def test_unknown_courses(running: Campus) -> None:
    routes: list[tuple[str, str, Any]] = [
        ("GET", "/v1/courses/nowhere", None),
        ("GET", "/v1/courses/nowhere/members", None),
        ("PUT", "/v1/courses/nowhere/members", {"members": []}),
        ("DELETE", "/v1/courses/nowhere/members/ada", None),
    ]
    for method, path, body in routes:
        problem(await running.lms.request(method, path, json=body), 404, "not_found")


# Tokens


async def test_a_token_is_made_for_a_user(running: Campus) -> None:
    body: dict[str, Any] = {
        "user_id": "ada",
        "name": "Ada",
        "roles": ["instructor"],
        "courses": {"cs101": ["Mentor:x"]},
        "ttl_s": 60,
    }
    made = await running.lms.post("/v1/tokens", json=body)
    assert made.status_code == 201
    assert made.headers["cache-control"] == "no-store"
    expires_at = milliseconds(made.json()["expires_at"])
    caller = Verifier(secret=SECRET).verify(made.json()["token"], expires_at - 60_000)
    assert caller.user_id == "ada"
    assert caller.roles == {"instructor"}
    assert caller.courses == {"cs101": {"learner"}}
    assert caller.expires_at == expires_at


WRONG_TOKENS: list[tuple[Any, str]] = [
    ({"name": "Ada"}, "user_id"),
    ({"user_id": "a b", "name": "Ada"}, "user_id"),
    ({"user_id": "ada", "name": "Ada\x07"}, "name"),
    ({"user_id": "ada", "name": "Ada", "roles": ["boss"]}, "roles.0"),
    ({"user_id": "ada", "name": "Ada", "courses": {"cs101": ["boss"]}}, "courses.cs101.0"),
    ({"user_id": "ada", "name": "Ada", "ttl_s": 0}, "ttl_s"),
    ({"user_id": "ada", "name": "Ada", "ttl_s": 10**9}, "ttl_s"),
    ({"user_id": "ada", "name": "Ada", "namespaces": ["chat"]}, "namespaces.0"),
]


async def test_a_token_that_makes_no_sense_is_not_made(running: Campus) -> None:
    for body, field in WRONG_TOKENS:
        found = problem(await running.lms.post("/v1/tokens", json=body), 422, "invalid")
        assert found["field"] == field
        assert found["errors"][0]["field"] == field


async def test_a_token_that_nobody_would_read_is_not_made(running: Campus) -> None:
    body = {"user_id": "ada", "name": "Ada", "courses": {f"c{n}-{'x' * 60}": ["learner"] for n in range(300)}}
    assert problem(await running.lms.post("/v1/tokens", json=body), 413, "too_large")["field"] == "courses"


async def test_without_a_secret_no_tokens_are_made(tmp_path: Path) -> None:
    async with campus(tmp_path, with_issuer=False) as running:
        made = await running.lms.post("/v1/tokens", json={"user_id": "ada", "name": "Ada"})
        problem(made, 503, "disabled")


# Who may


ROUTES: list[tuple[str, str, Any]] = [
    ("PUT", "/v1/courses/cs101", {"title": "Computing"}),
    ("GET", "/v1/courses/cs101", None),
    ("PUT", "/v1/courses/cs101/members", {"members": []}),
    ("GET", "/v1/courses/cs101/members", None),
    ("DELETE", "/v1/courses/cs101/members/ada", None),
    ("POST", "/v1/tokens", {"user_id": "ada", "name": "Ada"}),
]


async def test_server_to_server_routes_need_a_service_token(running: Campus) -> None:
    teacher = running.client(roles=["administrator"], courses={"cs101": ["instructor"]})
    async with httpx.AsyncClient(base_url=running.url, timeout=30) as anybody, teacher:
        for method, path, body in ROUTES:
            refused = await anybody.request(method, path, json=body)
            problem(refused, 401, "auth_missing")
            assert refused.headers["www-authenticate"].startswith("Bearer")
            problem(await teacher.request(method, path, json=body), 403, "forbidden")
    assert running.facts == []


async def test_authorization_that_is_no_good(running: Campus) -> None:
    async with httpx.AsyncClient(base_url=running.url, timeout=30) as client:
        for header in ("Basic YTpi", "Bearer", "junk", "Bearer a.b.c", "Bearer \xff"):
            headers = {b"Authorization": header.encode("latin-1")}
            problem(await client.get("/v1/courses/cs101", headers=headers), 401, "auth_invalid")


async def test_an_expired_token_says_so(running: Campus) -> None:
    old, _ = Issuer(SECRET, clock=lambda: 1_000_000_000).issue("lms", "LMS", roles=["service"])
    reply = await running.lms.get("/v1/courses/cs101", headers={"Authorization": f"Bearer {old}"})
    assert problem(reply, 401, "auth_expired")["retryable"]
    assert old not in reply.text


# Idempotency


async def test_a_repeat_with_the_same_key_gets_the_first_reply_and_does_nothing(running: Campus) -> None:
    """[LOG3] The same holds for routes as for commands."""
    lms, key = running.lms, {"Idempotency-Key": "k1"}
    first = await lms.put("/v1/courses/cs101", json={"title": "One"}, headers=key)
    assert "idempotency-replayed" not in first.headers
    await lms.put("/v1/courses/cs101", json={"title": "Two"})
    again = await lms.put("/v1/courses/cs101", json={"title": "One"}, headers={"Idempotency-Key": '"k1"'})
    assert again.headers["idempotency-replayed"] == "true"
    assert (again.status_code, again.json()) == (first.status_code, first.json())
    assert (await lms.get("/v1/courses/cs101")).json()["course"]["title"] == "Two"


async def test_the_same_key_with_another_request_is_a_conflict(running: Campus) -> None:
    lms, key = running.lms, {"Idempotency-Key": "k1"}
    await lms.put("/v1/courses/cs101", json={"title": "One"}, headers=key)
    for method, path, body in [
        ("PUT", "/v1/courses/cs101", {"title": "Two"}),
        ("PUT", "/v1/courses/cs102", {"title": "One"}),
        ("PUT", "/v1/courses/cs101?x=1", {"title": "One"}),
        ("DELETE", "/v1/courses/cs101/members/ada", None),
    ]:
        reply = await lms.request(method, path, json=body, headers=key)
        assert problem(reply, 409, "conflict")["field"] == "Idempotency-Key"


async def test_keys_belong_to_their_caller(running: Campus) -> None:
    key = {"Idempotency-Key": "k1"}
    await running.lms.put("/v1/courses/cs101", json={"title": "One"}, headers=key)
    async with running.client("other-lms", roles=["service"]) as other:
        reply = await other.put("/v1/courses/cs101", json={"title": "Two"}, headers=key)
    assert reply.json()["course"]["title"] == "Two"


async def test_a_request_that_failed_may_be_tried_again_with_its_key(running: Campus) -> None:
    key, body = {"Idempotency-Key": "k1"}, {"members": [line("ada")]}
    problem(await running.lms.put("/v1/courses/cs101/members", json=body, headers=key), 404, "not_found")
    await running.lms.put("/v1/courses/cs101", json={"title": "One"})
    reply = await running.lms.put("/v1/courses/cs101/members", json=body, headers=key)
    assert reply.json()["added"] == 1
    assert "idempotency-replayed" not in reply.headers


async def test_a_key_that_is_none(running: Campus) -> None:
    for key in ("", "a b", "x" * 129, '""'):
        headers = {"Idempotency-Key": key}
        reply = await running.lms.put("/v1/courses/cs101", json={"title": "One"}, headers=headers)
        assert problem(reply, 422, "invalid")["field"] == "Idempotency-Key"


# Groups


async def test_a_group_over_http(running: Campus) -> None:
    """[FAN4] Made, changed, listed and dissolved; whom it concerns is told."""
    lms, facts = running.lms, running.facts
    await lms.put("/v1/courses/cs101", json={"title": "Computing"})
    await lms.put("/v1/courses/cs101/members", json={"members": [line("bob"), line("cleo")]})
    facts.clear()
    path = "/v1/courses/cs101/groups/red"
    reply = await lms.put(path, json={"title": "Red", "user_ids": ["cleo", "bob"]})
    assert reply.json() == {"group": {"id": "red", "title": "Red", "user_ids": ["bob", "cleo"]}}
    assert facts == [GroupChanged("cs101", "red", added=("cleo", "bob"))]
    assert (await lms.get(path)).json() == reply.json()
    assert (await lms.get("/v1/courses/cs101/groups")).json() == {"items": [{"id": "red", "title": "Red"}]}
    assert (await lms.delete(path)).status_code == 204
    assert (await lms.delete(path)).status_code == 204
    assert facts[1:] == [GroupChanged("cs101", "red", removed=("bob", "cleo"))]
    problem(await lms.get(path), 404, "not_found")


async def test_groups_are_the_lms_own_and_of_people_in_the_course(running: Campus) -> None:
    lms = running.lms
    path = "/v1/courses/cs101/groups/red"
    problem(await lms.put(path, json={"user_ids": []}), 404, "not_found")
    await lms.put("/v1/courses/cs101", json={"title": "Computing"})
    await lms.put("/v1/courses/cs101/members", json={"members": [line("bob")]})
    assert problem(await lms.put(path, json={"user_ids": ["eve"]}), 422, "invalid")["field"] == "user_ids.0"
    many = [f"user-{number}" for number in range(1_001)]
    assert problem(await lms.put(path, json={"user_ids": many}), 422, "invalid")["field"] == "user_ids"
    assert problem(await lms.put(path, json={}), 422, "invalid")["field"] == "user_ids"
    async with running.client("bob", roles=["administrator"]) as bob:
        for ask in (bob.get(path), bob.put(path, json={"user_ids": []}), bob.delete(path)):
            problem(await ask, 403, "forbidden")
