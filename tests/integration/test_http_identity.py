"""Courses, members and tokens by HTTP, and what every route answers when something is wrong."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import APIRouter
from starlette.responses import Response
from tests.integration.http_campus import SECRET, Campus, campus

from coursewire import log
from coursewire.errors import CODES, CoursewireError
from coursewire.identity.access import CallerOf, TellingTransaction, WorkOf
from coursewire.identity.contract import CourseSaved, MembersChanged, UserSaved
from coursewire.identity.tokens import Issuer, Verifier
from coursewire.vocabulary import Model, milliseconds


@pytest.fixture
async def running(tmp_path: Path) -> AsyncIterator[Campus]:
    async with campus(tmp_path) as running:
        yield running


def problem(response: httpx.Response, status: int, code: str) -> dict[str, Any]:
    """Check that a reply is a problem document of this status and code, and return it."""
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    document: dict[str, Any] = response.json()
    assert document["status"] == status
    assert document["code"] == code
    assert code in CODES
    assert document["title"]
    assert document["detail"]
    assert isinstance(document["retryable"], bool)
    return document


def line(user_id: str, *roles: str) -> dict[str, Any]:
    return {"user_id": user_id, "name": user_id.title(), "roles": list(roles)}


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
    async with httpx.AsyncClient(base_url=running.url) as anybody, teacher:
        for method, path, body in ROUTES:
            refused = await anybody.request(method, path, json=body)
            problem(refused, 401, "auth_missing")
            assert refused.headers["www-authenticate"].startswith("Bearer")
            problem(await teacher.request(method, path, json=body), 403, "forbidden")
    assert running.facts == []


async def test_authorization_that_is_no_good(running: Campus) -> None:
    async with httpx.AsyncClient(base_url=running.url) as client:
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


# Bad input


WRONG_MEMBERS: list[tuple[Any, str]] = [
    ({"members": [line("a"), line("b"), line("c"), line("not an id")]}, "members.3.user_id"),
    ({"members": [line("a"), {"user_id": "b", "name": ""}]}, "members.1.name"),
    ({"members": [line("a", "instuctor")]}, "members.0.roles.0"),
    ({"members": [line("a", "service")]}, "members.0.roles.0"),
    ({"members": [line("a"), line("a")]}, "members.1.user_id"),
    ({"members": "everybody"}, "members"),
    ({"members": [7]}, "members.0"),
    ({}, "members"),
]


async def test_a_wrong_field_is_named(running: Campus) -> None:
    await running.lms.put("/v1/courses/cs101", json={"title": "Computing"})
    for body, field in WRONG_MEMBERS:
        reply = await running.lms.put("/v1/courses/cs101/members", json=body)
        assert problem(reply, 422, "invalid")["field"] == field
    assert (await running.lms.get("/v1/courses/cs101")).json()["course"]["member_count"] == 0


async def test_a_thousand_wrong_fields_are_not_all_named(running: Campus) -> None:
    body = {"members": [line("not an id")] * 1_000}
    found = problem(await running.lms.put("/v1/courses/cs101/members", json=body), 422, "invalid")
    assert len(found["errors"]) == 20


async def test_a_body_that_is_no_object(running: Campus) -> None:
    headers = {"Content-Type": "application/json"}
    for body in (b"", b"{", b"[1]", b"null", b"\xff\xfe", b"[" * 100_000):
        reply = await running.lms.put("/v1/courses/cs101", content=body, headers=headers)
        assert reply.status_code in {400, 422}
        problem(reply, reply.status_code, "invalid")


async def test_wrong_parameters_are_named(running: Campus) -> None:
    reply = await running.lms.get("/v1/courses/cs101/members", params={"limit": "many"})
    assert problem(reply, 422, "invalid")["field"] == "limit"
    reply = await running.lms.get("/v1/courses/not%20an%20id")
    assert problem(reply, 422, "invalid")["field"] == "course_id"


async def test_a_body_above_the_bound_is_refused_before_it_is_read(tmp_path: Path) -> None:
    async with campus(tmp_path, max_body_bytes=1_000) as running:
        exact = b'{"title":"' + b"x" * 100 + b'"}'
        exact += b" " * (1_000 - len(exact))
        headers = {"Content-Type": "application/json"}
        fits = await running.lms.put("/v1/courses/cs101", content=exact, headers=headers)
        assert fits.status_code == 200
        problem(
            await running.lms.put("/v1/courses/cs101", content=exact + b" ", headers=headers),
            413,
            "too_large",
        )

        async def without_length() -> AsyncIterator[bytes]:
            for _ in range(11):
                yield b" " * 100

        chunked = await running.lms.put("/v1/courses/cs101", content=without_length(), headers=headers)
        problem(chunked, 413, "too_large")
        assert (await running.lms.get("/v1/courses/cs101")).status_code == 200


async def test_a_route_that_is_not_there(running: Campus) -> None:
    problem(await running.lms.get("/v1/nothing"), 404, "not_found")
    wrong = await running.lms.patch("/v1/courses/cs101", json={})
    problem(wrong, 405, "invalid")
    assert set(wrong.headers["allow"].split(", ")) <= {"GET", "PUT"}


# Errors of routes


class Echo(Model):
    """What the test's route answers."""

    user_id: str


class Note(Model):
    """Something that may be taken back."""

    id: str
    text: str


class Noted(Model):
    """What the test's other route answers."""

    note: Note


ERRORS: dict[str, Exception] = {
    kind.code: kind("too bad", field="f", retry_after_ms=1_001, details={"version": 3})
    for kind in CoursewireError.__subclasses__()
} | {"bug": RuntimeError("SELECT secret FROM users")}


def failing_routes() -> APIRouter:
    router = APIRouter()

    @router.get("/fail/{code}")
    async def fail(code: str) -> None:
        raise ERRORS[code]

    @router.post("/fail/{code}")
    async def fail_in_transaction(code: str, work: WorkOf) -> Response:
        def run(_: TellingTransaction) -> None:
            raise ERRORS[code]

        return await work.write("test", run)

    @router.post("/nothing")
    async def nothing(work: WorkOf) -> Response:
        return await work.write("test", lambda _: None, status=201)

    @router.post("/notes")
    async def note(work: WorkOf) -> Response:
        def run(tx: TellingTransaction) -> Noted:
            tx.subject = "n1"
            return Noted(note=Note(id="n1", text="regretted"))

        return await work.write("/notes", run)

    @router.get("/me")
    async def me(caller: CallerOf) -> Echo:
        return Echo(user_id=caller.user_id)

    return router


@pytest.fixture
async def failing(tmp_path: Path) -> AsyncIterator[Campus]:
    async with campus(tmp_path, routers=[failing_routes()]) as running:
        yield running


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_every_error_of_the_contract_is_a_problem(failing: Campus, method: str) -> None:
    for code in CODES:
        error = ERRORS[code]
        assert isinstance(error, CoursewireError)
        reply = await failing.lms.request(method, f"/fail/{code}")
        assert problem(reply, error.status, code) == {
            "type": f"urn:coursewire:error:{code}",
            "title": type(error).__doc__,
            "status": error.status,
            "detail": "too bad",
            "code": code,
            "retryable": error.retryable,
            "field": "f",
            "retry_after_ms": 1_001,
            "details": {"version": 3},
        }
        assert reply.headers["retry-after"] == "2"


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_a_bug_of_ours_shows_nothing_and_is_in_the_log(
    failing: Campus, caplog: pytest.LogCaptureFixture, method: str
) -> None:
    with caplog.at_level(logging.ERROR):
        reply = await failing.lms.request(method, "/fail/bug")
        found = problem(reply, 500, "internal")
        assert (await failing.lms.get("/me")).json() == {"user_id": "lms"}
    assert "SELECT" not in reply.text
    assert "Traceback" not in reply.text
    [record] = [record for record in caplog.records if record.name == "coursewire.http.guard"]
    assert found["instance"] in record.getMessage()
    assert record.exc_info is not None
    assert record.exc_info[1] is ERRORS["bug"]


async def test_a_reply_with_nothing_in_it_stays_empty_when_repeated(failing: Campus) -> None:
    for replayed in (None, "true"):
        reply = await failing.lms.post("/nothing", headers={"Idempotency-Key": "k"})
        assert (reply.status_code, reply.content) == (204, b"")
        assert reply.headers.get("idempotency-replayed") == replayed


async def test_what_was_taken_back_is_not_in_a_repeated_reply(failing: Campus) -> None:
    """[LOG5] A remembered reply is a copy too."""
    key = {"Idempotency-Key": "k"}
    assert (await failing.lms.post("/notes", headers=key)).json() == {
        "note": {"id": "n1", "text": "regretted"}
    }
    await failing.storage.write(lambda tx: log.redact(tx, "/notes", "n1", b'{"id":"n1","text":""}'))
    again = await failing.lms.post("/notes", headers=key)
    assert again.headers["idempotency-replayed"] == "true"
    assert again.json() == {"note": {"id": "n1", "text": ""}}


# The application itself


async def test_openapi_tells_every_route_and_its_problems(running: Campus) -> None:
    async with httpx.AsyncClient(base_url=running.url) as anybody:
        described = (await anybody.get("/openapi.json")).json()
    assert described["paths"].keys() == {
        "/v1/courses/{course_id}",
        "/v1/courses/{course_id}/members",
        "/v1/courses/{course_id}/members/{user_id}",
        "/v1/tokens",
    }
    for path in described["paths"].values():
        for operation in path.values():
            assert "application/problem+json" in operation["responses"]["default"]["content"]
            assert "422" not in operation["responses"]


@pytest.mark.parametrize(("docs", "status"), [(True, 200), (False, 404)])
async def test_the_pages_about_routes_are_for_development(tmp_path: Path, *, docs: bool, status: int) -> None:
    async with campus(tmp_path, docs=docs) as running:
        assert (await running.lms.get("/docs")).status_code == status
        assert (await running.lms.get("/redoc")).status_code == 404


async def test_pages_of_allowed_origins_only_may_read_replies(tmp_path: Path) -> None:
    async with campus(tmp_path, allowed_origins=["https://lms.example"]) as running:
        for origin, allowed in [
            ("https://lms.example", "https://lms.example"),
            ("https://evil.example", None),
        ]:
            reply = await running.lms.get("/v1/courses/cs101", headers={"Origin": origin})
            assert reply.headers.get("access-control-allow-origin") == allowed
        asked = {
            "Origin": "https://lms.example",
            "Access-Control-Request-Method": "PUT",
            "Access-Control-Request-Headers": "authorization, idempotency-key",
        }
        assert (await running.lms.options("/v1/courses/cs101", headers=asked)).status_code == 200


async def test_replies_are_not_sniffed(running: Campus) -> None:
    reply = await running.lms.get("/v1/nothing")
    assert reply.headers["x-content-type-options"] == "nosniff"
