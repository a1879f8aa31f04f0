"""Who types and who is here, as others see it."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from tests.integration.chat_campus import COURSE, Campus, Person, campus

from coursewire.namespaces.chat import typing
from coursewire.realtime import here


@pytest.fixture
async def site(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Campus]:
    monkeypatch.setattr(here, "GRACE_S", 0.05)  # whoever is gone is shown as gone after this
    monkeypatch.setattr(typing, "EXPIRES_S", 3_600.0)  # typing ends because somebody ends it or goes
    async with campus() as site:
        yield site


async def _together(site: Campus) -> tuple[Person, Person, str]:
    ada, ben = await site.come("ada"), await site.come("ben", "polling")
    room_id = (await ada.open("discussion"))["id"]
    for person in (ada, ben):
        await person.listen(room_id)
    return ada, ben, room_id


async def test_typing_is_the_whole_list_and_ends(site: Campus) -> None:
    ada, ben, room_id = await _together(site)
    await ben.do("typing.set", room_id=room_id, active=True)
    data, meta = await ada.hear("typing.changed")
    assert data == {"room_id": room_id, "users": [{"user_id": "ben", "name": "Ben"}]}
    assert meta["channel"] == f"room:{room_id}"
    assert "offset" not in meta
    await ada.do("typing.set", room_id=room_id, active=True)
    data, _ = await ben.hear("typing.changed", lambda data: len(data["users"]) == 2)
    assert [user["user_id"] for user in data["users"]] == ["ben", "ada"]
    await ben.do("typing.set", room_id=room_id, active=False)
    await ada.hear("typing.changed", lambda data: [user["user_id"] for user in data["users"]] == ["ada"])


async def test_typing_expires_by_itself(site: Campus, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(typing, "EXPIRES_S", 0.05)
    ada, ben, room_id = await _together(site)
    await ben.do("typing.set", room_id=room_id, active=True)
    await ada.hear("typing.changed", lambda data: data["users"] != [])
    await ada.hear("typing.changed", lambda data: data["users"] == [])


async def test_who_goes_types_no_more(site: Campus) -> None:
    ada, ben, room_id = await _together(site)
    await ben.do("typing.set", room_id=room_id, active=True)
    await ada.hear("typing.changed", lambda data: data["users"] != [])
    await ben.leave()
    await ada.hear("typing.changed", lambda data: data["users"] == [])


async def test_typing_needs_no_subscription_but_the_right_to_one(site: Campus) -> None:
    ada, ben, room_id = await _together(site)
    cleo, eve = await site.come("cleo"), await site.come("eve")
    await cleo.do("typing.set", room_id=room_id, active=True)
    await ada.hear("typing.changed", lambda data: [user["user_id"] for user in data["users"]] == ["cleo"])
    hidden = await eve.refused("typing.set", room_id=room_id, active=True)
    absent = await eve.refused("typing.set", room_id="nowhere", active=True)
    assert hidden == absent
    assert (hidden["code"], hidden["field"]) == ("not_found", "room_id")
    await ben.settle()
    assert all("eve" not in str(data) for _, data in ben.heard("typing.changed"))


async def test_people_are_seen_as_they_want_to_be(site: Campus) -> None:
    ada, ben, _ = await _together(site)

    async def seen(status: str) -> None:
        data, _ = await ada.hear(
            "presence.changed", lambda data: (data["user_id"], data["status"]) == ("ben", status)
        )
        assert data["last_seen_at"].endswith("Z")

    await seen("online")
    for status in ("away", "busy"):
        answer = await ben.do("presence.set", status=status)
        assert (answer["presence"]["user_id"], answer["presence"]["status"]) == ("ben", status)
        await seen(status)
    assert (await ben.do("presence.set", status="invisible"))["presence"]["status"] == "offline"
    await seen("offline")
    await ben.do("presence.set", status="online")
    await seen("online")


async def test_the_last_connection_that_goes_makes_one_offline(site: Campus) -> None:
    ada, ben, room_id = await _together(site)
    phone = await site.come("ben")
    await phone.listen(room_id)
    await ada.hear("presence.changed", lambda data: data["user_id"] == "ben")
    await ben.leave()
    await phone.do("presence.set", status="away")
    await ada.hear("presence.changed", lambda data: (data["user_id"], data["status"]) == ("ben", "away"))
    await phone.leave()
    await ada.hear("presence.changed", lambda data: (data["user_id"], data["status"]) == ("ben", "offline"))


async def test_who_comes_later_learns_who_is_here(site: Campus) -> None:
    ada, ben, room_id = await _together(site)
    await ben.do("presence.set", status="busy")
    await ada.hear("presence.changed", lambda data: data["status"] == "busy")
    cleo = await site.come("cleo")
    latest = (await cleo.listen(room_id))["latest"]
    shown = {
        value["data"]["user_id"]: value["data"]["status"]
        for value in latest
        if value["event"] == "presence.changed"
    }
    assert shown == {"ada": "online", "ben": "busy"}


async def test_who_is_invisible_comes_and_goes_unseen(site: Campus) -> None:
    """Going does not tell either that one was there until now."""
    ada, ben, room_id = await _together(site)
    await ben.do("presence.set", status="invisible")
    await ada.hear("presence.changed", lambda data: data["status"] == "offline")
    ada.events.clear()
    await ben.leave()
    cleo = await site.come("cleo")
    await cleo.listen(room_id)
    await cleo.leave()
    # By now ben, who went before cleo, would have been told of.
    await ada.hear("presence.changed", lambda data: (data["user_id"], data["status"]) == ("cleo", "offline"))
    assert [data for _, data in ada.heard("presence.changed") if data["user_id"] == "ben"] == []


async def _shown(site: Campus, room_id: str) -> set[str]:
    """Whom somebody who comes later is told of."""
    cleo = await site.come("cleo")
    latest = (await cleo.listen(room_id))["latest"]
    await cleo.leave()
    return {value["data"]["user_id"] for value in latest if value["event"] == "presence.changed"}


async def test_who_is_taken_out_is_shown_to_nobody_who_comes_later(site: Campus) -> None:
    """[FAN4] Whoever is there sees them go; that they are somewhere else still is nobody's business."""
    ada, ben, room_id = await _together(site)
    await site.lms.delete(f"/v1/courses/{COURSE}/members/ben")
    await ben.hear("channel.closed")
    await ada.hear("presence.changed", lambda data: (data["user_id"], data["status"]) == ("ben", "offline"))
    assert "ben" not in await _shown(site, room_id)
    await ben.do("presence.set", status="busy")
    assert "ben" not in await _shown(site, room_id)


async def test_who_was_erased_is_shown_to_nobody_who_comes_later(site: Campus) -> None:
    """[LOG5] Their sessions end before their rights are asked for."""
    ada, _, room_id = await _together(site)
    await site.lms.delete("/v1/users/ben")
    await ada.hear("presence.changed", lambda data: (data["user_id"], data["status"]) == ("ben", "offline"))
    assert "ben" not in await _shown(site, room_id)
