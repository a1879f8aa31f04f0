"""A tiny namespace whose commands, events and answers have bytes: strokes of ink on the pages of a course."""

from __future__ import annotations

from typing import Annotated, Any

from annotated_types import Len

from coursewire.identity.caller import Caller
from coursewire.realtime.contract import Command, Delivery, Event, Mode, Nothing, Result
from coursewire.realtime.namespace import ChannelKind, Namespace, Signal, only_self
from coursewire.realtime.transaction import Transaction
from coursewire.realtime.visit import Visit
from coursewire.vocabulary import Id, Model, Text

PATH = "/sketches"

Ink = Annotated[bytes, Len(0, 50_000)]


class Stroke(Model):
    """One stroke."""

    id: Id
    page: Id
    ink: Ink
    remark: str | None = None


class Shadow(Model):
    """Where somebody's pen hovers."""

    page: Id
    ink: Ink


class Word(Model):
    """What somebody says of a page: without bytes."""

    page: Id
    text: str


class Drawn(Event[Stroke], name="stroke.drawn", subject="id", attachment="ink"):
    """A stroke was drawn."""


class Said(Event[Word], name="word.said"):
    """A word was said."""


class Hovered(Event[Shadow], name="pen.hovered", delivery=Delivery.EPHEMERAL, attachment="ink"):
    """A pen hovers."""


class Kept(Result):
    """Where the stroke stands."""

    offset: int


class Sheet(Model):
    """A part of an answer that has bytes."""

    name: str
    ink: bytes | None = None


class Whole(Result):
    """A page, with bytes where they belong."""

    title: str
    cover: bytes
    sheets: list[Sheet]
    named: dict[str, Sheet]


class Draw(Command, name="stroke.draw", mode=Mode.WRITE, returns=Kept, attachment="ink"):
    """Draw a stroke, on the pages `too` as well."""

    id: Id
    page: Id
    ink: Annotated[bytes, Len(1, 50_000)]
    remark: Text | None = None
    too: tuple[Id, ...] = ()


class Erase(Command, name="stroke.erase", mode=Mode.WRITE, returns=Nothing):
    """Take a stroke back."""

    id: Id
    page: Id


class Say(Command, name="word.say", mode=Mode.WRITE, returns=Kept):
    """Say a word."""

    page: Id
    text: Text


class Hover(Command, name="pen.hover", mode=Mode.SIGNAL, returns=Nothing, attachment="ink"):
    """Hover over a page; without ink the pen is lifted."""

    page: Id
    ink: Ink = b""


class ReadPage(Command, name="page.read", returns=Whole):
    """Read a page of as many sheets."""

    page: Id
    sheets: int = 2


def page_channel(page: str) -> str:
    """Return the channel of a page."""
    return f"page:{page}"


def draw(tx: Transaction, caller: Caller, command: Draw) -> Kept:
    """Log a stroke."""
    del caller
    stroke = Stroke(id=command.id, page=command.page, ink=command.ink, remark=command.remark)
    position = tx.append(page_channel(command.page), Drawn(stroke))
    tx.append_each([(page_channel(page), Drawn(stroke)) for page in command.too])
    return Kept(offset=position.offset)


def erase(tx: Transaction, _: Caller, command: Erase) -> Nothing:
    """Take a stroke out of the log."""
    tx.redact(command.id, Stroke(id=command.id, page=command.page, ink=b"never sent"))
    return Nothing()


def say(tx: Transaction, _: Caller, command: Say) -> Kept:
    """Log a word."""
    position = tx.append(page_channel(command.page), Said(Word(page=command.page, text=command.text)))
    return Kept(offset=position.offset)


def hover(visit: Visit, command: Hover) -> Nothing:
    """Tell whoever is here."""
    shadow = Hovered(Shadow(page=command.page, ink=command.ink))
    visit.live.publish_unlogged(page_channel(command.page), shadow, visit.caller.user_id)
    return Nothing()


def read_page(_: Transaction, __: Caller, command: ReadPage) -> Whole:
    """Answer with bytes at every depth."""
    sheets = [Sheet(name=str(number), ink=b"\x00\xff" * number) for number in range(command.sheets)]
    named = {"empty": Sheet(name="no ink"), "full": Sheet(name="ink", ink=b"\x1e\n4")}
    return Whole(title=command.page, cover=b"cover", sheets=sheets, named=named)


def anybody(_: Transaction, __: Caller, ___: str) -> None:
    """Let everybody listen."""


def make() -> Namespace:
    """Declare the namespace."""
    commands: dict[Any, Any] = {
        Draw: draw,
        Erase: erase,
        Say: say,
        Hover: Signal(hover, lambda command: page_channel(command.page)),
        ReadPage: read_page,
    }
    return Namespace(
        path=PATH,
        commands=commands,
        events=(Drawn, Said, Hovered),
        channels={"page": ChannelKind(anybody), "user": ChannelKind(only_self)},
    )
