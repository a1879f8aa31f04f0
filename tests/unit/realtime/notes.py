"""A tiny namespace to test the realtime parts with: boards of a course, and notes on them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from coursewire.errors import Conflict, Forbidden
from coursewire.identity import membership
from coursewire.identity.caller import Caller
from coursewire.identity.contract import CourseSaved
from coursewire.realtime.contract import Command, Delivery, Event, Mode, Nothing, Once, Result
from coursewire.realtime.live import Live
from coursewire.realtime.namespace import ChannelKind, Derived, Namespace, Signal, only_self
from coursewire.realtime.presence import Standing
from coursewire.realtime.transaction import Transaction
from coursewire.realtime.visit import Visit
from coursewire.vocabulary import Id, Key, Model, new_id

PATH = "/notes"


class Note(Model):
    """What somebody has written."""

    id: str
    board: str
    text: str


class Removed(Model):
    """What stays of a note that was taken back."""

    id: str
    board: str
    removed: bool = True


class Count(Model):
    """How many notes a board has."""

    board: str
    count: int


class Seen(Model):
    """How somebody is here."""

    user_id: str
    status: str


class Nudge(Model):
    """A knock."""

    text: str


class Unread(Model):
    """What a user has not seen of a board."""

    board: str
    unread: int


class NoteAdded(Event[Note], name="note.added", subject="id"):
    """A note was written."""


class NoteRemoved(Event[Removed], name="note.removed", subject="id"):
    """A note was taken back."""


class Counted(Event[Count], name="board.counted", delivery=Delivery.LATEST, per="board", rate=2.0):
    """A board has another number of notes."""


class SeenChanged(Event[Seen], name="seen.changed", delivery=Delivery.LATEST, per="user_id", rate=10.0):
    """Somebody is shown in another way."""


class UnreadChanged(Event[Unread], name="unread.changed", delivery=Delivery.LATEST, per="board", rate=10.0):
    """A user has another number of unread notes."""


class Nudged(Event[Nudge], name="nudged", delivery=Delivery.EPHEMERAL):
    """Somebody knocks."""


class Added(Once):
    """The note as it was stored, and where its event stands."""

    note: Note
    offset: int


class Titles(Result):
    """What a course is called."""

    title: str


class AddNote(Command, name="note.add", mode=Mode.WRITE, returns=Added):
    """Write a note."""

    key: Key
    board: Id
    text: str
    times: int = 1


class RemoveNote(Command, name="note.remove", mode=Mode.WRITE, returns=Nothing):
    """Take a note back."""

    key: Key
    board: Id
    id: Id


class CountBoard(Command, name="board.count", mode=Mode.WRITE, returns=Nothing):
    """Say how many notes a board has."""

    board: Id
    count: int


class Rename(Command, name="course.rename", mode=Mode.WRITE, returns=Nothing):
    """Give a course a title and log it; `fails` says how it ends after both."""

    board: Id
    title: str
    fails: str = ""


class ReadTitle(Command, name="course.read", returns=Titles):
    """Read a course's title."""

    board: Id


class Knock(Command, name="knock", mode=Mode.SIGNAL, returns=Nothing, cost=2.0):
    """Nudge whoever listens."""

    board: Id
    text: str


class Break(Command, name="break", mode=Mode.READ, returns=Nothing):
    """Fail in a way that no one has foreseen, while reading."""

    text: str = ""


class BreakWriting(Break, name="break.writing", mode=Mode.WRITE, returns=Nothing):
    """Fail so while writing."""


class BreakNow(Break, name="break.now", mode=Mode.SIGNAL, returns=Nothing):
    """Fail so on the event loop."""


def board_channel(board: str) -> str:
    """Return the channel of a board."""
    return f"board:{board}"


def may_read(tx: Transaction, caller: Caller, board: str) -> None:
    """Let whoever is enrolled listen. Raises Forbidden."""
    if not tx.roles_in(caller, board):
        raise Forbidden("you are not enrolled", field="channel")


def with_claim(_: Transaction, caller: Caller, board: str) -> None:
    """Let whoever's token claims the course listen. Raises Forbidden."""
    if not caller.roles_in(board):
        raise Forbidden("your token does not name this course", field="channel")


def broken_rule(_: Transaction, __: Caller, ___: str) -> None:
    """Fail as no rule should."""
    raise ZeroDivisionError("secret of the rule")


def add_note(tx: Transaction, caller: Caller, command: AddNote) -> Added:
    """Append one event, or `times` of the same."""
    may_read(tx, caller, command.board)
    note = Note(id=new_id(), board=command.board, text=command.text)
    for _ in range(command.times):
        position = tx.append(board_channel(command.board), NoteAdded(note))
    tx.derive("unread", command.board)
    return Added(note=note, offset=position.offset)


def remove_note(tx: Transaction, caller: Caller, command: RemoveNote) -> Nothing:
    """Take a note back and say so."""
    may_read(tx, caller, command.board)
    removed = Removed(id=command.id, board=command.board)
    tx.redact(command.id, removed)
    tx.append(board_channel(command.board), NoteRemoved(removed))
    return Nothing()


def count_board(tx: Transaction, _: Caller, command: CountBoard) -> Nothing:
    """Publish a newest value."""
    counted = Count(board=command.board, count=command.count)
    tx.publish_latest(board_channel(command.board), Counted(counted))
    return Nothing()


def rename(tx: Transaction, _: Caller, command: Rename) -> Nothing:
    """Change a course, log it, and fail if that is asked for."""
    for fact in membership.put_course(tx.raw, command.board, command.title):
        tx.tell(fact)
    tx.append("user:ada", NoteAdded(Note(id=new_id(), board=command.board, text=command.title)))
    tx.publish_latest("user:ada", Counted(Count(board=command.board, count=1)))
    tx.derive("unread", command.board)
    tx.recheck_rights(["ada"])
    if command.fails == "conflict":
        raise Conflict("on purpose")
    if command.fails:
        raise ZeroDivisionError(command.fails)
    return Nothing()


def read_title(tx: Transaction, _: Caller, command: ReadTitle) -> Titles:
    """Read a title."""
    return Titles(title=membership.course(tx.raw, command.board).title)


def knock(visit: Visit, command: Knock) -> Nothing:
    """Tell whoever listens now."""
    nudged = Nudged(Nudge(text=command.text))
    visit.live.publish_unlogged(board_channel(command.board), nudged, visit.caller.user_id)
    return Nothing()


def fail(_: Any, __: Caller, ___: Break) -> Nothing:
    """Fail."""
    raise ZeroDivisionError("SELECT secret FROM vault")


def fail_now(_: Visit, __: Break) -> Nothing:
    """Fail on the event loop."""
    raise ZeroDivisionError("SELECT secret FROM vault")


def seen(user_id: str, standing: Standing) -> SeenChanged:
    """Say how somebody is here."""
    return SeenChanged(Seen(user_id=user_id, status=standing.status))


def make(
    *,
    path: str = PATH,
    derived: dict[str, Derived] | None = None,
    reactions: dict[type[Any], Callable[[Transaction, Any], None]] | None = None,
    latest: Callable[[Transaction, str], list[Event[Any]]] | None = None,
    departed: Callable[[Live, str], None] | None = None,
) -> Namespace:
    """Declare the namespace."""
    return Namespace(
        path=path,
        commands={
            AddNote: add_note,
            RemoveNote: remove_note,
            CountBoard: count_board,
            Rename: rename,
            ReadTitle: read_title,
            Knock: Signal(knock, lambda command: board_channel(command.board)),
            Break: fail,
            BreakWriting: fail,
            BreakNow: Signal(fail_now),
        },
        events=(NoteAdded, NoteRemoved, Counted, SeenChanged, UnreadChanged, Nudged),
        channels={
            "board": ChannelKind(may_read, latest=latest, present=seen),
            "claimed": ChannelKind(with_claim),
            "broken": ChannelKind(broken_rule),
            "user": ChannelKind(only_self),
        },
        derived=derived if derived is not None else {"unread": Derived(lambda _, __, ___: ())},
        reactions=reactions or {CourseSaved: lambda _, __: None},
        departed=departed,
    )
