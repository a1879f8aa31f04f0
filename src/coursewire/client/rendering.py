"""How the terminal client shows messages, rooms, members and its state. Plain functions of what they show."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence

from prompt_toolkit.formatted_text import FormattedText
from rich.console import RenderableType
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from coursewire.client.outputs import Diagnostics, State
from coursewire.errors import CoursewireError
from coursewire.namespaces.chat import contract as chat
from coursewire.vocabulary import milliseconds

LINE = 50
"""Characters of a message in the list of rooms."""

COLOURS = ("cyan", "magenta", "green", "yellow", "blue", "bright_red", "bright_cyan", "bright_magenta")

STATES: Mapping[State, tuple[str, str]] = {
    "idle": ("fg:ansigray", "○ not connected"),
    "connecting": ("fg:ansiyellow", "◌ connecting"),
    "recovering": ("fg:ansiyellow", "◌ catching up"),
    "reconnecting": ("fg:ansiyellow", "◌ reconnecting"),
    "connected": ("fg:ansigreen", "● connected"),
    "degraded": ("fg:ansiyellow", "◐ connected, slowly"),
    "unavailable": ("fg:ansired", "○ unavailable"),
    "unauthorized": ("fg:ansired", "○ not allowed"),
    "closed": ("fg:ansigray", "○ closed"),
}
"""Style and words; the sign differs too, for who cannot tell the colours apart."""


def message(message: chat.Message, me: str) -> Text:
    """Return a message as lines: time, author, text. Text of others is never read as markup."""
    line = Text(_clock(message.sent_at), style="dim")
    line.append("  ")
    author = message.author
    if author is None:
        line.append("Anonymous", style="italic")
    else:
        own = author.user_id == me
        line.append(author.name, style="bold" if own else f"bold {_colour(author.user_id)}")
    line.append("  ")
    if message.state != "sent":
        line.append(f"message {message.state}", style="dim italic")
    else:
        line.append(message.text, style="")
        if message.edited_at is not None:
            line.append(" (edited)", style="dim")
    return line


def title(room: chat.Room, me: str) -> str:
    """Return what to call a room: its title, or who else is in it."""
    if room.title:
        return room.title
    others = room.others if isinstance(room, chat.RoomSummary) else []
    return ", ".join(other.name for other in others if other.user_id != me) or room.id


def headline(text: str) -> Rule:
    """Return a line across the screen with a room's name in it."""
    return Rule(Text(text, style="bold"), style="dim", align="left")


def rooms(rooms: Sequence[chat.RoomSummary], here: chat.Room | None, me: str) -> RenderableType:
    """Return the rooms, numbered from 1."""
    if not rooms:
        return Text("There are no rooms for you yet.", style="dim")
    table = Table(box=None, pad_edge=False, show_header=False)
    for _ in range(5):
        table.add_column(no_wrap=True, overflow="ellipsis")
    for number, room in enumerate(rooms, 1):
        current = here is not None and room.id == here.id
        last = room.last_message
        table.add_row(
            Text(str(number), style="dim"),
            Text(title(room, me), style="bold" if current or room.unread else ""),
            Text(room.kind, style="dim"),
            Text(f"{room.unread} unread", style="bold yellow") if room.unread else Text(""),
            Text("" if last is None else _first_line(last.text), style="dim"),
        )
    return table


def members(members: Sequence[chat.Member], presence: Mapping[str, str]) -> Text:
    """Return the names in a room, with the status of those it is known of."""
    text = Text()
    for number, member in enumerate(members):
        text.append(", " if number else "")
        text.append(member.name, style=f"bold {_colour(member.user_id)}")
        status = presence.get(member.user_id)
        if status is not None:
            text.append(f" ({status})", style="dim")
    return text


def failure(error: CoursewireError) -> Text:
    """Return an error as one line."""
    return Text(f"✗ {error.message}", style="red")


def toolbar(diagnostics: Diagnostics, elsewhere: int, typing: Sequence[str]) -> FormattedText:
    """Return the line at the bottom: state, its figures, what waits, who types."""
    style, words = STATES[diagnostics.state]
    parts: list[tuple[str, str]] = [(style, f" {words}")]
    if diagnostics.state in ("connected", "degraded"):
        latency = "" if diagnostics.latency_ms is None else f" {diagnostics.latency_ms} ms"
        parts.append(("", f"  {diagnostics.transport}{latency}"))
    elif diagnostics.attempts:
        waited = max(int(time.time() - diagnostics.since / 1000), 0)
        parts.append(("", f"  for {waited} s, attempt {diagnostics.attempts}"))
    if diagnostics.queued and diagnostics.state not in ("connected", "degraded"):
        parts.append(("fg:ansiyellow", f"  {diagnostics.queued} to send"))
    if elsewhere:
        parts.append(("", f"  {elsewhere} unread elsewhere"))
    if typing:
        verb = "is" if len(typing) == 1 else "are"
        parts.append(("italic", f"  {', '.join(typing[:3])} {verb} typing…"))
    return FormattedText(parts)


def _clock(moment: str) -> str:
    return time.strftime("%H:%M", time.localtime(milliseconds(moment) / 1000))


def _first_line(text: str) -> str:
    line = text.partition("\n")[0]
    return line if len(line) <= LINE else f"{line[: LINE - 1]}…"


def _colour(user_id: str) -> str:
    return COLOURS[sum(user_id.encode()) % len(COLOURS)]
