"""What one can do with messages in `coursewire chat`: the lines that begin with a slash and name a number."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from typing import get_args

from rich.console import RenderableType
from rich.text import Text

from coursewire.client import rendering
from coursewire.client.chat import ChatClient
from coursewire.namespaces.chat import contract as chat

HELP = """\
/reply N TEXT       answer message N below a quote of it
/thread N [TEXT]    the thread of a message; with a text, say it there
/react N EMOJI      react to a message; /unreact N EMOJI takes it back
/edit N TEXT        change what you said; /delete N takes it back
/pins               what is pinned; /pin N, /unpin N
/search WORDS       find messages in all your rooms
/report N REASON    tell staff: spam, harassment, cheating, off_topic, other
staff: /hide N, /restore N, /reveal N, /mute USER [SECONDS], /unmute USER, /lock, /unlock, /slow SECONDS"""

REMEMBERED = 500
"""Messages whose numbers are understood; when full the ones shown first are forgotten: `/search` finds them."""

MOST_DIGITS = 9


class UsageError(Exception):
    """A line that cannot be understood; the message says how it is written."""


class Shown:
    """The messages of a room that were shown, and the names in them."""

    def __init__(self) -> None:
        self._messages: OrderedDict[int, chat.Message] = OrderedDict()
        self._names: dict[str, str] = {}

    def note(self, message: chat.Message) -> None:
        """Note the newest form of a message. Raises nothing: what is too much goes."""
        self._messages[message.number] = message
        if message.author is not None and (
            message.author.user_id in self._names or len(self._names) < REMEMBERED
        ):
            self._names[message.author.user_id] = message.author.name
        if len(self._messages) > REMEMBERED:
            self._messages.popitem(last=False)

    def get(self, number: str) -> chat.Message:
        """Return a message by its number. Raises UsageError."""
        message = self._messages.get(_whole(number) or 0)
        if message is None:
            raise UsageError(f"{number or 'N'}: give the number of a message above")
        return message

    def name(self, user_id: str, me: str) -> str:
        """Return what to call somebody."""
        return "You" if user_id == me else self._names.get(user_id, user_id)


class MessageCommands:
    """The commands on one room's messages."""

    def __init__(
        self, client: ChatClient, room: chat.RoomSummary, show: Callable[[RenderableType], None]
    ) -> None:
        self.shown = Shown()
        self._chat = client
        self._room = room
        self._show = show
        self._commands = {
            "/reply": self._reply, "/thread": self._thread, "/react": self._react, "/unreact": self._unreact,
            "/edit": self._edit, "/delete": self._delete, "/pin": self._pin, "/unpin": self._unpin,
            "/pins": self._pins, "/search": self._search, "/report": self._report, "/hide": self._hide,
            "/restore": self._restore, "/reveal": self._reveal, "/mute": self._mute, "/unmute": self._unmute,
            "/lock": self._lock, "/unlock": self._unlock, "/slow": self._slow,
        }  # fmt: skip

    def knows(self, command: str) -> bool:
        """Whether it is one of these."""
        return command in self._commands

    async def run(self, command: str, argument: str) -> None:
        """Run one. Raises UsageError, and what the server refuses it with."""
        await self._commands[command](argument)

    async def _reply(self, argument: str) -> None:
        message, text = self._message_and(argument, "/reply N TEXT")
        await self._chat.reply(message, text)

    async def _thread(self, argument: str) -> None:
        number, _, text = argument.partition(" ")
        message = self.shown.get(number)
        if text.strip():
            await self._chat.reply(message, text.strip(), in_thread=True)
            return
        replies = await self._chat.thread(message)
        for reply in replies:
            self.shown.note(reply)
            self._show(rendering.message(reply, self._me))
        if not replies:
            self._show(Text(f"#{number} has no thread.", style="dim"))

    async def _react(self, argument: str) -> None:
        message, emoji = self._message_and(argument, "/react N EMOJI")
        await self._chat.react(message.id, emoji)

    async def _unreact(self, argument: str) -> None:
        message, emoji = self._message_and(argument, "/unreact N EMOJI")
        await self._chat.react(message.id, emoji, on=False)

    async def _edit(self, argument: str) -> None:
        message, text = self._message_and(argument, "/edit N TEXT")
        await self._chat.edit(message, text)

    async def _delete(self, argument: str) -> None:
        await self._chat.delete(self.shown.get(argument).id)

    async def _pin(self, argument: str) -> None:
        await self._chat.pin(self.shown.get(argument).id)

    async def _unpin(self, argument: str) -> None:
        await self._chat.pin(self.shown.get(argument).id, on=False)

    async def _pins(self, _: str) -> None:
        pins = await self._chat.pins(self._room.id)
        for message in pins:
            self.shown.note(message)
            self._show(rendering.message(message, self._me))
        if not pins:
            self._show(Text("Nothing is pinned.", style="dim"))

    async def _search(self, argument: str) -> None:
        if not argument:
            raise UsageError("/search WORDS")
        self._show(rendering.found(await self._chat.search(argument, limit=20)))

    async def _report(self, argument: str) -> None:
        message, rest = self._message_and(argument, "/report N REASON [NOTE]")
        given, _, note = rest.partition(" ")
        for reason in get_args(chat.Reason):
            if reason == given:
                await self._chat.report(message.id, reason, note.strip() or None)
                self._show(Text(f"#{message.number} was reported.", style="dim"))
                return
        raise UsageError(f"/report N REASON: one of {', '.join(get_args(chat.Reason))}")

    async def _hide(self, argument: str) -> None:
        await self._chat.hide(self.shown.get(argument))

    async def _restore(self, argument: str) -> None:
        await self._chat.restore(self.shown.get(argument))

    async def _reveal(self, argument: str) -> None:
        message = self.shown.get(argument)
        author = await self._chat.reveal(message.id)
        self._show(Text(f"#{message.number} is by {author.name} ({author.user_id})", style="dim"))

    async def _mute(self, argument: str) -> None:
        user_id, _, seconds = argument.partition(" ")
        wait = _whole(seconds)
        if not user_id or (seconds and wait is None):
            raise UsageError("/mute USER [SECONDS]: the id of a user")
        await self._chat.mute(self._room.id, user_id, seconds=wait)
        self._show(Text(f"{user_id} is muted.", style="dim"))

    async def _unmute(self, argument: str) -> None:
        if not argument:
            raise UsageError("/unmute USER: the id of a user")
        await self._chat.unmute(self._room.id, argument)
        self._show(Text(f"{argument} may write again.", style="dim"))

    async def _lock(self, _: str) -> None:
        await self._chat.lock(self._room.id)

    async def _unlock(self, _: str) -> None:
        await self._chat.unlock(self._room.id)

    async def _slow(self, argument: str) -> None:
        seconds = _whole(argument)
        if seconds is None:
            raise UsageError("/slow SECONDS: 0 ends it")
        await self._chat.slow_mode(self._room.id, seconds)

    def _message_and(self, argument: str, usage: str) -> tuple[chat.Message, str]:
        number, _, rest = argument.partition(" ")
        if not rest.strip():
            raise UsageError(usage)
        return self.shown.get(number), rest.strip()

    @property
    def _me(self) -> str:
        return "" if self._chat.session is None else self._chat.session.user.id


def _whole(text: str) -> int | None:
    """Return a whole number of up to nine digits; None for anything else."""
    return int(text) if text.isdecimal() and len(text) <= MOST_DIGITS else None
