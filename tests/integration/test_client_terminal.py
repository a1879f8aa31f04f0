"""The terminal client, typed into like a person does, against the real server."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

import pytest
from prompt_toolkit.application import create_app_session
from prompt_toolkit.input import PipeInput, create_pipe_input
from prompt_toolkit.output import DummyOutput
from rich.console import Console
from tests.integration.chat_campus import COURSE, Campus, campus
from tests.integration.screen import Screen

from coursewire.client import ChatClient
from coursewire.client.terminal import Terminal, run
from coursewire.errors import AuthInvalid, AuthMissing
from coursewire.namespaces.chat import store


class Seat:
    """A person at a terminal."""

    def __init__(self, keyboard: PipeInput, screen: Screen, terminal: Terminal) -> None:
        self.keyboard = keyboard
        self.screen = screen
        self.terminal = terminal

    def type(self, line: str) -> None:
        self.keyboard.send_text(f"{line}\r")

    def toolbar(self) -> str:
        return "".join(text for _style, text, *_ in self.terminal._toolbar())


@asynccontextmanager
async def seated(client: ChatClient, room: str | None = None) -> AsyncIterator[Seat]:
    screen = Screen()
    with create_pipe_input() as keyboard, create_app_session(input=keyboard, output=DummyOutput()):
        terminal = Terminal(client, room=room, console=Console(file=screen, width=100, color_system=None))
        running = asyncio.create_task(terminal.main())
        try:
            yield Seat(keyboard, screen, terminal)
            keyboard.send_text("/quit\r")
            await asyncio.wait_for(running, 30)
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)


@pytest.fixture
async def site() -> AsyncIterator[Campus]:
    async with campus() as site:
        yield site


async def test_a_conversation(site: Campus) -> None:
    async with ChatClient(site.url, site.token("ada")) as ada:
        room = await ada.open_room("course", course_id=COURSE, title="General")
        other = await ada.open_room("discussion", course_id=COURSE, title="Problem set 1")
        await ada.send(room.id, "before ben came")
        await ada.send(other.id, "[bold]no markup[/bold] here")
        async with seated(ChatClient(site.url, site.token("ben"), patience=None), room=room.id) as ben:
            await ben.screen.shows("General", "Problem set 1", "before ben came")
            heard = ada.messages(room.id)
            listening = asyncio.create_task(anext(heard))
            await ada.subscribe(room.id)
            ben.type("hello from the terminal")
            assert (await asyncio.wait_for(listening, 30)).text == "hello from the terminal"
            await ben.screen.shows("Ben  hello from the terminal")
            sent = await ada.send(room.id, "helo ben")
            await ben.screen.shows("Ada  helo ben")
            await ada.edit(sent, "hello ben")
            await ben.screen.shows("hello ben (edited)")
            await ada.delete(sent.id)
            await ben.screen.shows("message deleted")
            assert "connected" in ben.toolbar()
            ben.type("/rooms")
            await ben.screen.shows("no markup[/bold] here")
            number = next(n for n, known in enumerate(await ada.rooms(), 1) if known.id == other.id)
            ben.type(f"/join {number}")
            await ben.screen.shows("Ada  [bold]no markup[/bold] here")
            ben.type("/who")
            await ben.screen.shows("Ben (online)")
            ben.type("/nonsense")
            await ben.screen.shows("There is no /nonsense")
            ben.type("/join 99")
            await ben.screen.shows("a number of /rooms")
            ben.type("/help")
            await ben.screen.shows("/quit")
            await heard.aclose()


async def test_messages_are_answered_reacted_to_and_found(site: Campus) -> None:
    async with ChatClient(site.url, site.token("ada")) as ada:
        room = await ada.open_room("discussion", course_id=COURSE, title="Problem set 1")
        first = await ada.send(room.id, "Who has an idea about the lemma?")
        async with seated(ChatClient(site.url, site.token("ben"), patience=None), room=room.id) as ben:
            await ben.screen.shows("#1  Ada  Who has an idea")
            ben.type("/reply 1 Induction")
            await ben.screen.shows("╭ Ada: Who has an idea about the lemma?", "#2  Ben  Induction")
            ben.type("/react 1 👍")
            await ben.screen.shows("You reacted 👍 to #1: 👍 1")
            await ada.react(first.id, "🎉")
            await ben.screen.shows("Ada reacted 🎉 to #1: 👍 1  🎉 1")
            ben.type("/unreact 1 👍")
            await ben.screen.shows("You took 👍 back from #1: 🎉 1")
            ben.type("/thread 1 On what, though?")
            await ben.screen.shows("╭ in a thread", "#3  Ben  On what, though?")
            ben.type("/thread 2")
            await ben.screen.shows("#2 has no thread.")
            await ada.pin(first.id)
            await ben.screen.shows("#1 is pinned")
            ben.type("/pins")
            await ben.screen.shows("idea about the lemma? (pinned)")
            ben.type("/pin 1")
            await ben.screen.shows("✗ ")
            ben.type("/edit 2 By induction")
            await ben.screen.shows("By induction (edited)")
            ben.type("/delete 2")
            await ben.screen.shows("message deleted")
            await site.node.storage.write(partial(store.index_messages, most=100))
            ben.type("/search lemma")
            await ben.screen.shows("#1  Problem set 1  Ada  Who has an idea")
            for line, usage in (
                ("/react 1", "/react N EMOJI"),
                ("/reply 99 no", "the number of a message above"),
                ("/report 1 boredom", "one of spam, harassment"),
                ("/slow down", "/slow SECONDS"),
                ("/mute", "/mute USER"),
            ):
                ben.type(line)
                await ben.screen.shows(usage)


async def test_announcements_are_noted_elsewhere_and_say_who_may_write(site: Campus) -> None:
    async with ChatClient(site.url, site.token("ada")) as ada:
        general = await ada.open_room("course", course_id=COURSE, title="General")
        news = await ada.open_room("announcement", course_id=COURSE, title="News")
        async with seated(ChatClient(site.url, site.token("ben"), patience=None), room=general.id) as ben:
            await ben.screen.shows("News", "General ─")
            await ada.send(news.id, "The seminar moves to room 14")
            await ben.screen.shows("A new announcement in News")
            number = next(n for n, known in enumerate(await ada.rooms(), 1) if known.id == news.id)
            ben.type("/rooms")
            await ben.screen.shows("1 unread")
            ben.type(f"/join {number}")
            await ben.screen.shows("announcements: only staff write here", "The seminar moves to room 14")


async def test_a_refusal_ends_it_with_its_reason(site: Campus) -> None:
    with create_pipe_input() as keyboard, create_app_session(input=keyboard, output=DummyOutput()):
        terminal = Terminal(ChatClient(site.url, "forged", patience=None))
        with pytest.raises(AuthInvalid):
            await asyncio.wait_for(terminal.main(), 30)
    with pytest.raises(AuthMissing):
        run(site.url)


async def test_it_waits_for_a_server_that_is_away(closed_port: int) -> None:
    """[CLI4] The toolbar says so, and what is typed meanwhile is kept."""
    client = ChatClient(f"http://127.0.0.1:{closed_port}", "t", patience=None)
    async with seated(client) as seat:
        seat.type("hello?")
        await seat.screen.shows("Choose a room first")
        assert "connecting" in seat.toolbar()
