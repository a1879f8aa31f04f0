"""The Python client and the real server: resume, outbox, polling, tokens, one order; also when it is killed."""

from __future__ import annotations

import asyncio
import os
import sys
import time
from asyncio.subprocess import DEVNULL, Process
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, asynccontextmanager
from pathlib import Path

import pytest
from tests.fault.server_process import START_S
from tests.integration.chat_campus import COURSE, Campus, campus
from tests.integration.client_states import States
from tests.integration.tcp_proxy import Proxy
from tests.ports import free_port

from coursewire.client import ChatClient, ClientOptions, LinkOptions
from coursewire.client.terminal import demo_login
from coursewire.edge.connection import Connection
from coursewire.errors import AuthInvalid, Conflict, Forbidden, NotFound
from coursewire.namespaces.chat.contract import Message, RoomSummary, Typing, Unread

OPTIONS = ClientOptions(link=LinkOptions(open_timeout_s=30, upgrade_after_s=0.05))


@pytest.fixture
async def site() -> AsyncIterator[tuple[Campus, Proxy]]:
    async with (
        campus(ping_interval_ms=500, ping_timeout_ms=30_000) as site,
        Proxy(int(site.url.rpartition(":")[2])) as proxy,
    ):
        yield site, proxy


async def take(messages: AsyncGenerator[Message], count: int, patience_s: float = 30) -> list[str]:
    async with asyncio.timeout(patience_s):
        return [(await anext(messages)).text for _ in range(count)]


async def course_room(chat: ChatClient) -> RoomSummary:
    return await chat.open_room("course", course_id=COURSE, title="General")


async def test_two_clients_see_one_order(site: tuple[Campus, Proxy]) -> None:
    """[LOG2] [FAN2] Everybody sees the same messages, once, with the numbers 1, 2, 3 ..."""
    server, proxy = site
    async with (
        ChatClient(server.url, server.token("ada"), options=OPTIONS) as ada,
        ChatClient(proxy.url, server.token("ben"), options=OPTIONS) as ben,
    ):
        room = await course_room(ada)
        seen: list[list[int]] = []

        async def read(chat: ChatClient) -> None:
            async with aclosing(chat.messages(room.id, history=100)) as messages:
                seen.append([(await anext(messages)).number for _ in range(60)])

        reading = [asyncio.create_task(read(chat)) for chat in (ada, ben)]
        await asyncio.gather(*(chat.send(room.id, f"{n}") for n in range(30) for chat in (ada, ben)))
        await asyncio.wait_for(asyncio.gather(*reading), 30)
        assert seen == [list(range(1, 61))] * 2


async def test_cut_again_and_again(site: tuple[Campus, Proxy]) -> None:
    """[SUB2] [SUB4] [LOG3] While messages go both ways, the link of one side breaks: nothing is lost or doubled."""
    server, proxy = site
    async with (
        ChatClient(server.url, server.token("ada"), options=OPTIONS) as ada,
        ChatClient(proxy.url, server.token("ben"), options=OPTIONS) as ben,
    ):
        room = await course_room(ada)
        states = States(ben)
        async with aclosing(ben.messages(room.id, history=100)) as messages:
            await ben.subscribe(room.id)
            for cycle in range(6):
                sends = [
                    asyncio.create_task(chat.send(room.id, f"{name} {cycle}.{n}"))
                    for n in range(5)
                    for name, chat in (("ada", ada), ("ben", ben))
                ]
                await sends[cycle]
                proxy.cut()
                await states.until("reconnecting")
                await asyncio.gather(*sends)
                await states.until("connected")
            texts = await take(messages, 60)
        assert len(set(texts)) == 60
        for name in ("ada", "ben"):
            own = [text for text in texts if text.startswith(name)]
            assert own == [f"{name} {cycle}.{n}" for cycle in range(6) for n in range(5)]
        items = (await ada.history(room.id, limit=100)).items
        assert [message.text for message in items] == texts
        assert states.seen.count("reconnecting") == 6


async def test_polling_only_then_websocket(site: tuple[Campus, Proxy]) -> None:
    """[CLI4]"""
    server, proxy = site
    proxy.without_websocket = True
    async with (
        ChatClient(server.url, server.token("ada"), options=OPTIONS) as ada,
        ChatClient(proxy.url, server.token("ben"), options=OPTIONS) as ben,
    ):
        assert ben.state == "degraded"
        states = States(ben)
        room = await course_room(ada)
        async with aclosing(ben.messages(room.id, history=100)) as messages:
            await ada.send(room.id, "over polling")
            assert await take(messages, 1) == ["over polling"]
            proxy.without_websocket = False
            await states.until("connected")
            await ben.send(room.id, "over websocket")
            assert await take(messages, 1) == ["over websocket"]
        assert states.seen == ["connected"]


async def test_a_token_is_renewed_in_place(site: tuple[Campus, Proxy]) -> None:
    """[SES2] A token about to end is replaced within the session; nobody is disconnected."""
    server, _ = site
    issued: list[str] = []
    renewed = asyncio.Event()

    def login() -> str:
        issued.append(server.token("ben", ttl_s=10 if not issued else 3_600))
        if len(issued) == 2:
            renewed.set()
        return issued[-1]

    async with ChatClient(server.url, login, options=OPTIONS) as ben:
        states = States(ben)
        await asyncio.wait_for(renewed.wait(), 30)
        while ben.diagnostics.queued or server_session_left_s(server) < 60:
            await ben.rooms()
        assert states.seen == []
        assert len(issued) == 2


def server_session_left_s(server: Campus) -> float:
    """How long the only session on the server still lasts."""
    (engine,) = server.node.server.sessions.values()
    assert isinstance(engine.listener, Connection)
    session = engine.listener.sockets["/chat"].state
    left: float = session.caller.expires_at / 1000 - time.time()
    return left


async def test_who_may_not(site: tuple[Campus, Proxy]) -> None:
    """[SUB1] [CLI3]"""
    server, _ = site
    with pytest.raises(AuthInvalid):
        async with ChatClient(server.url, "forged", options=OPTIONS):
            pass
    async with (
        ChatClient(server.url, server.token("ada"), options=OPTIONS) as ada,
        ChatClient(server.url, server.token("eve"), options=OPTIONS) as eve,
    ):
        room = await course_room(ada)
        with pytest.raises((Forbidden, NotFound)):
            await eve.subscribe(room.id)
        with pytest.raises((Forbidden, NotFound)):
            await anext(eve.messages(room.id))
        assert eve.state == "connected"


async def test_leaving_the_course_ends_the_loop(site: tuple[Campus, Proxy]) -> None:
    """[SUB1] [FAN4] Losing the right ends the subscription at once."""
    server, _ = site
    async with (
        ChatClient(server.url, server.token("ada"), options=OPTIONS) as ada,
        ChatClient(server.url, server.token("ben"), options=OPTIONS) as ben,
    ):
        room = await course_room(ada)
        async with aclosing(ben.messages(room.id, history=1)) as messages:
            await ada.send(room.id, "hello")
            assert await take(messages, 1) == ["hello"]
            reply = await server.lms.delete(f"/v1/courses/{COURSE}/members/ben")
            assert reply.is_success
            with pytest.raises((Forbidden, NotFound)):
                await take(messages, 1)


async def test_edits_receipts_typing_and_unread(site: tuple[Campus, Proxy]) -> None:
    server, _ = site
    async with (
        ChatClient(server.url, server.token("ada"), options=OPTIONS) as ada,
        ChatClient(server.url, server.token("ben"), options=OPTIONS) as ben,
    ):
        room = await course_room(ada)
        typing: asyncio.Queue[Typing] = asyncio.Queue(10)
        unread: asyncio.Queue[Unread] = asyncio.Queue(10)
        edited: asyncio.Queue[Message] = asyncio.Queue(10)
        ben.on("typing.changed", typing.put_nowait)
        ben.on("unread.changed", unread.put_nowait)
        ben.on("message.edited", edited.put_nowait)
        await ben.subscribe(room.id)
        await ada.subscribe(room.id)
        await ada.set_typing(room.id)
        async with asyncio.timeout(30):
            assert [user.user_id for user in (await typing.get()).users] == ["ada"]
            sent = await ada.send(room.id, "helo", mentions=["ben"])
            while (await unread.get()).mentions != 1:
                pass
            assert (await ada.edit(sent, "hello")).version == 2
            assert (await edited.get()).text == "hello"
            with pytest.raises(Conflict) as conflict:
                await ada.edit(sent, "again, from the old version")
            assert conflict.value.details is not None
            assert conflict.value.details["message"]["version"] == 2
            assert (await ben.mark(room.id, read=sent.id)).unread.unread == 0
            assert (await ada.delete(sent.id)).state == "deleted"
            assert {member.user_id for member in await ada.members(room.id)} >= {"ada"}
            assert (await ben.set_presence("away")).status == "away"


@asynccontextmanager
async def demo_server(port: int, database: Path) -> AsyncIterator[Process]:
    """Run `coursewire demo` as a process of its own."""
    environment = {
        **os.environ,
        "COURSEWIRE_DATABASE_URL": f"sqlite:///{database}",
        "COURSEWIRE_PING_INTERVAL_MS": "500",
        "COURSEWIRE_PING_TIMEOUT_MS": "30000",
    }
    command = [str(Path(sys.executable).with_name("coursewire")), "demo", "--still", "--port", str(port)]
    process = await asyncio.create_subprocess_exec(
        *command, env=environment, cwd=database.parent, stdout=DEVNULL, stderr=DEVNULL
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.terminate()
        await asyncio.wait_for(process.wait(), 30)


async def test_killed_and_started_again(tmp_path: Path) -> None:
    """[SES4] [CLI2] [LOG3] `kill -9`: both recover by themselves, what was said meanwhile is sent once, in order."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    database = tmp_path / "campus.db"
    ada = ChatClient(url, demo_login(url, "ada"), patience=START_S, options=OPTIONS)
    ben = ChatClient(url, demo_login(url, "ben"), patience=START_S, options=OPTIONS)
    async with demo_server(port, database) as first, ada, ben:
        room = next(room for room in await ada.rooms() if room.kind == "course")
        before = room.last_number
        async with (
            aclosing(ada.messages(room.id)) as to_ada,
            aclosing(ben.messages(room.id)) as to_ben,
        ):
            await ada.subscribe(room.id)
            await ben.subscribe(room.id)
            readers = [asyncio.create_task(take(messages, 14, START_S)) for messages in (to_ada, to_ben)]
            states = States(ada)
            await ada.send(room.id, "acknowledged before")
            sends = [asyncio.create_task(ben.send(room.id, f"in flight {n}")) for n in range(10)]
            await sends[0]
            first.kill()
            await states.until("reconnecting")
            sends += [asyncio.create_task(chat.send(room.id, "while away")) for chat in (ada, ben)]
            async with demo_server(port, database):
                await asyncio.wait_for(asyncio.gather(*sends), START_S)
                await ada.send(room.id, "afterwards")
                seen = await asyncio.wait_for(asyncio.gather(*readers), 30)
                history = (await ben.history(room.id, limit=100)).items[before:]
    assert seen[0] == seen[1] == [message.text for message in history]
    assert [text for text in seen[0] if text.startswith("in flight")] == [f"in flight {n}" for n in range(10)]
    assert seen[0].count("while away") == 2


async def test_what_one_wrote_without_a_name_is_ones_own_in_the_next_session(
    site: tuple[Campus, Proxy],
) -> None:
    """Its author edits it from there, and deletes it when staff have hidden it; others are told nothing by it."""
    server, _ = site

    def client(user_id: str) -> ChatClient:
        return ChatClient(server.url, server.token(user_id), options=OPTIONS)

    async with client("ada") as ada, client("cleo") as cleo:
        room = await course_room(ada)
        async with client("ben") as ben:
            said = await ben.send(room.id, "who am I?", anonymous=True)
        async with aclosing(cleo.messages(room.id, history=100)) as messages, client("ben") as ben:
            assert (await anext(messages)).author is None
            page = await ben.history(room.id)
            assert page.own == [said.id]
            edited = await ben.edit(page.items[0], "nobody")
            assert (edited.text, edited.author) == ("nobody", None)
            for other in (ada, cleo):
                seen = await other.history(room.id)
                assert (seen.items[0].text, seen.own) == ("nobody", [])
            await ada.hide(edited)
            with pytest.raises(Forbidden):
                await cleo.delete(said.id)
            assert (await ben.delete(said.id)).state == "deleted"
        epoch = (await cleo.history(room.id)).position.epoch
        async with server.http("cleo") as http:
            events = await http.get(f"/v1/chat/channels/room:{room.id}/events?epoch={epoch}&offset=0")
        assert "message.edited" in events.text
        assert '"own"' not in events.text
