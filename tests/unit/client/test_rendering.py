"""What the terminal shows."""

from __future__ import annotations

import io

import pytest
from rich.console import Console, RenderableType

from coursewire.client import rendering
from coursewire.client.outputs import Diagnostics, State
from coursewire.namespaces.chat.contract import (
    Author,
    FoundMessage,
    Message,
    Piece,
    Quote,
    Reaction,
    ReactionChange,
    RoomSummary,
    Thread,
)

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
        ({"pinned": True}, "Ben  [red]hi[/red] (pinned)"),
        (
            {"reactions": [Reaction(emoji="👍", count=2, user_ids=["a", "b"])], "thread": Thread(replies=3)},
            "👍 2   3 replies: /thread 1",
        ),
        ({"thread": Thread(replies=1)}, "1 reply: /thread 1"),
        ({"thread": Thread(replies=0)}, "Ben  [red]hi[/red]"),
    ],
)
def test_a_message(changes: dict[str, object], expected: str) -> None:
    assert plain(rendering.message(MESSAGE.model_copy(update=changes), "ada")).strip().endswith(expected)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        (
            {"quote": Quote(id="m0", number=1, author=Author(user_id="ada", name="Ada"), text="[b]?[/b]")},
            "╭ Ada: [b]?[/b]",
        ),
        ({"quote": Quote(id="m0", number=1, text="", state="hidden")}, "╭ Anonymous: message hidden"),
        ({"thread_id": "m0"}, "╭ in a thread"),
    ],
)
def test_what_a_message_answers_stands_above_it(changes: dict[str, object], expected: str) -> None:
    first, second = plain(rendering.message(MESSAGE.model_copy(update=changes), "ada")).strip().splitlines()
    assert first.strip() == expected
    assert second.endswith("#1  Ben  [red]hi[/red]")


@pytest.mark.parametrize(
    ("on", "left", "expected"),
    [
        (True, [Reaction(emoji="🎉", count=1, user_ids=["ben"])], "Ben reacted 🎉 to #1: 🎉 1"),
        (False, [], "Ben took 🎉 back from #1"),
    ],
)
def test_a_reaction(*, on: bool, left: list[Reaction], expected: str) -> None:
    message = MESSAGE.model_copy(update={"reactions": left})
    change = ReactionChange(user_id="ben", emoji="🎉", on=on)
    assert plain(rendering.reacted(message, change, "Ben")).strip() == expected


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, ""),
        ({"kind": "announcement"}, "announcements: only staff write here"),
        (
            {"locked": True, "slow_mode_s": 30},
            "locked: only staff write here; slow mode: 30 s between two messages of one person",
        ),
        ({"muted_until": AT}, "you are muted until 2026-11-22 18:00 UTC"),
    ],
)
def test_what_is_particular_about_writing_in_a_room(changes: dict[str, object], expected: str) -> None:
    assert rendering.standing(ROOM.model_copy(update=changes)) == expected


def test_what_was_found() -> None:
    excerpt = [
        Piece(text="the [i]", found=False),
        Piece(text="lemma", found=True),
        Piece(text="\nof", found=False),
    ]
    hit = FoundMessage(message=MESSAGE, room_title="Problem set 1", excerpt=excerpt)
    assert (
        plain(rendering.found([hit, hit])).splitlines()
        == ["2026-11-22  #1  Problem set 1  Ben  the [i]lemma of"] * 2
    )
    assert "Nothing" in plain(rendering.found([]))


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
