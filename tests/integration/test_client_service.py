"""The backend's client and the real server: courses, members, tokens, rooms, messages, errors."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing

import pytest
from tests.integration.chat_campus import COURSE, Campus, campus
from tests.integration.tcp_proxy import Proxy

from coursewire.client import ChatClient, NotificationsClient, ServiceClient, sync
from coursewire.errors import AuthInvalid, Conflict, Forbidden, Invalid, NotFound
from coursewire.identity.bodies import MemberBody
from coursewire.namespaces.notifications.contract import Audience


@pytest.fixture
async def site() -> AsyncIterator[Campus]:
    async with campus() as site:
        yield site


def service(site: Campus) -> ServiceClient:
    return ServiceClient(site.url, site.token("lms", roles=["service"]))


async def test_courses_and_members(site: Campus) -> None:
    async with service(site) as lms:
        assert (await lms.put_course("bio", "Biology")).title == "Biology"
        reply = await lms.put_members(
            "bio",
            [MemberBody(user_id=f"u{n:04}", name=f"User {n}", roles=["learner"]) for n in range(1_200)],
        )
        assert (reply.added, reply.member_count) == (1_200, 1_200)
        assert [member.user_id for member in await lms.members("bio")] == [f"u{n:04}" for n in range(1_200)]
        assert (await lms.remove_member("bio", "u0000")).removed == 1
        teacher = MemberBody(user_id="ada", name="Ada", roles=["instructor"])
        assert (await lms.put_members("bio", [teacher], replace=True)).removed == 1_199
        assert (await lms.course("bio")).member_count == 1


async def test_groups_of_a_course(site: Campus) -> None:
    async with service(site) as lms:
        made = await lms.put_group(COURSE, "red", ["cleo", "ben"], title="Team Red")
        assert (made.id, made.title, made.user_ids) == ("red", "Team Red", ["ben", "cleo"])
        assert await lms.group(COURSE, "red") == made
        assert [(group.id, group.title) for group in await lms.groups(COURSE)] == [("red", "Team Red")]
        await lms.remove_group(COURSE, "red")
        assert await lms.groups(COURSE) == []


async def test_a_key_makes_a_request_run_once(site: Campus) -> None:
    """[LOG3] The same key is the same request; for another one it is a conflict."""
    async with service(site) as lms:
        room = await lms.open_room("course", course_id=COURSE, title="General", key="general")
        assert (await lms.open_room("course", course_id=COURSE, title="General", key="general")).id == room.id
        first = await lms.send(room.id, "Welcome!", user_id="ada", key="welcome")
        assert (await lms.send(room.id, "Welcome!", user_id="ada", key="welcome")).id == first.id
        assert first.author is not None
        assert first.author.user_id == "ada"
        with pytest.raises(Conflict) as refused:
            await lms.send(room.id, "Something else", user_id="ada", key="welcome")
        assert refused.value.field == "Idempotency-Key"
        assert [message.text for message in (await lms.history(room.id)).items] == ["Welcome!"]
        assert room.id in {known.id for known in await lms.rooms(COURSE)}


async def test_a_token_that_it_made_opens_a_session_until_forced_off(site: Campus) -> None:
    async with service(site) as lms:
        made = await lms.issue_token("ben", "Ben", courses={COURSE: ["learner"]}, ttl_s=60)
        async with ChatClient(site.url, made.token) as ben:
            refused = asyncio.Event()
            ben.on_state(lambda state: refused.set() if state == "unauthorized" else None)
            await lms.end_sessions("ben")
            async with asyncio.timeout(30):
                await refused.wait()
        await lms.erase_user("ben")
        assert "ben" not in {member.user_id for member in await lms.members(COURSE)}


async def test_errors_are_those_of_the_contract(site: Campus) -> None:
    async with service(site) as lms:
        with pytest.raises(NotFound):
            await lms.course("nowhere")
        with pytest.raises(Invalid) as refused:
            await lms.put_members(COURSE, [MemberBody.model_construct(user_id="a b", name="X", roles=[])])
        assert refused.value.field == "members.0.user_id"
        assert refused.value.details is not None
        assert refused.value.details["errors"][0]["field"] == "members.0.user_id"
        for wrong in ("no/such", "a b", "..", ""):
            with pytest.raises(Invalid) as refused:
                await lms.put_course(wrong, "X")
            assert refused.value.field == "course_id"
        with pytest.raises(Invalid) as refused:
            await lms.put_course(COURSE, "X", key="not a key")
        assert refused.value.field == "Idempotency-Key"
    async with ServiceClient(site.url, "forged") as stranger:
        with pytest.raises(AuthInvalid):
            await stranger.course(COURSE)
    async with ServiceClient(site.url, site.token("ben")) as learner:
        with pytest.raises(Forbidden):
            await learner.put_course(COURSE, "Mine")


async def test_an_expired_token_is_replaced_once(site: Campus) -> None:
    tokens = [site.token("lms", roles=["service"], ttl_s=-60), site.token("lms", roles=["service"])]
    async with ServiceClient(site.url, lambda: tokens.pop(0)) as lms:
        assert (await lms.course(COURSE)).id == COURSE
    assert tokens == []


async def test_a_lost_reply_is_asked_for_again_and_nothing_runs_twice(site: Campus) -> None:
    """[LOG3] The server has done it and its reply never comes: the retry gets the first reply again."""
    async with (
        Proxy(int(site.url.rpartition(":")[2])) as proxy,
        NotificationsClient(site.url, site.token("ben")) as ben,
        ServiceClient(proxy.url, site.token("lms", roles=["service"]), timeout=0.5) as lms,
        aclosing(ben.arriving()) as items,
    ):
        arriving = asyncio.ensure_future(anext(items))
        proxy.deaf.set()
        posting = asyncio.create_task(lms.notify(Audience(users=["ben"]), "grade", "Essay 1: 1.7"))
        async with asyncio.timeout(30):
            assert (await arriving).title == "Essay 1: 1.7"
            assert not posting.done()
            proxy.deaf.clear()
            started = await posting
            steps = [step async for step in lms.follow(started.delivery_id, every=0.02)]
        assert steps[-1].reached == 1
        assert proxy.connections >= 2
        assert [item.title async for item in ben.items()] == ["Essay 1: 1.7"]


async def test_a_script_without_an_event_loop(site: Campus) -> None:
    token = site.token("lms", roles=["service"])

    def script() -> str:
        with sync.ServiceClient(site.url, token) as lms:
            lms.put_course("bio", "Biology")
            return lms.course("bio").title

    assert await asyncio.to_thread(script) == "Biology"
