"""Rooms and messages over HTTP, beside people who listen on their sockets."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
import pytest_asyncio
from tests.integration.chat_campus import COURSE, Campus, campus

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def site() -> AsyncIterator[Campus]:
    async with campus() as site:
        yield site


async def _open(client: httpx.AsyncClient, **fields: Any) -> dict[str, Any]:
    reply = await client.post(
        "/v1/rooms", json={"kind": "discussion", "course_id": COURSE, "title": "T", **fields}
    )
    assert reply.status_code == 201, reply.text
    room: dict[str, Any] = reply.json()["room"]
    return room


def _problem(reply: httpx.Response, status: int, code: str, field: str | None = None) -> dict[str, Any]:
    """A problem document as RFC 9457 has it."""
    assert (reply.status_code, reply.headers["content-type"]) == (status, "application/problem+json"), (
        reply.text
    )
    problem: dict[str, Any] = reply.json()
    assert (problem["status"], problem["code"], problem.get("field")) == (status, code, field), problem
    assert problem["title"]
    assert problem["detail"]
    return problem


async def test_the_lms_opens_a_room_and_writes_and_people_hear_it(site: Campus) -> None:
    """[LOG1]"""
    ben = await site.come("ben")
    room = await _open(site.lms, kind="announcement", title="News")
    await ben.hear("unread.changed", lambda data: data["room_id"] == room["id"])
    await ben.listen(room["id"])
    url = f"/v1/rooms/{room['id']}/messages"
    reply = await site.lms.post(url, json={"text": "Exam on Friday", "user_id": "ada", "mentions": ["ben"]})
    assert reply.status_code == 201
    message = reply.json()["message"]
    assert (message["author"], message["number"]) == ({"user_id": "ada", "name": "Ada"}, 1)
    data, meta = await ben.hear("message.sent")
    assert (data, meta["actor"]) == (message, "ada")
    reply = await site.lms.post(url, json={"text": "By the platform"})
    assert reply.json()["message"]["author"]["user_id"] == "lms"
    page = (await site.lms.get(url)).json()
    assert [item["text"] for item in page["items"]] == ["Exam on Friday", "By the platform"]
    assert page["position"]["offset"] == 2
    assert room["id"] in {item["id"] for item in (await site.lms.get("/v1/rooms")).json()["items"]}


async def test_people_use_their_own_token_and_see_what_is_theirs(site: Campus) -> None:
    async with site.http("ben") as ben, site.http("cleo") as cleo, site.http("eve") as eve:
        room = await _open(ben, kind="direct", course_id=None, member_ids=["cleo"])
        url = f"/v1/rooms/{room['id']}/messages"
        sent = (await ben.post(url, json={"text": "hi"})).json()["message"]
        assert [item["id"] for item in (await cleo.get(url)).json()["items"]] == [sent["id"]]
        listed = {item["id"]: item for item in (await cleo.get("/v1/rooms")).json()["items"]}
        assert (listed[room["id"]]["unread"], listed[room["id"]]["others"][0]["user_id"]) == (1, "ben")
        hidden, absent = await eve.get(url), await eve.get("/v1/rooms/nowhere/messages")
        assert _problem(hidden, 404, "not_found", "room_id") == _problem(absent, 404, "not_found", "room_id")
        _problem(await eve.post(url, json={"text": "x"}), 404, "not_found", "room_id")
        _problem(await ben.post(url, json={"text": "x", "user_id": "cleo"}), 403, "forbidden", "user_id")
        _problem(
            await ben.post("/v1/rooms", json={"kind": "course", "course_id": COURSE}),
            403,
            "forbidden",
            "kind",
        )
        _problem(
            await eve.post("/v1/rooms", json={"kind": "discussion", "course_id": COURSE}),
            404,
            "not_found",
            "course_id",
        )


async def test_pages_of_history_and_of_rooms(site: Campus) -> None:
    await _open(site.lms)  # there is another, whichever tests ran before on this campus
    room = await _open(site.lms)
    async with site.http("ada") as ada:
        url = f"/v1/rooms/{room['id']}/messages"
        sent = [(await ada.post(url, json={"text": f"m{n}"})).json()["message"]["id"] for n in range(5)]

        async def read(**query: Any) -> list[str]:
            reply = await ada.get(url, params=query)
            assert reply.status_code == 200, reply.text
            return [item["text"] for item in reply.json()["items"]]

        assert await read() == ["m0", "m1", "m2", "m3", "m4"]
        assert await read(before=sent[3], limit=2) == ["m1", "m2"]
        assert await read(after=sent[3]) == ["m4"]
        assert await read(around=sent[2], limit=3) == ["m1", "m2", "m3"]
        assert await read(thread_id=sent[1]) == ["m1"]
        _problem(await ada.get(url, params={"before": "nowhere"}), 404, "not_found", "before")
        first = (await ada.get("/v1/rooms", params={"limit": 1, "course_id": COURSE})).json()
        assert [item["id"] for item in first["items"]] == [room["id"]]
        rest = (await ada.get("/v1/rooms", params={"cursor": first["next_cursor"]})).json()
        assert room["id"] not in {item["id"] for item in rest["items"]}


async def test_one_key_does_it_once(site: Campus) -> None:
    """[LOG3] Also for two requests at once; another body under the same key is a conflict."""
    room = await _open(site.lms)
    url, headers = f"/v1/rooms/{room['id']}/messages", {"Idempotency-Key": "http-once"}
    replies = await asyncio.gather(
        *(site.lms.post(url, json={"text": "once", "user_id": "ada"}, headers=headers) for _ in range(3))
    )
    assert [reply.status_code for reply in replies] == [201, 201, 201]
    assert len({reply.json()["message"]["id"] for reply in replies}) == 1
    assert sorted(reply.headers.get("idempotency-replayed", "") for reply in replies) == ["", "true", "true"]
    other = await site.lms.post(url, json={"text": "twice", "user_id": "ada"}, headers=headers)
    _problem(other, 409, "conflict", "Idempotency-Key")
    assert len((await site.lms.get(url)).json()["items"]) == 1
    made = [
        await site.lms.post(
            "/v1/rooms", json={"kind": "course", "course_id": COURSE}, headers={"Idempotency-Key": "r"}
        )
        for _ in range(2)
    ]
    assert made[0].json()["room"]["id"] == made[1].json()["room"]["id"]


async def test_what_was_taken_back_does_not_come_back_by_its_key(site: Campus) -> None:
    """[LOG5]"""
    room = await _open(site.lms)
    url, headers = f"/v1/rooms/{room['id']}/messages", {"Idempotency-Key": "secret-key"}
    async with site.http("ben") as ben:
        sent = (await ben.post(url, json={"text": "a secret"}, headers=headers)).json()["message"]
        person = await site.come("ben")
        await person.do("message.delete", key="d", message_id=sent["id"])
        again = await ben.post(url, json={"text": "a secret"}, headers=headers)
        assert again.json()["message"]["text"] == ""
        assert (await ben.get(url)).json()["items"][0]["state"] == "deleted"


async def test_a_token_for_another_namespace_opens_no_room(site: Campus) -> None:
    async with site.http("ada", namespaces=["/analytics"]) as ada:
        for reply in (
            await ada.get("/v1/rooms"),
            await ada.post("/v1/rooms", json={"kind": "course", "course_id": COURSE}),
            await ada.get("/v1/rooms/x/messages"),
            await ada.post("/v1/rooms/x/messages", json={"text": "x"}),
        ):
            _problem(reply, 403, "forbidden")


async def test_a_token_that_is_none_opens_nothing(site: Campus) -> None:
    for headers, code in (
        ({}, "auth_missing"),
        ({"Authorization": "Basic abc"}, "auth_invalid"),
        ({"Authorization": "Bearer junk"}, "auth_invalid"),
        ({"Authorization": f"Bearer {site.token('ada', ttl_s=-60)}"}, "auth_expired"),
    ):
        async with httpx.AsyncClient(base_url=site.url, timeout=30) as nobody:
            reply = await nobody.get("/v1/rooms", headers=headers)
        assert reply.headers["www-authenticate"].startswith("Bearer")
        _problem(reply, 401, code)


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"limit": 0}, "limit"), ({"limit": 1_000}, "limit"), ({"limit": "x"}, "limit"),
        ({"cursor": "junk"}, "cursor"), ({"cursor": "x" * 600}, "cursor"), ({"cursor": ""}, "cursor"),
        ({"cursor": "9" * 30 + "/x"}, "cursor"), ({"course_id": "a b"}, "course_id"), ({"course_id": ""}, "course_id"),
    ],
)  # fmt: skip
async def test_a_bad_query_of_rooms_is_named(site: Campus, query: dict[str, Any], field: str) -> None:
    async with site.http("ada") as ada:
        _problem(await ada.get("/v1/rooms", params=query), 422, "invalid", field)


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"limit": 0}, "limit"), ({"limit": 101}, "limit"), ({"before": "a b"}, "before"),
        ({"before": "a", "after": "b"}, "payload"), ({"thread_id": "x" * 200}, "thread_id"),
    ],
)  # fmt: skip
async def test_a_bad_query_of_history_is_named(site: Campus, query: dict[str, Any], field: str) -> None:
    room = await _open(site.lms)
    async with site.http("ada") as ada:
        _problem(await ada.get(f"/v1/rooms/{room['id']}/messages", params=query), 422, "invalid", field)


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "text"), ({"text": ""}, "text"), ({"text": "x" * 8_001}, "text"), ({"text": 5}, "text"),
        ({"text": "\x00"}, "text"), ({"text": "a", "mentions": "ada"}, "mentions"),
        ({"text": "a", "mentions": ["ada"] * 51}, "mentions"), ({"text": "a", "mentions": ["a b"]}, "mentions.0"),
        ({"text": "a", "reply_to": "nowhere"}, "reply_to"), ({"text": "a", "thread_id": "a b"}, "thread_id"),
        ({"text": "a", "user_id": "a b"}, "user_id"), ({"text": "a", "anonymous": "perhaps"}, "anonymous"),
    ],
)  # fmt: skip
async def test_a_bad_message_is_named_and_not_written(site: Campus, body: dict[str, Any], field: str) -> None:
    room = await _open(site.lms)
    before = await site.counts()
    _problem(await site.lms.post(f"/v1/rooms/{room['id']}/messages", json=body), 422, "invalid", field)
    assert await site.counts() == before


async def test_a_message_that_is_too_long_is_told_by_its_characters(site: Campus) -> None:
    room = (await site.lms.post("/v1/rooms", json={"kind": "course", "course_id": COURSE})).json()["room"]
    reply = await site.lms.post(f"/v1/rooms/{room['id']}/messages", json={"text": "x" * 8_001})
    assert reply.json()["detail"] == "text: must have at most 8000 characters, not 8001"


@pytest.mark.parametrize(
    ("content", "field"),
    [
        (b'{"text": "\\ud800"}', "text"), (b"[]", None), (b"null", None), (b'"text"', None), (b"{", None),
        (b'{"text": "a"', None), (b"\xff\xfe", None), (b"", None),
    ],
)  # fmt: skip
async def test_a_body_that_is_no_object_is_a_problem(site: Campus, content: bytes, field: str | None) -> None:
    room = await _open(site.lms)
    before = await site.counts()
    reply = await site.lms.post(
        f"/v1/rooms/{room['id']}/messages", content=content, headers={"Content-Type": "application/json"}
    )
    _problem(reply, 422, "invalid", field)
    assert await site.counts() == before


@pytest.mark.parametrize(
    ("body", "status", "code", "field"),
    [
        ({}, 422, "invalid", "kind"), ({"kind": "party"}, 422, "invalid", "kind"),
        ({"kind": "course"}, 422, "invalid", "course_id"),
        ({"kind": "course", "course_id": "nowhere"}, 404, "not_found", "course_id"),
        ({"kind": "course", "course_id": COURSE, "title": "a\nb"}, 422, "invalid", "title"),
        ({"kind": "group", "member_ids": ["ada"]}, 422, "invalid", "member_ids"),
        ({"kind": "group", "member_ids": ["ada", "nobody"]}, 422, "invalid", "member_ids.1"),
        ({"kind": "direct", "member_ids": ["ada", "ben", "cleo"]}, 422, "invalid", "member_ids"),
        ({"kind": "group", "member_ids": ["u"] * 201}, 422, "invalid", "member_ids"),
    ],
)  # fmt: skip
async def test_a_bad_room_is_named_and_not_made(
    site: Campus, body: dict[str, Any], status: int, code: str, field: str
) -> None:
    before = await site.counts()
    _problem(await site.lms.post("/v1/rooms", json=body), status, code, field)
    assert await site.counts() == before


async def test_odd_ids_in_the_path(site: Campus) -> None:
    for room_id in ("a%20b", "x" * 129, "%00", "%ff", "..%2Fx"):
        reply = await site.lms.get(f"/v1/rooms/{room_id}/messages")
        assert reply.status_code in {404, 422}, room_id
        assert reply.headers["content-type"] == "application/problem+json"
    _problem(await site.lms.get("/v1/rooms/a%20b/messages"), 422, "invalid", "room_id")


async def test_somebody_unknown_cannot_be_written_for(site: Campus) -> None:
    room = await _open(site.lms)
    url = f"/v1/rooms/{room['id']}/messages"
    _problem(await site.lms.post(url, json={"text": "x", "user_id": "nobody"}), 404, "not_found", "user_id")
    _problem(await site.lms.post(url, json={"text": "x", "user_id": "eve"}), 404, "not_found", "room_id")


async def test_the_lms_makes_tokens_that_open_the_chat(site: Campus) -> None:
    await _open(site.lms)
    reply = await site.lms.post(
        "/v1/tokens", json={"user_id": "fay", "name": "Fay", "courses": {COURSE: ["learner"]}, "ttl_s": 60}
    )
    assert reply.status_code in {200, 201}
    fay = await site.knock("fay", {"token": reply.json()["token"]})
    ready, _ = await fay.hear("session.ready")
    assert (ready["user"], ready["roles"]) == ({"id": "fay", "name": "Fay"}, ["learner"])
    assert await fay.rooms() != {}
    async with site.http("ben") as ben:
        _problem(await ben.post("/v1/tokens", json={"user_id": "ada", "name": "Ada"}), 403, "forbidden")
