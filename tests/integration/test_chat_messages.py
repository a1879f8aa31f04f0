"""What hangs on messages, on the wire: reactions, replies, threads, pins and calls, and an author who stays unknown."""

from __future__ import annotations

from collections.abc import AsyncIterator
from functools import partial

import orjson
import pytest
from tests.integration.chat_campus import Campus, campus

from coursewire.namespaces.chat import store

THUMB = "\N{THUMBS UP SIGN}"


@pytest.fixture
async def site() -> AsyncIterator[Campus]:
    async with campus() as site:
        yield site


async def test_a_reaction_is_told_to_all_and_known_to_ones_other_devices(site: Campus) -> None:
    """[LOG3] Once for each key."""
    ada, ben, phone = await site.come("ada"), await site.come("ben"), await site.come("ben")
    room = await ada.open("announcement")
    for person in (ada, ben, phone):
        await person.listen(room["id"])
    message = await ada.send(room["id"], "Monday!")
    for _ in range(2):
        answer = await ben.do("message.react", key="k", message_id=message["id"], emoji=THUMB, on=True)
    assert answer["duplicate"]
    assert answer["message"]["reactions"] == [{"emoji": THUMB, "count": 1, "user_ids": ["ben"], "mine": True}]
    for person in (ada, phone):
        data, meta = await person.hear("reaction.changed")
        assert data["reactions"] == [{"emoji": THUMB, "count": 1, "user_ids": ["ben"]}]
        assert data["changed"] == {"user_id": "ben", "emoji": THUMB, "on": True}
        assert (data["text"], meta["actor"]) == ("Monday!", "ben")
        await person.settle()
        assert person.heard("reaction.changed") == []
    page = await ada.do("history.read", room_id=room["id"])
    assert page["items"][0]["reactions"][0]["mine"] is False


async def test_a_thread_and_its_count_by_event_by_page_and_over_http(site: Campus) -> None:
    ada, ben = await site.come("ada"), await site.come("ben")
    room = await ada.open("discussion")
    await ada.listen(room["id"])
    root = await ben.send(room["id"], "How does recursion end?")
    await ben.send(room["id"], "Besides")
    reply = await ada.send(room["id"], "It does not.", thread_id=root["id"], reply_to=root["id"])
    data, _ = await ada.hear("message.sent", lambda data: data["id"] == reply["id"])
    assert data["thread"] == {"replies": 1, "last_at": reply["sent_at"]}
    assert (data["quote"]["text"], data["quote"]["author"]["user_id"]) == (root["text"], "ben")
    async with site.http("ben") as page:
        found = await page.get(f"/v1/rooms/{room['id']}/messages", params={"thread_id": root["id"]})
    items = found.json()["items"]
    assert [item["id"] for item in items] == [root["id"], reply["id"]]
    assert items[0]["thread"]["replies"] == 1


async def test_who_is_called_sees_it_in_the_count(site: Campus) -> None:
    ada, ben, cleo = [await site.come(user_id) for user_id in ("ada", "ben", "cleo")]
    room = await ada.open("course")
    sent = await ben.send(room["id"], "@staff, and @cleo: is it today?")
    assert (sent["mentions"], sent["mention_groups"]) == (["cleo"], ["staff"])
    for person in (ada, cleo):
        data, _ = await person.hear("unread.changed", lambda data: data["mentions"] == 1)
        assert (data["room_id"], data["unread"]) == (room["id"], 1)
        assert (await person.rooms())[room["id"]]["mentions"] == 1


async def test_pins_come_and_go(site: Campus) -> None:
    ada, ben = await site.come("ada"), await site.come("ben")
    room = await ada.open("course")
    await ben.listen(room["id"])
    message = await ben.send(room["id"], "Where is it?")
    refused = await ben.refused("message.pin", key="k", message_id=message["id"])
    assert (refused["code"], refused["field"]) == ("forbidden", "message_id")
    await ada.do("message.pin", key="k1", message_id=message["id"], version=1)
    assert (await ben.hear("message.pinned"))[0]["pinned"] is True
    assert [item["id"] for item in (await ben.do("room.pins", room_id=room["id"]))["items"]] == [
        message["id"]
    ]
    await ada.do("message.pin", key="k2", message_id=message["id"], on=False)
    assert (await ben.hear("message.pinned"))[0]["pinned"] is False
    assert (await ben.do("room.pins", room_id=room["id"]))["items"] == []


async def test_two_edits_of_one_version(site: Campus) -> None:
    """The second gets the message as it is now, and nothing of it is written."""
    ben, phone = await site.come("ben"), await site.come("ben")
    room = await ben.open("direct", member_ids=["cleo"])
    message = await ben.send(room["id"], "one")
    await ben.do("message.edit", key="k1", message_id=message["id"], text="two", version=1)
    error = await phone.refused("message.edit", key="k2", message_id=message["id"], text="three", version=1)
    assert (error["code"], error["field"], error["retryable"]) == ("conflict", "version", False)
    assert (error["details"]["message"]["text"], error["details"]["message"]["version"]) == ("two", 2)


async def test_an_author_who_wants_to_be_unknown_is_on_no_way_out(site: Campus) -> None:
    """Sockets, newest values, pages, lists, HTTP and the events of the channel over HTTP."""
    ada, ben, cleo = [await site.come(user_id) for user_id in ("ada", "ben", "cleo")]
    room = await ada.open("discussion")
    channel = f"room:{room['id']}"
    await cleo.listen(room["id"])
    message = await ben.send(room["id"], "I am lost.", anonymous=True)
    await cleo.do("message.react", key="r", message_id=message["id"], emoji=THUMB, on=True)
    await cleo.send(room["id"], "So am I.", reply_to=message["id"], thread_id=message["id"])
    await ada.do("message.pin", key="p", message_id=message["id"])
    await ben.do("message.edit", key="e", message_id=message["id"], text="I was lost.", version=1)
    await cleo.hear("message.edited")
    await site.node.storage.write(partial(store.index_messages, most=10))
    seen = [
        cleo.events,
        await cleo.do("history.read", room_id=room["id"]),
        await cleo.do("history.read", room_id=room["id"], thread_id=message["id"]),
        await cleo.do("room.pins", room_id=room["id"]),
        await cleo.do("message.search", query="lost"),
        await cleo.do("receipt.read", message_id=message["id"]),
        (await cleo.rooms())[room["id"]],
        await cleo.refused("message.edit", key="x", message_id=message["id"], text="x", version=2),
        await (await site.come("cleo")).listen(room["id"], since={"epoch": "another", "offset": 0}),
    ]
    async with site.http("cleo") as page:
        for route in (f"/v1/rooms/{room['id']}/messages", f"/v1/chat/channels/{channel}/events", "/v1/rooms"):
            reply = await page.get(route)
            assert reply.status_code == 200, reply.text
            seen.append(reply.json())
    told = orjson.dumps(seen).decode().lower()
    assert "i was lost" in told
    # That he is a member of the room and how far he has read others may know.
    told = told.replace('"user_id":"ben","delivered_number":0,"read_number":0', "")
    assert '"ben"' not in told
