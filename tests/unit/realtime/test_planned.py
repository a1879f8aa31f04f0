"""Commands that are planned in a reader before they are written: in order, once, and never from what is no more so."""

from __future__ import annotations

import dataclasses
import threading
from collections.abc import Callable
from typing import Any

import pytest
from tests.unit.realtime import notes
from tests.unit.realtime.conftest import Build
from tests.unit.realtime.guest import Guest
from tests.unit.realtime.house import House

from coursewire.errors import Forbidden
from coursewire.identity.caller import Caller
from coursewire.realtime.contract import Command
from coursewire.realtime.namespace import Outdated, Planned
from coursewire.realtime.running import PLANS
from coursewire.realtime.transaction import Transaction

BOARD = notes.board_channel("math")


class Desk:
    """Plans notes: how far the board was is written into them."""

    def __init__(self) -> None:
        self.plans = 0
        self.before_plan: Callable[[], object] = lambda: None
        self.outdated = 0
        """So many of the next plans fit no more when they are to be written."""

    def plan(self, tx: Transaction, caller: Caller, command: notes.AddNote) -> str:
        """Read, and take one's time."""
        self.plans += 1
        self.before_plan()
        if command.text == "refused":
            raise Forbidden("not this one")
        return f"{command.text} by {caller.user_id} behind {tx.position(BOARD).offset}"

    def write(self, tx: Transaction, caller: Caller, command: notes.AddNote, planned: str) -> notes.Added:
        """Write what was planned."""
        if self.outdated:
            self.outdated -= 1
            raise Outdated
        return notes.add_note(tx, caller, command.model_copy(update={"text": planned}))


@pytest.fixture
def desk() -> Desk:
    return Desk()


@pytest.fixture
async def house(build: Build, desk: Desk) -> House:
    made = notes.make()
    commands: dict[type[Command], Any] = {**made.commands, notes.AddNote: Planned(desk.plan, desk.write)}
    house = await build(namespaces=[dataclasses.replace(made, commands=commands)])
    await house.enrol("math", "ada", "bob")
    return house


def add(guest: Guest, text: str, key: str | None = None) -> int:
    return guest.say("note.add", {"key": key or text, "board": "math", "text": text})


async def text_of(guest: Guest, ack: int) -> Any:
    answer = await guest.answer(ack)
    return answer["data"]["note"]["text"] if answer["ok"] else answer["error"]["code"]


async def test_each_is_planned_after_the_one_before_it_is_written(house: House) -> None:
    """[CMD1] Reads and writes around it keep their order as well."""
    ada = await house.visitor("ada", "board:math")
    acks = [add(ada, "a"), add(ada, "b")]
    ada.say("course.rename", {"board": "math", "title": "Geometry"})
    acks.append(add(ada, "refused"))
    title = ada.say("course.read", {"board": "math"})
    acks.append(add(ada, "c"))
    found = [await text_of(ada, ack) for ack in acks]
    assert found == ["a by ada behind 0", "b by ada behind 1", "forbidden", "c by ada behind 2"]
    assert (await ada.answer(title))["data"]["title"] == "Geometry"
    assert list(ada.answers) == sorted(ada.answers)


async def test_a_key_is_planned_and_written_once(house: House, desk: Desk) -> None:
    """[LOG3] A repeat gets the first answer and costs no plan, also where a plan would be refused by now."""
    ada = await house.visitor("ada", "board:math")
    first = await text_of(ada, add(ada, "once"))
    await house.expel("math", "ada")
    again = await ada.answer(add(ada, "once"))
    assert (again["data"]["duplicate"], again["data"]["note"]["text"]) == (True, first)
    assert desk.plans == 1
    error = (await ada.answer(add(ada, "other", key="once")))["error"]
    assert error["code"] == "conflict"


@pytest.mark.parametrize(("outdated", "plans"), [(1, 2), (PLANS, PLANS + 1)])
async def test_what_fits_no_more_is_planned_again(
    house: House, desk: Desk, outdated: int, plans: int
) -> None:
    """After so many times in the writer, where nothing can come in between."""
    desk.outdated = outdated
    ada = await house.visitor("ada", "board:math")
    assert await text_of(ada, add(ada, "late")) == "late by ada behind 0"
    assert desk.plans == plans


async def test_a_plan_holds_up_nobody_who_writes(house: House, desk: Desk) -> None:
    """[CMD2] The writer is everybody's."""
    gate = threading.Event()
    ada, bob = await house.visitor("ada", "board:math"), await house.visitor("bob", "board:math")
    desk.before_plan = lambda: gate.wait(30)
    slow = add(ada, "slow")
    await bob.ask("course.rename", board="math", title="Geometry")
    assert slow not in ada.answers
    gate.set()
    assert await text_of(ada, slow) == "slow by ada behind 0"
