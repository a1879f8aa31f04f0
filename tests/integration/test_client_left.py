"""What a client misses of a channel: all from listening there to leaving, and nothing is kept after that."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing

import pytest
from tests.integration.chat_campus import COURSE, Campus, campus
from tests.integration.client_people import Heard
from tests.integration.client_states import States
from tests.integration.tcp_proxy import Proxy

from coursewire.client import AnalyticsClient, AnalyticsUpdate, ChatClient, Gap, ServiceClient
from coursewire.errors import Forbidden, NotFound
from coursewire.namespaces.chat.contract import Message, MessageSent, RoomSummary

MISSED = [f"missed {number}" for number in range(6)]
"""More than a replay holds."""


@pytest.fixture
async def site() -> AsyncIterator[tuple[Campus, Proxy]]:
    async with campus(replay_events=5) as site, Proxy(int(site.url.rpartition(":")[2])) as proxy:
        yield site, proxy


async def away(proxy: Proxy, states: States, room: RoomSummary, ada: ChatClient) -> None:
    """Let more be said than is replayed while somebody is away."""
    proxy.go_down()
    await states.until("reconnecting")
    for text in MISSED:
        await ada.send(room.id, text)
    proxy.come_up()


async def gap_after(heard: Heard) -> Gap:
    gap = await heard.next()
    assert isinstance(gap, Gap)
    return gap


@pytest.mark.parametrize("page", [2, 3, 100])
@pytest.mark.parametrize("said_before", [True, False], ids=["a room", "an empty room"])
async def test_whoever_subscribes_misses_nothing_from_then_on(
    site: tuple[Campus, Proxy], monkeypatch: pytest.MonkeyPatch, *, said_before: bool, page: int
) -> None:
    """[SUB3] Also where nobody has said anything since, or ever; in as many gaps as there are pages."""
    monkeypatch.setattr("coursewire.client.chat.PAGE", page)
    server, proxy = site
    async with (
        ChatClient(server.url, server.token("ada")) as ada,
        ChatClient(proxy.url, server.token("ben")) as ben,
    ):
        room = await ada.open_room("discussion", course_id=COURSE, title="Problem set 1")
        if said_before:
            await ada.send(room.id, "before")
        heard, gaps, states = Heard(ben, MessageSent), Heard(ben, "gap"), States(ben)
        await ben.subscribe(room.id)
        await away(proxy, states, room, ada)
        for start in range(0, len(MISSED), page):
            told = [message.text for message in (await gap_after(gaps)).messages]
            assert told == MISSED[start : start + page]
        await ada.send(room.id, "live again")
        assert (await heard.next()).text == "live again"


async def test_a_loop_over_an_empty_room_misses_nothing(site: tuple[Campus, Proxy]) -> None:
    """[SUB3]"""
    server, proxy = site
    async with (
        ChatClient(server.url, server.token("ada")) as ada,
        ChatClient(proxy.url, server.token("ben")) as ben,
    ):
        room = await ada.open_room("discussion", course_id=COURSE, title="Problem set 1")
        seen, states, begun = list[str](), States(ben), asyncio.Event()

        async def read() -> None:
            async with aclosing(ben.messages(room.id)) as messages:
                async for message in messages:
                    begun.set()
                    seen.append(message.text)
                    if len(seen) == len(MISSED) + 1:
                        return

        reading = asyncio.create_task(read())
        await ben.subscribe(room.id)  # behind that of the loop
        await ben.history(room.id)
        await away(proxy, states, room, ada)
        await asyncio.wait_for(begun.wait(), 30)
        await ada.send(room.id, "live again")
        await asyncio.wait_for(reading, 30)
        assert seen == [*MISSED, "live again"]


async def test_what_was_said_while_nobody_listened_is_not_missed(site: tuple[Campus, Proxy]) -> None:
    server, proxy = site
    async with (
        ChatClient(server.url, server.token("ada")) as ada,
        ChatClient(proxy.url, server.token("ben")) as ben,
    ):
        room = await ada.open_room("discussion", course_id=COURSE, title="Problem set 1")
        heard, gaps, states = Heard(ben, MessageSent), Heard(ben, "gap"), States(ben)
        await ben.subscribe(room.id)
        await ada.send(room.id, "heard")
        assert (await heard.next()).text == "heard"
        ben.unsubscribe(room.id)
        await ada.send(room.id, "to nobody")
        await ben.subscribe(room.id)
        await away(proxy, states, room, ada)
        assert [message.text for message in (await gap_after(gaps)).messages] == MISSED


async def test_what_was_reached_while_nobody_listened_is_not_missed(site: tuple[Campus, Proxy]) -> None:
    server, proxy = site
    async with (
        ServiceClient(server.url, server.token("lms", roles=["service"])) as lms,
        AnalyticsClient(proxy.url, server.token("ada")) as ada,
    ):
        told: asyncio.Queue[AnalyticsUpdate] = asyncio.Queue()
        states = States(ada)
        await ada.unsubscribe(await ada.subscribe_to_analytics_updates(told.put_nowait, course=COURSE))
        await lms.put_milestone(COURSE, "project", "To nobody", user_id="ben")
        await ada.subscribe_to_analytics_updates(told.put_nowait, course=COURSE)
        proxy.go_down()
        await states.until("reconnecting")
        for title in MISSED:
            await lms.put_milestone(COURSE, "project", title, user_id="ben")
        proxy.come_up()
        async with asyncio.timeout(30):
            assert [(await told.get()).data.title for _ in MISSED] == MISSED


async def test_what_an_earlier_run_has_missed_is_a_gap_without_messages(site: tuple[Campus, Proxy]) -> None:
    """[SUB3] Of what it had seen nothing is known here: the program reads on from what it has kept."""
    server, _ = site
    async with (
        ChatClient(server.url, server.token("ada")) as ada,
        ChatClient(server.url, server.token("ben")) as ben,
    ):
        room = await ada.open_room("discussion", course_id=COURSE, title="Problem set 1")
        first = await ada.send(room.id, "seen")
        reached = (await ada.history(room.id)).position
        for text in MISSED:
            await ada.send(room.id, text)
        heard, gaps = Heard(ben, MessageSent), Heard(ben, "gap")
        await ben.subscribe(room.id, reached)
        assert (await gap_after(gaps)).messages == []
        assert [one.text for one in (await ben.history(room.id, after=first.id)).items] == MISSED
        await ada.send(room.id, "live")
        assert (await heard.next()).text == "live"


async def test_whoever_was_let_in_later_is_not_told_of_the_refusal_before(site: tuple[Campus, Proxy]) -> None:
    """[SUB1] A slow handler holds back that the first try was refused, until there is a second one."""
    server, _ = site
    async with (
        asyncio.timeout(30),
        ChatClient(server.url, server.token("ada")) as ada,
        ChatClient(server.url, server.token("ben")) as ben,
    ):
        elsewhere = await ada.open_room("discussion", course_id=COURSE, title="Problem set 1")
        group = await ada.open_room("group", ["cleo"], course_id=COURSE, title="Project")
        is_slow, goes_on = asyncio.Event(), asyncio.Event()

        @ben.on(MessageSent)
        async def slow(_: Message) -> None:
            is_slow.set()
            await goes_on.wait()

        await ben.subscribe(elsewhere.id)
        await ada.send(elsewhere.id, "takes long")
        await is_slow.wait()
        with pytest.raises(NotFound):
            await ben.subscribe(group.id)
        await ada.update_room(group.id, add_member_ids=["ben"])
        async with aclosing(ben.messages(group.id)) as messages:
            taking = asyncio.create_task(anext(messages))
            for _ in ("until it has begun", "until it is answered"):
                await ben.history(group.id)
            goes_on.set()
            await ada.send(group.id, "welcome")
            assert (await taking).text == "welcome"


async def test_a_loop_that_ends_leaves_what_was_wanted_after_it(site: tuple[Campus, Proxy]) -> None:
    """[SUB1] Taken out of a group and back in: what listens since hears on when the loop before learns of its end."""
    server, _ = site
    async with (
        asyncio.timeout(30),
        ChatClient(server.url, server.token("ada")) as ada,
        ChatClient(server.url, server.token("ben")) as ben,
    ):
        group = await ada.open_room("group", ["ben", "cleo"], course_id=COURSE, title="Project")
        heard, closed = Heard(ben, MessageSent), Heard(ben, "channel.closed")
        async with aclosing(ben.messages(group.id, history=1)) as messages:
            await ada.send(group.id, "one")
            assert (await anext(messages)).text == "one"
            await ada.update_room(group.id, remove_member_ids=["ben"])
            await closed.next()
            await ada.update_room(group.id, add_member_ids=["ben"])
            await ben.subscribe(group.id)
            with pytest.raises(Forbidden):
                await anext(messages)
        await ada.send(group.id, "two")
        assert (await heard.next()).text == "two"
        ben.unsubscribe(group.id)
        assert (ben._streams, ben._newest, ben._interest) == ({}, {}, {})


async def test_of_a_channel_that_was_left_nothing_is_kept(site: tuple[Campus, Proxy]) -> None:
    """A program may go from room to room, or watch one job after the other, for months."""
    server, _ = site
    async with (
        ServiceClient(server.url, server.token("lms", roles=["service"])) as lms,
        ChatClient(server.url, server.token("ada")) as chat,
        AnalyticsClient(server.url, server.token("ada")) as live,
    ):
        for number in range(3):
            room = await chat.open_room("discussion", course_id=COURSE, title=f"Problem set {number}")
            await chat.send(room.id, "hello")
            async with asyncio.timeout(30), aclosing(chat.messages(room.id, history=1)) as messages:
                assert (await anext(messages)).text == "hello"
            job_id = f"job-{number}"
            await lms.create_job("essay-grading", "Essays", owner="ada", course=COURSE, job_id=job_id)
            await lms.update_job(job_id, state="succeeded")
            async with asyncio.timeout(30):
                assert [job.state async for job in live.progress(job_id)] == ["succeeded"]
        assert (chat._streams, chat._newest, chat._interest) == ({}, {}, {})
        assert [channel for channel in live._heard_at if channel != "user:ada"] == []
