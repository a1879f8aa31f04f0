"""What the terminal shows."""

from __future__ import annotations

import io

import pytest
from rich.console import Console, RenderableType

from coursewire.client import rendering
from coursewire.client.outputs import Diagnostics, State
from coursewire.namespaces.chat.contract import Author, Message, RoomSummary

AT = "2026-11-22T18:00:00.000Z"
MESSAGE = Message(
    id="m1",
    room_id="1",
    number=1,
    author=Author(user_id="ben", name="Ben"),
    text="[red]hi[/red]",
    html="",
    sent_at=AT,
)
ROOM = RoomSummary(
    id="1",
    kind="direct",
    title="",
    member_count=2,
    last_number=1,
    created_at=AT,
    joined=True,
    unread=3,
    mentions=0,
    last_message=MESSAGE.model_copy(update={"text": "x" * 80 + "\nsecond line"}),
    can_post=True,
    others=[Author(user_id="ada", name="Ada"), Author(user_id="me", name="Me")],
)


def plain(what: RenderableType) -> str:
    console = Console(file=io.StringIO(), width=120, color_system=None)
    with console.capture() as captured:
        console.print(what)
    return captured.get()


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, "Ben  [red]hi[/red]"),
        ({"author": None, "anonymous": True}, "Anonymous  [red]hi[/red]"),
        ({"edited_at": AT}, "Ben  [red]hi[/red] (edited)"),
        ({"state": "deleted", "text": ""}, "Ben  message deleted"),
        ({"state": "hidden", "text": ""}, "Ben  message hidden"),
    ],
)
def test_a_message(changes: dict[str, object], expected: str) -> None:
    assert plain(rendering.message(MESSAGE.model_copy(update=changes), "ada")).strip().endswith(expected)


def test_rooms_are_numbered_and_a_direct_room_is_called_after_the_other() -> None:
    shown = plain(rendering.rooms([ROOM], None, "me"))
    assert "1" in shown
    assert "Ada" in shown
    assert "3 unread" in shown
    assert "second line" not in shown
    assert rendering.title(ROOM, "me") == "Ada"
    assert "no rooms" in plain(rendering.rooms([], None, "me"))


@pytest.mark.parametrize("state", list(rendering.STATES))
def test_every_state_has_words(state: State) -> None:
    """[CLI4]"""
    figures = Diagnostics(state, since=0, transport="polling", latency_ms=12, attempts=2, queued=3)
    shown = "".join(text for _, text, *_ in rendering.toolbar(figures, 4, ["Ada", "Ben"]))
    assert rendering.STATES[state][1] in shown
    assert "4 unread elsewhere" in shown
    assert "Ada, Ben are typing" in shown
    online = state in ("connected", "degraded")
    assert ("polling 12 ms" in shown) is online
    assert ("3 to send" in shown) is not online
