"""Where a contract may have bytes is refused or accepted where it is declared."""

from __future__ import annotations

from typing import Annotated, Any

import pytest
from annotated_types import Len

from coursewire.realtime.contract import Command, Delivery, Event, Result
from coursewire.vocabulary import Key, Model


class Sheet(Model):
    """A value with bytes."""

    sheet_id: str
    ink: Annotated[bytes, Len(0, 10)]


class Folder(Model):
    """A value with bytes further down."""

    sheets: dict[str, list[Sheet | None]]


class Link(Model):
    """A value that mentions itself."""

    next: Link | None = None


def test_a_command_and_an_event_name_their_attachment() -> None:
    class Draw(Command, name="sheet.draw", attachment="ink"):
        ink: bytes

    class Drawn(Event[Sheet], name="sheet.drawn", attachment="ink"):
        pass

    class Seen(Event[Sheet], name="sheet.seen", delivery=Delivery.EPHEMERAL, attachment="ink"):
        pass

    assert (Draw.attachment, Drawn.attachment, Seen.attachment) == ("ink", "ink", "ink")


def test_without_the_word_there_is_none() -> None:
    class Look(Command, name="sheet.look"):
        link: Link

    class Looked(Event[Link], name="sheet.looked"):
        pass

    assert Look.attachment is None
    assert Looked.attachment is None


def test_an_answer_has_bytes_where_it_likes() -> None:
    class Read(Result):
        folder: Folder
        ink: bytes

    assert Read(folder=Folder(sheets={}), ink=b"x").ink == b"x"


def declare_command(fields: dict[str, Any], **words: Any) -> None:
    type("Draw", (Command,), {"__annotations__": fields, "__module__": __name__}, name="draw", **words)


@pytest.mark.parametrize(
    ("fields", "words", "says"),
    [
        ({"ink": bytes}, {}, "'ink' has bytes"),
        ({"sheet": Sheet}, {}, "'sheet' has bytes"),
        ({"folder": Folder}, {}, "'folder' has bytes"),
        ({"ink": bytes | None}, {}, "'ink' has bytes"),
        ({"ink": bytes, "more": bytes}, {"attachment": "ink"}, "'more' has bytes"),
        ({"ink": str}, {"attachment": "ink"}, "must be a field of type bytes"),
        ({"ink": bytes | None}, {"attachment": "ink"}, "must be a field of type bytes"),
        ({}, {"attachment": "ink"}, "must be a field of type bytes"),
        ({"ink": bytes, "key": Key}, {"attachment": "ink"}, "a command with a key"),
    ],
)
def test_a_command_with_bytes_elsewhere_is_refused(
    fields: dict[str, Any], words: dict[str, Any], says: str
) -> None:
    with pytest.raises(TypeError, match=says):
        declare_command(fields, **words)


def test_an_event_with_bytes_elsewhere_is_refused() -> None:
    with pytest.raises(TypeError, match="'ink' has bytes"):

        class Drawn(Event[Sheet], name="sheet.drawn"):
            pass

    with pytest.raises(TypeError, match="must be a field of type bytes"):

        class Filed(Event[Sheet], name="sheet.filed", attachment="sheet_id"):
            pass


def test_a_latest_event_carries_none() -> None:
    with pytest.raises(TypeError, match="class latest"):

        class Shown(
            Event[Sheet], name="sheet.shown", delivery=Delivery.LATEST, per="sheet_id", attachment="ink"
        ):
            pass
