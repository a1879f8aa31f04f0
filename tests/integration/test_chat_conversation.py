"""Two people talk, over WebSocket and over polling, with a client that is not ours."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from tests.integration.chat_campus import COURSE, Campus, Person, campus

TRANSPORTS = ("websocket", "polling")


@pytest.fixture
async def site() -> AsyncIterator[Campus]:
    async with campus() as site:
        yield site


@pytest.fixture(params=TRANSPORTS)
async def pair(request: pytest.FixtureRequest, site: Campus) -> tuple[Person, Person]:
    return await site.come("ada", request.param), await site.come("ben", request.param)


async def test_two_people_chat(pair: tuple[Person, Person]) -> None:
    """[LOG2] [FAN2] Both hear both, in one order, with the offsets 1, 2, 3 ..."""
    ada, ben = pair
    room = await ada.open("course", title="General")
    for person in pair:
        answer = await person.listen(room["id"])
        assert (answer["channel"], answer["offset"]) == (f"room:{room['id']}", 0)
    await ada.send(room["id"], "Hello Ben")
    await ben.send(room["id"], "Hello Ada")
    await asyncio.gather(*(person.send(room["id"], f"{index}") for index in range(5) for person in pair))
    heard = []
    for person in pair:
        events = [await person.hear("message.sent") for _ in range(12)]
        assert [meta["offset"] for _, meta in events] == list(range(1, 13))
        assert [data["number"] for data, _ in events] == list(range(1, 13))
        heard.append([data["id"] for data, _ in events])
    assert heard[0] == heard[1]
    data, meta = events[0]
    assert (data["author"]["name"], data["text"], meta["actor"], meta["channel"]) == (
        "Ada", "Hello Ben", "ada", f"room:{room['id']}",
    )  # fmt: skip


async def test_the_life_of_a_message(pair: tuple[Person, Person]) -> None:
    ada, ben = pair
    room = await ada.open("discussion", title="T")
    await ada.listen(room["id"])
    sent = await ben.send(room["id"], "cafe\u0301", mentions=["ada", "stranger"])
    assert (sent["text"], sent["mentions"], sent["version"]) == ("caf\u00e9", ["ada"], 1)
    data, _ = await ada.hear("message.sent")
    assert data == sent
    edited = (await ben.do("message.edit", key="e1", message_id=sent["id"], text="tea", version=1))["message"]
    assert (await ada.hear("message.edited"))[0] == edited
    error = await ben.refused("message.edit", key="e2", message_id=sent["id"], text="milk", version=1)
    assert (error["code"], error["field"], error["details"]["message"]) == ("conflict", "version", edited)
    error = await ada.refused("message.edit", key="e3", message_id=sent["id"], text="x", version=2)
    assert (error["code"], error["field"]) == ("forbidden", "message_id")
    gone = (await ada.do("message.delete", key="d1", message_id=sent["id"], version=2))["message"]
    assert (gone["state"], gone["text"], gone["html"]) == ("deleted", "", "")
    assert (await ada.hear("message.deleted"))[0] == gone


async def test_a_replay_shows_nothing_that_was_taken_back(site: Campus, pair: tuple[Person, Person]) -> None:
    """[LOG5] [SUB2] Also not from what the server remembers of the recent past."""
    ada, ben = pair
    room = await ada.open("course")
    start = await ada.listen(room["id"])
    sent = await ben.send(room["id"], "a secret")
    await ada.hear("message.sent")
    await ben.do("message.delete", key="d", message_id=sent["id"])
    since = {"epoch": start["epoch"], "offset": 0}
    cleo = await site.come("cleo")
    assert (await cleo.listen(room["id"], since=since))["recovered"]
    await cleo.settle()
    replayed = cleo.heard("message.sent", "message.deleted")
    assert [name for name, _ in replayed] == ["message.sent", "message.deleted"]
    assert [data["text"] for _, data in replayed] == ["", ""]


async def test_a_key_says_it_once(pair: tuple[Person, Person]) -> None:
    """[LOG3] Also when the first copy is still running."""
    ada, ben = pair
    room = await ada.open("course")
    await ada.listen(room["id"])
    payload = {"key": "once", "room_id": room["id"], "text": "once"}
    answers = await asyncio.gather(*(ben.do("message.send", **payload) for _ in range(5)))
    assert sorted(answer["duplicate"] for answer in answers) == [False, True, True, True, True]
    assert len({answer["message"]["id"] for answer in answers}) == 1
    error = await ben.refused("message.send", **{**payload, "text": "other"})
    assert (error["code"], error["field"]) == ("conflict", "key")
    await ada.hear("message.sent")
    await ada.settle()
    assert ada.heard("message.sent") == []


async def test_the_direct_room_of_two_is_one_room(pair: tuple[Person, Person]) -> None:
    ada, ben = pair
    rooms = await asyncio.gather(
        ada.open("direct", member_ids=["ben"]), ben.open("direct", member_ids=["ada"])
    )
    assert rooms[0]["id"] == rooms[1]["id"]
    assert [room["others"][0]["name"] for room in rooms] == ["Ben", "Ada"]
    for person in pair:
        data, meta = await person.hear("room.updated")
        assert (data["id"], meta["channel"]) == (rooms[0]["id"], f"user:{person.user_id}")


async def test_rooms_are_joined_and_left(site: Campus, pair: tuple[Person, Person]) -> None:
    ada, ben = pair
    room = await ada.open("discussion", title="Old")
    await ada.listen(room["id"])
    left = (await ben.do("room.leave", room_id=room["id"]))["room"]
    assert (left["joined"], left["member_count"]) == (False, 2)
    assert (await ada.hear("member.left"))[0]["user_id"] == "ben"
    assert not (await ben.rooms())[room["id"]]["joined"]
    joined = (await ben.do("room.join", key="j", room_id=room["id"]))["room"]
    assert (joined["joined"], joined["member_count"]) == (True, 3)
    assert (await ada.hear("member.joined"))[0] == {
        "room_id": room["id"], "user_id": "ben", "name": "Ben", "member_count": 3,
    }  # fmt: skip
    await ada.do("room.update", key="u", room_id=room["id"], title="New")
    assert (await ada.hear("room.updated"))[0]["title"] == "New"
    page = await ben.do("room.members", room_id=room["id"], limit=2)
    rest = await ben.do("room.members", room_id=room["id"], cursor=page["next_cursor"])
    assert [member["name"] for member in page["items"] + rest["items"]] == ["Ada", "Ben", "Cleo"]
    assert rest.get("next_cursor") is None
    assert [member["roles"] for member in page["items"]] == [["instructor"], ["learner"]]
    del site


async def test_a_group_is_for_its_members(site: Campus, pair: tuple[Person, Person]) -> None:
    """[FAN4] Who is taken out hears no more, at once."""
    ada, ben = pair
    cleo = await site.come("cleo")
    group = await ben.open("group", member_ids=["cleo"], title="Us")
    for person in (ben, cleo):
        await person.listen(group["id"])
    assert (await ada.refused("subscribe", channel=f"room:{group['id']}"))["code"] == "not_found"
    await ben.do("room.update", key="u1", room_id=group["id"], add_member_ids=["ada"])
    await ada.hear("room.updated", lambda room: room["id"] == group["id"])
    await ada.listen(group["id"])
    await cleo.do("room.update", key="u2", room_id=group["id"], remove_member_ids=["ben"])
    data, meta = await ben.hear("channel.closed")
    assert (data["reason"], meta["channel"]) == ("forbidden", f"room:{group['id']}")
    ben.events.clear()
    await cleo.send(group["id"], "without ben")
    await ada.hear("message.sent")
    await ben.settle()
    assert ben.heard("message.sent") == []
    assert group["id"] not in await ben.rooms()


async def test_history_goes_both_ways_from_anywhere(pair: tuple[Person, Person]) -> None:
    ada, ben = pair
    room = await ada.open("course")
    sent = [await ada.send(room["id"], f"m{index}") for index in range(1, 8)]

    async def read(**fields: object) -> tuple[list[str], bool, bool]:
        page = await ben.do("history.read", room_id=room["id"], **fields)
        assert page["position"]["offset"] == 7
        return [message["text"] for message in page["items"]], page["has_before"], page["has_after"]

    assert await read(limit=2) == (["m6", "m7"], True, False)
    assert await read(limit=2, before=sent[5]["id"]) == (["m4", "m5"], True, True)
    assert await read(limit=100, before=sent[2]["id"]) == (["m1", "m2"], False, True)
    assert await read(limit=2, after=sent[0]["id"]) == (["m2", "m3"], True, True)
    assert await read(limit=3, around=sent[3]["id"]) == (["m3", "m4", "m5"], True, True)
    assert len((await read())[0]) == 7
    thread = await ben.send(room["id"], "in the thread", thread_id=sent[1]["id"], reply_to=sent[1]["id"])
    page = await ben.do("history.read", room_id=room["id"], thread_id=sent[1]["id"])
    assert [message["id"] for message in page["items"]] == [sent[1]["id"], thread["id"]]


async def test_receipts_and_counts(pair: tuple[Person, Person]) -> None:
    ada, ben = pair
    room = await ada.open("course")
    await ada.listen(room["id"])
    first = await ada.send(room["id"], "one", mentions=["ben"])
    second = await ada.send(room["id"], "two")
    unread, meta = await ben.hear("unread.changed", lambda data: data["unread"] == 2)
    assert unread == {"room_id": room["id"], "unread": 2, "mentions": 1, "total": 2}
    assert meta["channel"] == "user:ben"
    assert "offset" not in meta
    listed = (await ben.rooms())[room["id"]]
    assert (listed["unread"], listed["mentions"], listed["last_message"]["text"]) == (2, 1, "two")
    answer = await ben.do("receipt.mark", room_id=room["id"], delivered=second["id"], read=first["id"])
    assert answer["receipt"] == {
        "room_id": room["id"], "user_id": "ben",
        "delivered_to": second["id"], "delivered_number": 2, "read_to": first["id"], "read_number": 1,
    }  # fmt: skip
    assert answer["unread"] == {"room_id": room["id"], "unread": 1, "mentions": 0, "total": 1}
    data, _ = await ada.hear("receipt.changed", lambda data: data["user_id"] == "ben")
    assert data == answer["receipt"]
    await ben.hear("unread.changed", lambda data: data["unread"] == 1)
    await ben.do("receipt.mark", room_id=room["id"], read=second["id"])
    await ben.hear("unread.changed", lambda data: data["unread"] == data["total"] == 0)
    again = await ben.do("receipt.mark", room_id=room["id"], read=first["id"])
    assert again["receipt"]["read_to"] == second["id"]
    # The newest of everybody comes with the subscription.
    latest = (await ben.listen(room["id"]))["latest"]
    pointers = {
        value["data"]["user_id"]: value["data"]["read_number"]
        for value in latest
        if value["event"] == "receipt.changed"
    }
    assert (pointers["ada"], pointers["ben"]) == (2, 2)


async def test_everybody_of_the_course_hears_of_its_new_room(pair: tuple[Person, Person]) -> None:
    ada, ben = pair
    room = await ada.open("announcement", title="News")
    unread, _ = await ben.hear("unread.changed")
    assert unread["room_id"] == room["id"]
    listed = (await ben.rooms(course_id=COURSE))[room["id"]]
    assert (listed["can_post"], listed["joined"], listed["title"]) == (False, True, "News")
    assert (await ben.refused("message.send", key="k", room_id=room["id"], text="x"))["code"] == "forbidden"


async def test_a_reconnect_brings_what_was_missed_before_it_says_ready(site: Campus) -> None:
    """[SUB4] [SUB2]"""
    ada, ben = await site.come("ada"), await site.come("ben")
    room = await ada.open("course")
    start = await ben.listen(room["id"])
    await ben.leave()
    for index in range(3):
        await ada.send(room["id"], f"m{index}")
    channel = f"room:{room['id']}"
    back = await site.come("ben", resume={channel: {"epoch": start["epoch"], "offset": 0}}, ready=False)
    ready, _ = await back.hear("session.ready")
    assert [data["text"] for _, data in back.heard("message.sent")] == ["m0", "m1", "m2"]
    resumed = ready["resumed"][channel]
    assert (resumed["epoch"], resumed["offset"], resumed["recovered"]) == (start["epoch"], 3, True)
    await ada.send(room["id"], "live")
    assert (await back.hear("message.sent", lambda data: data["text"] == "live"))[1]["offset"] == 4
