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
"""Characters of a message in the list of rooms, and of one that is quoted."""
INDENT = " " * 7
"""Below the time of a message: what belongs to it."""

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
    """Return a message as lines: what it answers; time, number, author, text; its reactions and its thread.

    Text of others is never read as markup.
    """
    line = Text()
    if message.quote is not None:
        line.append(
            f"{INDENT}╭ {_name(message.quote.author)}: {_quoted(message.quote)}\n", style="dim italic"
        )
    elif message.thread_id is not None:
        line.append(f"{INDENT}╭ in a thread\n", style="dim italic")
    line.append(f"{_clock(message.sent_at)}  #{message.number}  ", style="dim")
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
        called = me in message.mentions
        line.append(message.text, style="bold yellow" if called else "")
        if message.edited_at is not None:
            line.append(" (edited)", style="dim")
        if message.pinned:
            line.append(" (pinned)", style="dim")
    below = [reactions(message)] if message.reactions else []
    if message.thread is not None and message.thread.replies and message.thread_id is None:
        replies = "1 reply" if message.thread.replies == 1 else f"{message.thread.replies} replies"
        below.append(f"{replies}: /thread {message.number}")
    if below:
        line.append(f"\n{INDENT}{'   '.join(below)}", style="dim")
    return line


def reactions(message: chat.Message) -> str:
    """Return the reactions of a message as `👍 2  🎉 1`."""
    return "  ".join(f"{reaction.emoji} {reaction.count}" for reaction in message.reactions)


def reacted(message: chat.Message, change: chat.ReactionChange, name: str) -> Text:
    """Return a line that says who has just reacted."""
    what = f"reacted {change.emoji} to" if change.on else f"took {change.emoji} back from"
    now = f": {reactions(message)}" if message.reactions else ""
    return Text(f"{name} {what} #{message.number}{now}", style="dim")


def pinned(message: chat.Message) -> Text:
    """Return a line that says whether a message is pinned now."""
    return Text(f"#{message.number} is {'pinned' if message.pinned else 'no longer pinned'}", style="dim")


def standing(room: chat.Room) -> str:
    """Return what is particular about writing in a room, in words; empty when there is nothing."""
    notes = []
    if room.kind == "announcement":
        notes.append("announcements: only staff write here")
    if room.locked:
        notes.append("locked: only staff write here")
    if room.slow_mode_s:
        notes.append(f"slow mode: {room.slow_mode_s} s between two messages of one person")
    if isinstance(room, chat.RoomSummary) and room.muted_until is not None:
        notes.append(f"you are muted until {room.muted_until[:16].replace('T', ' ')} UTC")
    return "; ".join(notes)


def found(found: Sequence[chat.FoundMessage]) -> Text:
    """Return what a search has found, with the words in it marked."""
    if not found:
        return Text("Nothing was found.", style="dim")
    lines = Text()
    for number, hit in enumerate(found):
        lines.append("\n" if number else "")
        lines.append(f"{hit.message.sent_at[:10]}  #{hit.message.number}  ", style="dim")
        lines.append(f"{hit.room_title or 'direct'}  ", style="italic")
        lines.append(f"{_name(hit.message.author)}  ", style="bold")
        for piece in hit.excerpt:
            lines.append(piece.text.replace("\n", " "), style="bold yellow" if piece.found else "")
    return lines


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


def _name(author: chat.Author | None) -> str:
    return "Anonymous" if author is None else author.name


def _quoted(quote: chat.Quote) -> str:
    return _first_line(quote.text) if quote.state == "sent" else f"message {quote.state}"


def _first_line(text: str) -> str:
    line = text.partition("\n")[0]
    return line if len(line) <= LINE else f"{line[: LINE - 1]}…"


def _colour(user_id: str) -> str:
    return COLOURS[sum(user_id.encode()) % len(COLOURS)]
