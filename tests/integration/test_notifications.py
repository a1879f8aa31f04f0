"""Notifications on real sockets: arriving, being read in one tab and so in all, coming back, catching up."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest
from sqlalchemy import bindparam, update
from tests.integration.chat_campus import COURSE, Campus, campus
from tests.integration.notification_campus import come, finished, hear, post

from coursewire.namespaces.notifications import store, worker
from coursewire.namespaces.notifications.store.tables import items
from coursewire.storage.statement import Prepared
from coursewire.vocabulary import iso, milliseconds, new_id

PASSED = Prepared(update(items).values(snoozed_until=bindparam("until")))
"""The time is up for what was put away."""


@pytest.fixture
async def site() -> AsyncIterator[Campus]:
    async with campus() as site:
        yield site


@pytest.fixture
async def stack() -> AsyncIterator[AsyncExitStack]:
    async with AsyncExitStack() as stack:
        yield stack


async def test_a_course_hears_at_once_and_the_counts_follow(site: Campus, stack: AsyncExitStack) -> None:
    ben, cleo, eve = [await come(stack, site, who) for who in ("ben", "cleo", "eve")]
    started = (await post(site, {"course_id": COURSE, "roles": ["learner"]}, priority="high")).json()
    assert started["recipients"] == 2
    for person in (ben, cleo):
        item, meta = await hear(person, "notification.created")
        assert (item["title"], item["course_id"], item["toast"]) == ("Due on Friday", COURSE, True)
        assert meta["offset"] == 1
        counts, _ = await hear(person, "counts.changed")
        assert (counts["unread"], counts["by_priority"]["high"]) == (1, 1)
    assert (await finished(site, started["delivery_id"]))["reached"] == 2
    await eve.ask("ping", sent_at=0)
    assert eve.named("notification.created") == []


async def test_what_is_read_in_one_tab_is_read_in_all(site: Campus, stack: AsyncExitStack) -> None:
    here, there = await come(stack, site, "ben"), await come(stack, site, "ben")
    await post(site, {"users": ["ben"]})
    item, _ = await hear(here, "notification.created")
    marked = await here.ask("notification.mark", key=new_id(), ids=[item["id"]], **{"as": "read"})
    assert (marked["marked"], marked["counts"]["unread"]) == (1, 0)
    changed, _ = await hear(there, "notification.changed")
    assert changed["id"] == item["id"]
    assert changed["read_at"]
    await hear(there, "counts.changed", lambda counts: counts["unread"] == 0)


async def test_a_snoozed_item_comes_back_by_itself(
    site: Campus, stack: AsyncExitStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker, "LOOK_EVERY_S", 0.01)
    ben = await come(stack, site, "ben")
    await post(site, {"users": ["ben"]})
    item, _ = await hear(ben, "notification.created")
    now = milliseconds((await ben.ask("ping", sent_at=0))["server_time"])
    away = await ben.ask("notification.snooze", key=new_id(), id=item["id"], until=iso(now + 3_600_000))
    assert away["counts"]["unread"] == 0
    await site.node.storage.write(lambda tx: tx.run(PASSED, until=now))
    back, _ = await hear(ben, "notification.changed", lambda data: "snoozed_until" not in data)
    assert (back["id"], back["toast"]) == (item["id"], True)


async def test_whoever_was_away_is_told_what_they_missed_and_what_waits(
    site: Campus, stack: AsyncExitStack
) -> None:
    """[SUB2] [SUB4] The stream goes on from the position of the list; the counts come with the connection."""
    ben = await come(stack, site, "ben")
    position = (await ben.ask("notification.list"))["position"]
    await ben.vanish()
    for number in range(3):
        await finished(
            site, (await post(site, {"users": ["ben"]}, title=f"Number {number}")).json()["delivery_id"]
        )
    again = await come(stack, site, "ben", resume={"user:ben": position})
    assert [item["title"] for item in again.named("notification.created")] == [
        "Number 0",
        "Number 1",
        "Number 2",
    ]
    [ready] = again.named("session.ready")
    joined = ready["resumed"]["user:ben"]
    assert joined["recovered"]
    [counts] = [value["data"] for value in joined["latest"] if value["event"] == "counts.changed"]
    assert counts["unread"] == 3


async def test_preferences_follow_to_the_other_tab(site: Campus, stack: AsyncExitStack) -> None:
    here, there = await come(stack, site, "ben"), await come(stack, site, "ben")
    given = (await here.ask("preferences.read"))["preferences"]
    assert given["categories"]["grade"]["in_app"] == "immediate"
    await here.ask("preferences.update", key=new_id(), categories={"grade": {"toast": "off"}})
    changed, _ = await hear(there, "preferences.changed")
    assert changed["categories"]["grade"] == {**given["categories"]["grade"], "toast": "off"}


async def test_a_mention_in_chat_arrives_as_a_notification(site: Campus, stack: AsyncExitStack) -> None:
    ada = await site.come("ada")
    cleo = await come(stack, site, "cleo")
    room = await ada.open("course")
    message = await ada.send(room["id"], "look here", mentions=["cleo"])
    item, _ = await hear(cleo, "notification.created")
    assert item["title"].startswith("Ada mentioned you")
    assert message["id"] in item["action"]["url"]


async def test_a_report_in_chat_reaches_staff_while_they_are_here(
    site: Campus, stack: AsyncExitStack
) -> None:
    ben, cleo = await site.come("ben"), await site.come("cleo")
    ada = await site.come("ada")
    of_ada, of_ben = await come(stack, site, "ada"), await come(stack, site, "ben")
    room = await ada.open("course", title="Lectures")
    message = await ben.send(room["id"], "a rude word")
    await cleo.do("message.report", key=new_id(), message_id=message["id"], reason="harassment")
    item, _ = await hear(of_ada, "notification.created")
    assert (item["title"], item["toast"]) == ("A message was reported in Lectures", True)
    assert item["action"]["url"] == f"/chat?room={room['id']}&message={message['id']}"
    assert (await of_ben.ask("notification.list"))["items"] == []


async def test_a_large_audience_is_reached_while_others_go_on(
    site: Campus, stack: AsyncExitStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Commands commit between the slices; progress is told, and everybody is reached once."""
    monkeypatch.setattr(store, "SLICE", 50)  # so many that whoever asks now and then comes between some
    users = sorted({*(f"student-{number:05}" for number in range(2_000)), "ben"})
    ben, ada = await come(stack, site, "ben"), await come(stack, site, "ada")
    started = (await post(site, {"users": users})).json()
    between = 0
    while True:
        progress = (await site.lms.get(f"/v1/notifications/deliveries/{started['delivery_id']}")).json()
        if progress["state"] == "finished":
            break
        between += 0 < progress["reached"] < len(users)
        await ada.ask("preferences.update", key=new_id(), least_priority="low")
    assert between > 0
    assert (progress["reached"], progress["recipients"]) == (len(users), len(users))
    await hear(ben, "notification.created")
    counts = await site.counts()
    assert (counts["notification_items"], counts["notification_contents"]) == (len(users), 1)
