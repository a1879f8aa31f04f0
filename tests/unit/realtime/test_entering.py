"""Commands that enter channels, and commands that change memory before they are written."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest
from tests.unit.realtime import notes
from tests.unit.realtime.conftest import Build
from tests.unit.realtime.house import House

from coursewire.errors import Conflict, Forbidden, Invalid, NotFound
from coursewire.identity import membership
from coursewire.identity.caller import Caller
from coursewire.realtime.contract import Command, Mode, Nothing, Result
from coursewire.realtime.eager import start
from coursewire.realtime.namespace import ChannelKind, Namespace, Opening, Signal, Staged, Step, only_self
from coursewire.realtime.transaction import Transaction
from coursewire.realtime.visit import Visit
from coursewire.vocabulary import Id, Position


class Entered(Result):
    """Where a board stood when it was entered."""

    positions: dict[str, Position]


class EnterBoard(Command, name="board.enter", returns=Entered):
    """Enter a board; `too` is another channel that is entered with it."""

    board: Id
    too: str = "user:ada"
    fails: bool = False


class Draw(Command, name="board.draw", mode=Mode.WRITE, returns=Nothing):
    """Draw on a board; `fails` says where it goes wrong."""

    board: Id
    stroke: str
    fails: str = ""


class WaitForDrawing(Command, name="board.wait", mode=Mode.SIGNAL, returns=Nothing):
    """Be answered when the gate opens."""


@dataclass
class Wall:
    """What the commands keep in memory, and what they were told."""

    gate: asyncio.Event = field(default_factory=asyncio.Event)
    inside: asyncio.Event = field(default_factory=asyncio.Event)
    """Set once somebody waits at the gate: their channels are decided."""
    drawn: list[str] = field(default_factory=list)
    settled: list[tuple[str, str]] = field(default_factory=list)
    grants: list[tuple[str, str, Any]] = field(default_factory=list)
    left: list[tuple[str, str]] = field(default_factory=list)
    loses: str | None = None
    """A channel that is no more than once among those that somebody enters."""
    lost: str | None = None

    def prepare(self, _: Visit, command: Draw) -> Step:
        if command.fails == "prepare":
            raise Invalid("this is no stroke", field="stroke")
        self.drawn.append(command.stroke)
        return Stroke(self, command)

    def channels_of(self, _: Transaction, __: Caller, command: EnterBoard) -> list[str]:
        if command.board == "none":
            raise NotFound("there is no such board", field="board")
        channels = [notes.board_channel(command.board), command.too]
        if self.lost is not None:
            channels.remove(self.lost)
        self.lost = self.loses
        return channels

    async def enter(self, _: Visit, command: EnterBoard, positions: Mapping[str, Position]) -> Entered:
        self.inside.set()
        await self.gate.wait()
        if command.fails:
            raise Conflict("the wall is wet")
        return Entered(positions=dict(positions))

    def wait(self, _: Visit, __: WaitForDrawing) -> Awaitable[Nothing]:
        async def wait() -> Nothing:
            await self.gate.wait()
            return Nothing()

        return wait()


@dataclass
class Stroke:
    """One stroke on its way into the database."""

    wall: Wall
    command: Draw

    def run(self, tx: Transaction, caller: Caller, command: Draw) -> Nothing:
        if command.fails == "write":
            raise Forbidden("you may only look")
        note = notes.Note(id=f"{caller.user_id}-{command.stroke}", board=command.board, text=command.stroke)
        tx.append(notes.board_channel(command.board), notes.NoteAdded(note))
        return Nothing()

    def settled(self, error: BaseException | None) -> None:
        self.wall.settled.append((self.command.stroke, type(error).__name__ if error else "ok"))


def title_of(tx: Transaction, caller: Caller, board: str) -> str:
    """Grant a board's title to whoever is enrolled."""
    notes.may_read(tx, caller, board)
    return membership.course(tx.raw, board).title


@pytest.fixture
def wall() -> Wall:
    """Make a wall, whose gate is shut."""
    return Wall()


@pytest.fixture
async def house(build: Build, wall: Wall) -> House:
    """Make a house with a board that can be entered and drawn on."""
    base = notes.make()
    namespace = Namespace(
        path=notes.PATH,
        commands={
            **base.commands,
            EnterBoard: Opening(wall.channels_of, wall.enter),
            Draw: Staged(wall.prepare),
            WaitForDrawing: Signal(wall.wait),
        },
        events=base.events,
        channels={
            "board": ChannelKind(
                title_of,
                granted=lambda visit, board, title: wall.grants.append((visit.caller.user_id, board, title)),
                left=lambda visit, board: wall.left.append((visit.caller.user_id, board)),
            ),
            "user": ChannelKind(only_self),
        },
        derived=base.derived,
        reactions=base.reactions,
    )
    house = await build(namespaces=[namespace])
    await house.enrol("math", "ada", "bob")
    return house


async def test_what_happens_while_a_channel_is_entered_comes_behind_the_answer(
    house: House, wall: Wall
) -> None:
    """[SUB3] The position is older than the state: what was logged meanwhile is not missing."""
    ada = await house.visitor("ada")
    await house.add("math", "before")
    entering = ada.say("board.enter", {"board": "math"})
    await house.settle()
    await house.add("math", "meanwhile")
    await house.settle()
    assert ada.named("note.added") == []
    wall.gate.set()
    answer = await ada.answer(entering)
    await house.add("math", "after")
    await ada.event("note.added", times=2)
    assert answer["data"]["positions"]["board:math"]["offset"] == 1
    assert [heard.data["text"] for heard in ada.named("note.added")] == ["meanwhile", "after"]
    assert ada.story.index(f"ack {entering}") < ada.story.index("note.added")


@pytest.mark.parametrize(
    ("payload", "code"),
    [
        ({"board": "none"}, "not_found"),
        ({"board": "math", "too": "user:bob"}, "forbidden"),
        ({"board": "math", "fails": True}, "conflict"),
    ],
)
async def test_who_cannot_enter_listens_to_nothing_of_it(
    house: House, wall: Wall, payload: dict[str, Any], code: str
) -> None:
    """[SUB1] All channels of it, or none."""
    wall.gate.set()
    ada = await house.visitor("ada")
    assert (await ada.refused("board.enter", **payload))["code"] == code
    assert house.hub.find("/notes", "board:math") is None


async def test_who_has_just_lost_one_of_the_channels_may_ask_again(house: House, wall: Wall) -> None:
    """[FAN4] It was named as the caller's, and was not theirs any more when it was asked for."""
    wall.gate.set()
    wall.loses = "user:bob"
    ada = await house.visitor("ada")
    error = await ada.refused("board.enter", board="math", too="user:bob")
    assert (error["code"], error["retryable"]) == ("unavailable", True)
    assert house.hub.find("/notes", "board:math") is None
    answer = await ada.ask("board.enter", board="math", too="user:bob")
    assert set(answer["positions"]) == {"board:math"}


async def test_a_right_that_goes_while_a_channel_is_entered_ends_all_of_it(house: House, wall: Wall) -> None:
    """[FAN4] No field is named: clients enter again by themselves, and hear then whose it is."""
    await house.enrol("art", "ada")
    ada = await house.visitor("ada")
    entering = ada.say("board.enter", {"board": "math", "too": "board:art"})
    await wall.inside.wait()
    await house.expel("math", "ada")
    async with asyncio.timeout(30):
        while house.hub.find("/notes", "board:math") is not None:
            await house.settle()
    wall.gate.set()
    error = (await ada.answer(entering))["error"]
    assert (error["code"], error["retryable"], error.get("field")) == ("unavailable", True, None)
    assert house.hub.find("/notes", "board:art") is None
    assert house.hub.find("/notes", "board:math") is None


async def test_who_has_left_meanwhile_enters_nothing(house: House) -> None:
    """It would be listed in the channel for ever: nobody ends the subscriptions of a session twice."""
    ada = await house.visitor("ada")
    [session] = house.hub.all_sessions()
    ada.vanish()
    answers = await house.hub.subscribe(session, {"board:math": None})
    assert isinstance(answers["board:math"], NotFound)
    assert house.hub.channel_count == 0


async def test_nothing_is_granted_to_who_leaves_while_it_is_decided(
    house: House, wall: Wall, monkeypatch: pytest.MonkeyPatch
) -> None:
    """[FAN4] Otherwise a namespace would keep them among those who are there."""
    monkeypatch.setattr(house.storage, "glance", house.storage.read)  # as where the database is not a file
    await house.visitor("ada", "board:math")
    [session] = house.hub.all_sessions()
    granted = [("ada", "math", "MATH")]
    assert wall.grants == granted
    await house.write(lambda tx: membership.put_course(tx.raw, "math", "Algebra"))
    deciding = start(house.hub.decide_again(session))
    house.hub.unsubscribe(session, "board:math")
    await deciding
    assert (wall.grants, wall.left) == (granted, [("ada", "math")])


async def test_memory_sees_commands_in_the_order_in_which_they_are_committed(
    house: House, wall: Wall
) -> None:
    """[CMD1] Of one session and across sessions."""
    ada, bob = await house.visitor("ada", "board:math"), await house.visitor("bob")
    acks = [
        (guest, guest.say("board.draw", {"board": "math", "stroke": f"{index}"}))
        for index, guest in enumerate([ada, bob, ada, bob, bob, ada])
    ]
    for guest, ack in acks:
        assert (await guest.answer(ack))["ok"]
    await ada.event("note.added", times=6)
    logged = [heard.data["text"] for heard in ada.named("note.added")]
    assert logged == wall.drawn == [stroke for stroke, _ in wall.settled]


async def test_a_step_hears_how_it_ended_before_its_caller_does(house: House, wall: Wall) -> None:
    """[CMD2] What `prepare` refuses is not written, and nobody is told of a step that never was."""
    ada = await house.visitor("ada")
    refused = await ada.refused("board.draw", board="math", stroke="a", fails="prepare")
    assert (refused["code"], refused["field"]) == ("invalid", "stroke")
    failing = ada.say("board.draw", {"board": "math", "stroke": "b", "fails": "write"})
    ada.line.on_write = lambda _: wall.settled.append(("written", "to the socket"))
    await ada.answer(failing)
    assert wall.settled == [("b", "Forbidden"), ("written", "to the socket")]
    assert wall.drawn == ["b"]


async def test_a_signal_may_wait_for_what_it_answers(house: House, wall: Wall) -> None:
    """[CMD1] Commands behind it wait too, where their mode is another."""
    ada = await house.visitor("ada")
    waiting = ada.say("board.wait")
    reading = ada.say("course.read", {"board": "math"})
    await house.settle()
    assert ada.answers == {}
    wall.gate.set()
    await ada.answer(reading)
    assert list(ada.answers) == [waiting, reading]


async def test_a_namespace_knows_what_a_right_is_good_for_as_long_as_it_lasts(
    house: House, wall: Wall
) -> None:
    """[FAN4] Told at the beginning, at each change, and at the end; not when nothing has changed."""
    ada = await house.visitor("ada", "board:math")
    assert wall.grants == [("ada", "math", "MATH")]
    await ada.ask("course.rename", board="math", title="Algebra")
    await house.settle()
    assert wall.grants[1:] == [("ada", "math", "Algebra")]
    await ada.ask("course.rename", board="math", title="Algebra")
    await house.settle()
    assert len(wall.grants) == 2
    assert wall.left == []
    await ada.ask("unsubscribe", channel="board:math")
    assert wall.left == [("ada", "math")]
    await ada.ask("subscribe", channel="board:math")
    ada.vanish()
    assert wall.left == [("ada", "math")] * 2


async def test_a_last_value_is_sent_and_then_forgotten(house: House) -> None:
    """[FAN3] Nobody who comes later is told of somebody who has left."""
    ada = await house.visitor("ada", "board:math")
    live = house.here.live[notes.PATH]
    live.publish_latest("board:math", notes.Counted(notes.Count(board="math", count=1)))
    live.publish_latest("board:math", notes.Counted(notes.Count(board="art", count=2)), is_last=True)
    await ada.event("board.counted", times=2)
    bob = await house.visitor("bob")
    answer = await bob.ask("subscribe", channel="board:math")
    assert [value["data"]["board"] for value in answer["latest"]] == ["math"]
    assert [heard.data["board"] for heard in ada.named("board.counted")] == ["math", "art"]


async def test_only_a_newest_value_can_be_published_as_one(house: House) -> None:
    live = house.here.live[notes.PATH]
    with pytest.raises(TypeError, match=r"note\.added"):
        live.publish_latest("board:math", notes.NoteAdded(notes.Note(id="n", board="math", text="x")))


async def test_a_write_does_not_overtake_what_is_gathered(house: House) -> None:
    """[CMD1] Also where the commands before it wait for company."""
    ada = await house.visitor("ada", "board:math")
    for stroke in ("a", "b"):
        await ada.ask("board.draw", board="math", stroke=stroke)
    drawing = ada.say("board.draw", {"board": "math", "stroke": "c"})
    writing = ada.say("note.add", {"key": "k", "board": "math", "text": "d"})
    assert (await ada.answer(drawing))["ok"]
    assert (await ada.answer(writing))["ok"]
    await ada.event("note.added", times=4)
    assert [heard.data["text"] for heard in ada.named("note.added")] == ["a", "b", "c", "d"]
