"""What every route answers when something is wrong with the request, or with us."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import APIRouter
from starlette.responses import Response
from tests.integration.http_campus import Campus, campus, line, problem

from coursewire import log
from coursewire.errors import CODES, CoursewireError
from coursewire.identity.access import CallerOf, TellingTransaction, WorkOf
from coursewire.vocabulary import Model


@pytest.fixture
async def running(tmp_path: Path) -> AsyncIterator[Campus]:
    async with campus(tmp_path) as running:
        yield running


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
        found = problem(reply, reply.status_code, "invalid")
        assert "method" not in found["detail"], "it is the body that is wrong"
    broken = await running.lms.put("/v1/courses/cs101", content=b'{"title": ', headers=headers)
    assert problem(broken, 422, "invalid")["detail"] == "the body must be JSON: Expecting value"


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


async def test_who_sends_ten_megabytes_before_reading_an_answer_gets_one(tmp_path: Path) -> None:
    async with campus(tmp_path, max_body_bytes=1_000_000) as running:
        for _ in range(3):
            much = await running.lms.put("/v1/courses/cs101", content=b" " * 10_000_000)
            problem(much, 413, "too_large")


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
    async with httpx.AsyncClient(base_url=running.url, timeout=30) as anybody:
        described = (await anybody.get("/openapi.json")).json()
    assert described["paths"].keys() == {
        "/v1/courses/{course_id}",
        "/v1/courses/{course_id}/groups",
        "/v1/courses/{course_id}/groups/{group_id}",
        "/v1/courses/{course_id}/members",
        "/v1/courses/{course_id}/members/{user_id}",
        "/v1/tokens",
        "/v1/users/{user_id}",
        "/v1/users/{user_id}/sessions",
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


async def test_pages_may_read_what_is_refused_before_any_route(tmp_path: Path) -> None:
    """Without its headers a page would see no 413 but a broken connection."""
    async with campus(tmp_path, allowed_origins=["https://lms.example"], max_body_bytes=1_024) as running:
        reply = await running.lms.put(
            "/v1/courses/cs101", headers={"Origin": "https://lms.example"}, json={"title": "x" * 2_000}
        )
        assert reply.status_code == 413
        assert reply.headers["access-control-allow-origin"] == "https://lms.example"


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("text/plain", b'{"title": "Data"}'),
        ("application/x-www-form-urlencoded", b"title=Data"),
        ("application/json", b""),
        ("application/json", b"[]"),
        ("application/json", b"null"),
    ],
)
async def test_what_is_no_json_object_is_told_what_is_wanted(running: Campus, kind: str, body: bytes) -> None:
    reply = await running.lms.put("/v1/courses/cs101", headers={"Content-Type": kind}, content=body)
    assert reply.status_code == 422
    assert reply.json()["detail"] == "the body must be a JSON object, with Content-Type: application/json"


async def test_replies_are_not_sniffed(running: Campus) -> None:
    reply = await running.lms.get("/v1/nothing")
    assert reply.headers["x-content-type-options"] == "nosniff"
