"""Rights that change while people are there, tokens, and what an anonymous message tells on the wire."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import orjson
import pytest
from tests.integration.chat_campus import COURSE, Campus, campus


@pytest.fixture
async def site() -> AsyncIterator[Campus]:
    async with campus() as site:
        yield site


async def test_who_is_taken_out_of_the_course_hears_no_more_of_it(site: Campus) -> None:
    """[FAN4] [SUB1] At once, in all its rooms, with a reason; the others go on."""
    ada, ben = await site.come("ada"), await site.come("ben")
    rooms = [
        await ada.open("course"),
        await ada.open("announcement"),
        await ada.open("group", course_id=COURSE, member_ids=["ben"]),
    ]
    private = await ben.open("direct", member_ids=["cleo"])
    for room in (*rooms, private):
        await ben.listen(room["id"])
    await ada.listen(rooms[0]["id"])
    reply = await site.lms.delete(f"/v1/courses/{COURSE}/members/ben")
    assert reply.status_code in {200, 204}
    closed = [await ben.hear("channel.closed") for _ in rooms]
    assert {meta["channel"] for _, meta in closed} == {f"room:{room['id']}" for room in rooms}
    assert {data["reason"] for data, _ in closed} == {"forbidden"}
    await ada.hear("member.left", lambda data: data["user_id"] == "ben")
    ben.events.clear()
    await ada.send(rooms[0]["id"], "without ben")
    await ada.hear("message.sent")
    await ben.settle()
    assert ben.heard("message.sent") == []
    assert list(await ben.rooms()) == [private["id"]]
    for command in ("history.read", "room.members", "room.join"):
        assert (await ben.refused(command, room_id=rooms[0]["id"]))["code"] == "not_found"
    error = await ben.refused("subscribe", channel=f"room:{rooms[0]['id']}")
    assert error["code"] == "not_found"


async def test_who_is_taken_out_has_nothing_unread_there(site: Campus) -> None:
    """[FAN4] Nor on a screen of theirs that comes later: the count of a room that is not theirs is kept nowhere."""
    ada, ben = await site.come("ada"), await site.come("ben")
    room = await ada.open("course")
    private = await ada.open("direct", member_ids=["ben"])
    await ada.send(private["id"])
    await ada.send(room["id"], "for @ben")
    await ben.hear("unread.changed", lambda data: (data["room_id"], data["total"]) == (room["id"], 2))
    await site.lms.delete(f"/v1/courses/{COURSE}/members/ben")
    nothing = {"room_id": room["id"], "unread": 0, "mentions": 0, "total": 1}
    await ben.hear("unread.changed", lambda data: data == nothing)
    other = await site.come("ben", ready=False)
    ready, _ = await other.hear("session.ready")
    told = {one["data"]["room_id"] for one in ready["resumed"]["user:ben"]["latest"]}
    assert told == {private["id"]}


async def test_a_new_member_gets_in_while_connected(site: Campus) -> None:
    ada, eve = await site.come("ada"), await site.come("eve")
    room = await ada.open("course")
    await ada.listen(room["id"])
    assert (await eve.refused("subscribe", channel=f"room:{room['id']}"))["code"] == "not_found"
    await site.enrol({"eve": "learner"})
    await eve.hear("unread.changed", lambda data: data["room_id"] == room["id"])
    await ada.hear("member.joined", lambda data: (data["user_id"], data["name"]) == ("eve", "Eve"))
    await eve.listen(room["id"])
    await eve.send(room["id"], "Hello!")
    assert (await ada.hear("message.sent"))[0]["author"]["user_id"] == "eve"


async def test_a_learner_who_becomes_an_assistant_may_post_announcements(site: Campus) -> None:
    ada, ben = await site.come("ada"), await site.come("ben")
    room = await ada.open("announcement")
    assert (await ben.refused("message.send", key="k1", room_id=room["id"], text="x"))["code"] == "forbidden"
    await site.enrol({"ben": "teaching_assistant"})
    await ben.send(room["id"], "Office hours moved.")
    await site.enrol({"ben": "learner"})
    assert (await ben.refused("message.send", key="k2", room_id=room["id"], text="x"))["code"] == "forbidden"


async def test_claims_bring_somebody_into_the_rooms_and_take_them_out(site: Campus) -> None:
    """[SES2] [FAN4] A refreshed token without the course ends the rights that came with the first."""
    ada = await site.come("ada")
    room = await ada.open("course")
    dora = await site.come("dora", courses={COURSE: ["learner"]})
    await dora.listen(room["id"])
    await dora.do("auth.refresh", token=site.token("dora", courses={}))
    data, meta = await dora.hear("channel.closed")
    assert (data["reason"], meta["channel"]) == ("forbidden", f"room:{room['id']}")
    assert await dora.rooms() == {}


async def test_an_anonymous_message_tells_nobody_who_wrote_it(site: Campus) -> None:
    """Not in events, metas, histories, newest values, counts or answers to others."""
    ada, ben, cleo = await asyncio.gather(*(site.come(user_id) for user_id in ("ada", "ben", "cleo")))
    room = await ada.open("discussion")
    for person in (ada, ben, cleo):
        await person.listen(room["id"])
    for person in (ada, cleo):
        await person.hear("presence.changed", lambda data: data["user_id"] == "ben")
        person.events.clear()
    payload = {"room_id": room["id"], "text": "What is a monad?", "anonymous": True}
    sent = (await ben.do("message.send", key="ben-wrote-this", **payload))["message"]
    await ben.do("message.edit", key="ben-2", message_id=sent["id"], text="And a functor?", version=1)
    await ben.do("receipt.mark", room_id=room["id"], read=sent["id"])
    await cleo.hear("receipt.changed", lambda data: data["user_id"] == "ben")
    for person in (cleo, ada):
        events = [await person.hear("message.sent"), await person.hear("message.edited")]
        page = await person.do("history.read", room_id=room["id"])
        rooms = await person.rooms()
        error = await person.refused("message.edit", key="x", message_id=sent["id"], text="x", version=2)
        seen = orjson.dumps([events, page, rooms, error]).decode().lower()
        assert "ben" not in seen
        assert "functor" in seen
    await ben.do("message.delete", key="ben-3", message_id=sent["id"])
    data, meta = await cleo.hear("message.deleted")
    assert "actor" not in meta
    assert "ben" not in orjson.dumps(data).decode()
    late = await site.come("cleo")
    answer = await late.listen(room["id"], since={"epoch": meta["epoch"], "offset": 0})
    await late.settle()
    assert answer["recovered"]
    told = [event for event in late.events if event[0].startswith("message.")]
    assert len(told) == 3
    assert "ben" not in orjson.dumps(told).decode().lower()


@pytest.mark.parametrize(
    ("auth", "code"),
    [
        (None, "auth_missing"),
        ({}, "auth_missing"),
        ([], "auth_missing"),
        ({"token": ""}, "auth_missing"),
        ({"token": 5}, "auth_invalid"),
        ({"token": {"a": 1}}, "auth_invalid"),
        ({"token": "junk"}, "auth_invalid"),
        ({"token": "a.b.c"}, "auth_invalid"),
        ({"token": "\ud800.b.c"}, "invalid"),
        ({"token": "x" * 20_000}, "invalid"),
    ],
)
async def test_a_token_that_is_none_is_refused(site: Campus, auth: object, code: str) -> None:
    person = await site.knock("mallory", auth)
    assert person.refusal["data"]["code"] == code
    assert person.refusal["data"]["retryable"] is False
    await (await site.come("ben")).settle()


async def test_tokens_that_are_not_for_us_are_refused(site: Campus) -> None:
    """[SES1] Forged, expired, for other namespaces, with an unsigned header: each with the contract's code."""
    forged = site.token("ben")
    head, body, signature = forged.split(".")
    other = site.token("ada").split(".")[1]
    for token, code, retryable in (
        (f"{head}.{other}.{signature}", "auth_invalid", False),
        (f"eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0.{body}.", "auth_invalid", False),
        (site.token("ben", ttl_s=-60), "auth_expired", True),
        (site.token("ben", namespaces=["/analytics"]), "forbidden", False),
    ):
        person = await site.knock("ben", {"token": token})
        assert (person.refusal["data"]["code"], person.refusal["data"]["retryable"]) == (code, retryable)


async def test_a_refresh_with_somebody_elses_token_changes_nothing(site: Campus) -> None:
    """[SES2]"""
    ben = await site.come("ben")
    error = await ben.refused("auth.refresh", token=site.token("ada"))
    assert (error["code"], error["field"]) == ("auth_invalid", "token")
    assert (await ben.refused("auth.refresh", token="junk"))["code"] == "auth_invalid"
    assert (await ben.refused("auth.refresh", token="\ud800"))["code"] in {"auth_invalid", "invalid"}
    error = await ben.refused("room.open", key="k", kind="course", course_id=COURSE, title="Not ada's")
    assert error["code"] == "forbidden"


async def test_the_lms_reads_and_lists_every_open_room_over_the_socket(site: Campus) -> None:
    ada, lms = await site.come("ada"), await site.come("lms", roles=["service"])
    room = await ada.open("course")
    assert list(await lms.rooms()) == [room["id"]]
    await lms.listen(room["id"])
    await ada.send(room["id"], "hello")
    await lms.hear("message.sent")
