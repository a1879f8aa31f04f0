"""`coursewire chat`: a room in the terminal, with messages arriving above the line that one types."""

from __future__ import annotations

import asyncio
import contextlib
import sys
import time
from collections.abc import Callable
from contextlib import aclosing

import httpx
from prompt_toolkit import PromptSession
from prompt_toolkit.formatted_text import FormattedText
from prompt_toolkit.patch_stdout import patch_stdout
from rich.console import Console, RenderableType
from rich.text import Text

from coursewire.client import rendering
from coursewire.client.chat import ChatClient, Gap
from coursewire.client.namespace import Meta
from coursewire.client.terminal_commands import HELP as MESSAGE_HELP
from coursewire.client.terminal_commands import MessageCommands, UsageError
from coursewire.client.token import Token
from coursewire.errors import AuthInvalid, AuthMissing, CoursewireError, Forbidden, Unavailable
from coursewire.namespaces.chat import contract as chat
from coursewire.realtime.contract import NamespaceClosing, NamespaceGone

HISTORY = 20
TYPING_EVERY_S = 3.0
"""The server forgets after 6 s that somebody types."""

HELP = f"""\
/rooms              your rooms, with what is unread
/join N             go to a room by its number in /rooms, or by its id
/who                who is in this room
{MESSAGE_HELP}
/help               this list
/quit               leave (or Ctrl-D)
Everything else is said in the room. While the server is away you can go on: it is sent later, once."""


def run(url: str, token: str | None = None, user: str | None = None, room: str | None = None) -> None:
    """Chat until the person quits. `user` signs in at a demo server, without a token; `room` is the first room's id.

    Raises AuthMissing without both, and what the server refuses the person with.
    """
    if token is None and user is None:
        raise AuthMissing("give a token, or a user of the demo")
    source: Token = token if token is not None else demo_login(url, user or "")
    asyncio.run(Terminal(ChatClient(url, source, patience=None), room=room).main())


def demo_login(url: str, user: str) -> Callable[[], str]:
    """Return a function that signs a user of the demo campus in (`POST /demo/tokens`)."""

    def fetch() -> str:
        answer = httpx.post(f"{url.rstrip('/')}/demo/tokens", json={"user_id": user}, timeout=5)
        if answer.is_client_error:
            raise AuthInvalid(f"the demo does not know {user!r} ({answer.status_code})")
        return str(answer.raise_for_status().json()["token"])

    return fetch


class Terminal:
    """One person, one room at a time."""

    def __init__(
        self, client: ChatClient, *, room: str | None = None, console: Console | None = None
    ) -> None:
        self._chat = client
        self._first_room = room
        self._given_console = console
        self._rooms: list[chat.RoomSummary] = []
        self._room: chat.RoomSummary | None = None
        self._commands: MessageCommands | None = None
        """On the messages of this room."""
        self._standing = ""
        self._reading: asyncio.Task[None] | None = None
        self._unread: dict[str, int] = {}
        self._typing: list[str] = []
        self._presence: dict[str, str] = {}
        self._typed_at = -TYPING_EVERY_S
        self._asking = asyncio.Lock()
        self._tasks: set[asyncio.Task[None]] = set()
        self._failure: CoursewireError | None = None
        self._session: PromptSession[str] = PromptSession(
            bottom_toolbar=self._toolbar, refresh_interval=0.5, erase_when_done=True
        )
        self._session.default_buffer.on_text_changed += lambda _buffer: self._typed()

    async def main(self) -> None:
        """Run until the person quits. Raises what the server refuses the person with."""
        self._listen()
        with patch_stdout(raw=True):
            # Made here, so that it writes above the prompt.
            self._console = self._given_console or Console(
                file=sys.stdout, force_terminal=True, highlight=False
            )
            async with self._chat:
                prompting = asyncio.create_task(self._prompt())
                arriving = asyncio.create_task(self._arrive(prompting))
                try:
                    await asyncio.wait({prompting})
                finally:
                    for task in (prompting, arriving, self._reading, *self._tasks):
                        if task is not None:
                            task.cancel()
                    await asyncio.gather(prompting, return_exceptions=True)
        if self._failure is not None:
            raise self._failure

    # What one types

    async def _prompt(self) -> None:
        while True:
            try:
                line = (await self._session.prompt_async(self._question)).strip()
            except (EOFError, KeyboardInterrupt):
                return
            if line in ("/quit", "/exit"):
                return
            if line:
                # Beside the prompt, which stays usable while the server is away.
                self._spawn(self._do(line))

    async def _do(self, line: str) -> None:
        try:
            await self._obey(line)
        except UsageError as error:
            self._print(Text(str(error), style="yellow"))
        except CoursewireError as error:
            self._print(rendering.failure(error))

    async def _obey(self, line: str) -> None:
        command, _, argument = line.partition(" ")
        match command:
            case "/help":
                self._print(Text(HELP, style="dim"))
            case "/rooms" | "/join" | "/who":
                # One after the other: the numbers of /join are those that the last /rooms showed.
                async with self._asking:
                    await self._ask(command, argument.strip())
            case _ if self._commands is not None and self._commands.knows(command):
                await self._commands.run(command, argument.strip())
            case _ if line.startswith("/"):
                self._print(Text(f"There is no {command}; /help shows what there is.", style="yellow"))
            case _ if self._room is None:
                self._print(Text("Choose a room first: /rooms, then /join N.", style="yellow"))
            case _:
                self._typed_at = -TYPING_EVERY_S
                await self._chat.send(self._room.id, line)

    async def _ask(self, command: str, argument: str) -> None:
        if command == "/rooms":
            await self._show_rooms()
        elif command == "/join":
            await self._join(argument)
        else:
            await self._who()

    def _typed(self) -> None:
        text = self._session.default_buffer.text
        now = time.monotonic()
        if self._room is None or not text or text.startswith("/") or now - self._typed_at < TYPING_EVERY_S:
            return
        self._typed_at = now
        self._spawn(self._say_typing(self._room.id))

    async def _say_typing(self, room_id: str) -> None:
        with contextlib.suppress(CoursewireError):
            await self._chat.set_typing(room_id)

    # What happens

    def _listen(self) -> None:
        self._chat.on(chat.UnreadChanged, self._unread_changed)
        self._chat.on(chat.TypingChanged, self._typing_changed)
        self._chat.on(chat.PresenceChanged, self._presence_changed)
        self._chat.on(chat.MessageEdited, self._message_changed)
        self._chat.on(chat.MessageDeleted, self._message_changed)
        self._chat.on(chat.ReactionChanged, self._reacted)
        self._chat.on(chat.MessagePinned, self._pinned)
        self._chat.on(chat.RoomUpdated, self._room_updated)
        self._chat.on(chat.MemberJoined, lambda member, meta: self._member(member, meta, "joined"))
        self._chat.on(chat.MemberLeft, lambda member, meta: self._member(member, meta, "left"))
        self._chat.on(NamespaceClosing, self._closing)
        self._chat.on("gap", self._gap)
        self._chat.on_state(lambda _state: self._session.app.invalidate())

    async def _arrive(self, prompting: asyncio.Task[None]) -> None:
        """Go to the room asked for, or the first with something unread; end the prompt when refused."""
        try:
            await self._chat.connected()
            await self._show_rooms()
            await self._enter_first()
        except (AuthInvalid, AuthMissing, Forbidden, Unavailable) as error:
            self._failure = error
            prompting.cancel()
        except CoursewireError as error:
            self._print(rendering.failure(error))

    async def _enter_first(self) -> None:
        if self._first_room is not None:
            await self._join(self._first_room)
            return
        unread = next((room for room in self._rooms if room.unread), None)
        if self._rooms:
            await self._enter(unread or self._rooms[0])

    async def _show_rooms(self) -> None:
        self._rooms = await self._chat.rooms()
        self._unread.update({room.id: room.unread for room in self._rooms})
        self._print(rendering.rooms(self._rooms, self._room, self._me))

    async def _join(self, argument: str) -> None:
        by_id = [room for room in self._rooms if room.id == argument]
        if argument.isdecimal() and 1 <= int(argument) <= len(self._rooms):
            await self._enter(self._rooms[int(argument) - 1])
        elif by_id:
            await self._enter(by_id[0])
        else:
            self._print(Text("/join N: a number of /rooms.", style="yellow"))

    async def _enter(self, room: chat.RoomSummary) -> None:
        if not room.joined:
            room = await self._chat.join(room.id)
        if self._reading is not None:
            self._reading.cancel()
        self._room, self._typing = room, []
        self._commands = MessageCommands(self._chat, room, self._print)
        self._print(rendering.headline(rendering.title(room, self._me)))
        self._standing = ""
        self._note_standing(room)
        self._reading = asyncio.create_task(self._read(room))

    async def _read(self, room: chat.RoomSummary) -> None:
        try:
            async with aclosing(self._chat.messages(room.id, history=HISTORY)) as messages:
                async for message in messages:
                    self._show_message(message)
                    self._spawn(self._mark(room.id, message.id))
        except CoursewireError as error:
            self._print(rendering.failure(error))

    async def _mark(self, room_id: str, message_id: str) -> None:
        with contextlib.suppress(CoursewireError):
            await self._chat.mark(room_id, read=message_id)

    async def _who(self) -> None:
        if self._room is not None:
            self._print(rendering.members(await self._chat.members(self._room.id), self._presence))

    def _unread_changed(self, unread: chat.Unread) -> None:
        before, self._unread[unread.room_id] = self._unread.get(unread.room_id, 0), unread.unread
        here = self._room is not None and unread.room_id == self._room.id
        room = next((room for room in self._rooms if room.id == unread.room_id), None)
        if room is not None and room.kind == "announcement" and not here and unread.unread > before:
            self._print(Text(f"A new announcement in {rendering.title(room, self._me)}", style="yellow"))

    def _typing_changed(self, typing: chat.Typing) -> None:
        if self._room is not None and typing.room_id == self._room.id:
            self._typing = [user.name for user in typing.users if user.user_id != self._me]

    def _presence_changed(self, presence: chat.Presence) -> None:
        self._presence[presence.user_id] = presence.status

    def _message_changed(self, message: chat.Message) -> None:
        if self._room is not None and message.room_id == self._room.id:
            self._show_message(message)

    def _show_message(self, message: chat.Message) -> None:
        if self._commands is not None:
            self._commands.shown.note(message)
        self._print(rendering.message(message, self._me))

    def _reacted(self, message: chat.ReactedMessage) -> None:
        if self._room is None or message.room_id != self._room.id or self._commands is None:
            return
        shown = self._commands.shown
        shown.note(message)
        if message.changed is not None:
            self._print(
                rendering.reacted(message, message.changed, shown.name(message.changed.user_id, self._me))
            )

    def _pinned(self, message: chat.Message) -> None:
        if self._room is not None and message.room_id == self._room.id and self._commands is not None:
            self._commands.shown.note(message)
            self._print(rendering.pinned(message))

    def _room_updated(self, room: chat.Room) -> None:
        if self._room is not None and room.id == self._room.id:
            self._note_standing(room)

    def _note_standing(self, room: chat.Room) -> None:
        """Say what is particular about writing here, when that has changed."""
        standing = rendering.standing(room)
        before, self._standing = self._standing, standing
        if standing != before:
            self._print(Text(standing or "everybody may write here", style="yellow"))

    def _member(self, member: chat.Membership, meta: Meta, what: str) -> None:
        if self._room is not None and meta.channel == f"room:{self._room.id}":
            self._print(Text(f"{member.name} {what}", style="dim"))

    def _closing(self, closing: NamespaceGone) -> None:
        self._print(Text(f"The server says goodbye: {closing.reason}", style="yellow"))

    def _gap(self, gap: Gap) -> None:
        self._print(Text(f"You were away for long; {len(gap.messages)} messages were fetched.", style="dim"))

    # Small parts

    @property
    def _me(self) -> str:
        return "" if self._chat.session is None else self._chat.session.user.id

    def _question(self) -> FormattedText:
        name = "" if self._room is None else rendering.title(self._room, self._me)
        return FormattedText([("bold", f"{name} > ")])

    def _toolbar(self) -> FormattedText:
        here = None if self._room is None else self._room.id
        elsewhere = sum(count for room_id, count in self._unread.items() if room_id != here)
        return rendering.toolbar(self._chat.diagnostics, elsewhere, self._typing)

    def _print(self, what: RenderableType) -> None:
        self._console.print(what)

    def _spawn(self, coroutine: object) -> None:
        task: asyncio.Task[None] = asyncio.create_task(coroutine)  # type: ignore[arg-type]  # a coroutine
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
