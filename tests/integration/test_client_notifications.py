"""The clients of /notifications and the real server: what is posted arrives once, marks, counts, preferences."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.integration.chat_campus import COURSE, Campus, campus
from tests.integration.client_people import Heard
from tests.integration.client_states import States
from tests.integration.tcp_proxy import Proxy

from coursewire.client import ChatClient, InboxGap, NotificationsClient, ServiceClient, sync
from coursewire.errors import Conflict, Forbidden, Invalid, NotFound, Unavailable
from coursewire.namespaces.notifications import contract as notifications

BEN = notifications.Audience(users=["ben"])
CLASS = notifications.Audience(course_id=COURSE)


@pytest.fixture
async def site() -> AsyncIterator[Campus]:
    async with campus() as site:
        yield site


@pytest.fixture
async def lms(site: Campus) -> AsyncIterator[ServiceClient]:
    async with ServiceClient(site.url, site.token("lms", roles=["service"])) as lms:
        yield lms


@pytest.fixture
async def ben(site: Campus) -> AsyncIterator[NotificationsClient]:
    async with NotificationsClient(site.url, site.token("ben")) as ben:
        yield ben


async def take(items: AsyncGenerator[notifications.Notification], count: int) -> list[str]:
    async with asyncio.timeout(30):
        return [(await anext(items)).title for _ in range(count)]


async def finish(lms: ServiceClient, delivery_id: str) -> notifications.DeliveryProgress:
    async with asyncio.timeout(30):
        steps = [step async for step in lms.follow(delivery_id, every=0.02)]
    return steps[-1]


async def unread_is(client: NotificationsClient, counts: Heard, unread: int) -> None:
    """Wait for a count; only the server ever says it."""
    while client.counts is None or client.counts.unread != unread:
        await counts.next()


async def test_what_is_posted_arrives_once(
    site: Campus, lms: ServiceClient, ben: NotificationsClient
) -> None:
    """[LOG3] A post with the same key is one post; another one with it is a conflict."""
    counts = Heard(ben, notifications.CountsChanged)
    async with aclosing(ben.arriving()) as items:
        reading = asyncio.create_task(take(items, 2))
        await ben.page()
        for _ in range(2):
            started = await lms.notify(CLASS, "assignment", "Essay 2 is due", "On *Friday*.", key="essay-2")
        assert started.recipients == 3
        with pytest.raises(Conflict):
            await lms.notify(CLASS, "assignment", "Essay 3 is due", key="essay-2")
        progress = await finish(lms, started.delivery_id)
        assert (progress.state, progress.reached) == ("finished", 3)
        await lms.notify(
            BEN, "grade", "Essay 1: 1.7", action=notifications.Action(label="See", url="/grades")
        )
        assert await reading == ["Essay 2 is due", "Essay 1: 1.7"]
    await unread_is(ben, counts, 2)
    newest, older = (await ben.page()).items
    assert newest.action == notifications.Action(label="See", url="/grades")
    assert "<em>Friday</em>" in older.html
    assert older.course_id == COURSE
    async with NotificationsClient(site.url, site.token("cleo")) as cleo:
        assert [item.title async for item in cleo.items()] == ["Essay 2 is due"]


async def test_bad_posts_name_the_field_and_reach_nobody(
    lms: ServiceClient, ben: NotificationsClient
) -> None:
    wrong: Any = "news"
    for field, post in (
        ("category", lms.notify(BEN, wrong, "Hello")),
        ("title", lms.notify(BEN, "system", "x" * 1_000_000)),
        ("expires_at", lms.notify(BEN, "system", "Hello", expires_at="2020-01-01T00:00:00.000Z")),
        ("action", lms.notify(BEN, "system", "Hello", action={"label": "x", "url": "javascript:alert(1)"})),  # type: ignore[arg-type]
    ):
        with pytest.raises(Invalid) as refused:
            await post
        assert str(refused.value.field).startswith(field)
    with pytest.raises(NotFound):
        await lms.delivery("nowhere")
    assert (await ben.page()).items == []


async def test_marks_are_seen_by_all_of_ones_clients(
    site: Campus, lms: ServiceClient, ben: NotificationsClient
) -> None:
    async with NotificationsClient(site.url, site.token("ben")) as other:
        changed = Heard(other, notifications.NotificationChanged)
        counts = Heard(other, notifications.CountsChanged)
        for number in range(5):
            category: notifications.Category = "grade" if number else "system"
            await finish(lms, (await lms.notify(BEN, category, f"Number {number}")).delivery_id)
        await unread_is(other, counts, 5)
        first, *_ = (await ben.page(state="unread")).items
        marked = await ben.mark([first.id], "read")
        assert (marked.marked, marked.counts.unread) == (1, 4)
        read = await changed.next()
        assert (read.id, read.read_at is not None) == (first.id, True)
        assert (await ben.mark_all("archived", category=["grade"])).marked == 4
        await unread_is(other, counts, 1)
        assert [item.title async for item in other.items()] == ["Number 0"]
        assert len((await other.page(state="archived")).items) == 4
        assert (await ben.mark([first.id], "unread")).counts.unread == 2


async def test_a_foreign_inbox_is_closed(site: Campus, lms: ServiceClient, ben: NotificationsClient) -> None:
    await finish(lms, (await lms.notify(BEN, "grade", "For Ben")).delivery_id)
    (item,) = (await ben.page()).items
    async with NotificationsClient(site.url, site.token("cleo")) as cleo:
        with pytest.raises(NotFound):
            await cleo.mark([item.id], "read")
        with pytest.raises((Forbidden, NotFound)):
            await cleo.snooze(item.id, datetime.now(UTC) + timedelta(hours=1))
        with pytest.raises((Forbidden, NotFound)):
            await cleo.subscribe_channel("user:ben")


async def test_snoozing(lms: ServiceClient, ben: NotificationsClient) -> None:
    await finish(lms, (await lms.notify(BEN, "grade", "Later")).delivery_id)
    (item,) = (await ben.page()).items
    snoozed = await ben.snooze(item.id, datetime.now(UTC) + timedelta(hours=1))
    assert snoozed.snoozed_until is not None
    assert (await ben.page()).items == []
    assert [item.title async for item in ben.items(state="snoozed")] == ["Later"]
    with pytest.raises(Invalid) as refused:
        await ben.snooze(item.id, datetime.now(UTC) - timedelta(hours=1))
    assert refused.value.field == "until"


async def test_preferences_are_told_to_ones_other_clients(site: Campus, ben: NotificationsClient) -> None:
    async with NotificationsClient(site.url, site.token("ben")) as other:
        heard = Heard(other, notifications.PreferencesChanged)
        hours = notifications.QuietHours(start="22:00", end="07:00", time_zone="Europe/Berlin")
        updated = await ben.update_preferences(
            categories={"discussion": notifications.DeliveryChoices(toast="off", email="daily")},
            courses={COURSE: "mentions"},
            least_priority="normal",
            quiet_hours=hours,
        )
        assert updated.categories["discussion"].toast == "off"
        assert updated.quiet_hours == hours
        while (await heard.next()).quiet_hours is None:
            pass
        assert (await other.preferences()).courses == {COURSE: "mentions"}
        assert (await ben.update_preferences(no_quiet_hours=True)).quiet_hours is None
        nowhere = notifications.QuietHours(start="22:00", end="07:00", time_zone="Mars/Olympus")
        with pytest.raises(Invalid) as refused:
            await ben.update_preferences(quiet_hours=nowhere)
        assert str(refused.value.field).startswith("quiet_hours")
        mandatory = (await ben.preferences()).mandatory[0]
        with pytest.raises(Invalid) as refused:
            await ben.update_preferences(categories={mandatory: notifications.DeliveryChoices(in_app="off")})
        assert str(refused.value.field).startswith("categories")


async def test_a_mention_in_chat_arrives(site: Campus, ben: NotificationsClient) -> None:
    async with ChatClient(site.url, site.token("ada")) as ada, aclosing(ben.arriving()) as items:
        room = await ada.open_room("discussion", course_id=COURSE, title="Problem set 1")
        reading = asyncio.create_task(anext(items))
        await ben.page()
        await ada.send(room.id, "@ben please show the lemma")
        item = await asyncio.wait_for(reading, 30)
        assert item.actor is not None
        assert item.actor.user_id == "ada"
        assert "lemma" in item.title + item.body


async def test_cut_again_and_again(site: Campus, lms: ServiceClient) -> None:
    """[SUB2] [SUB4] [CLI1] [CLI2] While the link breaks, items arrive once, and marks given meanwhile run once."""
    async with (
        Proxy(int(site.url.rpartition(":")[2])) as proxy,
        NotificationsClient(proxy.url, site.token("ben")) as ben,
    ):
        states, counts = States(ben), Heard(ben, notifications.CountsChanged)
        async with aclosing(ben.arriving()) as items:
            reading = asyncio.create_task(take(items, 12))
            await ben.page()
            for cycle in range(4):
                proxy.go_down()  # and stays so until all three are there: the mark is to find them
                await states.until("reconnecting")
                marking = asyncio.create_task(ben.mark_all("read"))
                for number in range(3):
                    await finish(lms, (await lms.notify(BEN, "grade", f"{cycle}.{number}")).delivery_id)
                proxy.come_up()
                await states.until("connected")
                assert (await asyncio.wait_for(marking, 30)).marked == 3
            titles = await reading
        assert titles == [f"{cycle}.{number}" for cycle in range(4) for number in range(3)]
        await unread_is(ben, counts, 0)


async def test_a_mark_survives_the_program_that_gave_it(
    site: Campus, lms: ServiceClient, tmp_path: Path
) -> None:
    """[CLI2] [LOG3] Given while the server is away and the program ends: the next run sends it, once."""
    await finish(lms, (await lms.notify(BEN, "grade", "Essay 1: 1.7")).delivery_id)
    outbox, token = tmp_path / "ben.inbox.outbox", site.token("ben")
    async with Proxy(int(site.url.rpartition(":")[2])) as proxy:
        proxy.go_down()
        async with NotificationsClient(proxy.url, token, outbox=outbox, patience=None) as first:
            marking = asyncio.create_task(first.mark_all("read", key="k"))
            await asyncio.sleep(0)
            assert first.diagnostics.queued == 1
        with pytest.raises(Unavailable) as unanswered:
            await marking
        assert unanswered.value.details == {"kept": True}
        proxy.come_up()
        async with NotificationsClient(proxy.url, token, outbox=outbox) as second:
            counts = Heard(second, notifications.CountsChanged)
            await unread_is(second, counts, 0)
            again = await second.mark_all("read", key="k")
            assert (again.duplicate, again.marked) == (True, 1)


async def test_who_was_away_for_too_long_gets_the_items_from_the_list() -> None:
    """[SUB3] More than a replay holds was missed: the inbox is read anew, and nothing new is lost."""
    async with (
        campus(replay_events=5) as site,
        ServiceClient(site.url, site.token("lms", roles=["service"])) as lms,
        Proxy(int(site.url.rpartition(":")[2])) as proxy,
        NotificationsClient(proxy.url, site.token("ben")) as ben,
    ):
        states, gaps = States(ben), Heard(ben, "gap")
        async with aclosing(ben.arriving()) as items:
            reading = asyncio.create_task(take(items, 9))
            await ben.page()
            proxy.go_down()
            await states.until("reconnecting")
            for number in range(8):
                await finish(lms, (await lms.notify(BEN, "grade", str(number))).delivery_id)
            proxy.come_up()
            gap = await gaps.next()
            assert isinstance(gap, InboxGap)
            assert gap.reason == "limit"
            assert (len(gap.items), gap.counts.unread) == (8, 8)
            assert ben.counts == gap.counts
            await lms.notify(BEN, "grade", "8")
            assert await reading == [str(number) for number in range(9)]


async def test_a_script(site: Campus, lms: ServiceClient) -> None:
    await finish(lms, (await lms.notify(BEN, "grade", "Essay 1: 1.7")).delivery_id)
    token, service = site.token("ben"), site.token("lms", roles=["service"])

    def script() -> list[str]:
        with (
            sync.NotificationsClient(site.url, token) as inbox,
            sync.ServiceClient(site.url, service) as backend,
        ):
            arriving = inbox.arriving(history=5)
            titles = [next(arriving).title]
            started = backend.notify(BEN, "grade", "Essay 2: 1.3")
            assert [step.state for step in backend.follow(started.delivery_id, every=0.02)][-1] == "finished"
            titles.append(next(arriving).title)
            arriving.close()
            assert inbox.mark_all("read").marked == 2
            assert [item.read_at is None for item in inbox.items()] == [False, False]
            return titles

    assert await asyncio.wait_for(asyncio.to_thread(script), 30) == ["Essay 1: 1.7", "Essay 2: 1.3"]
