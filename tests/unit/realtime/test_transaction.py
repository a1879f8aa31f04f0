"""What a service says happens when its work commits, and not at all when it does not."""

from __future__ import annotations

from typing import Any

import pytest
from tests.unit.realtime import notes
from tests.unit.realtime.conftest import Build
from tests.unit.realtime.house import House

from coursewire import log
from coursewire.errors import Conflict, NotFound
from coursewire.identity import membership
from coursewire.identity.contract import CourseSaved, MembersChanged
from coursewire.realtime.transaction import Transaction

SECRET = "SELECT secret FROM vault"


async def title_of(house: House, board: str) -> str:
    return await house.storage.read(lambda raw: membership.course(raw, board).title)


@pytest.mark.parametrize(("fails", "code"), [("conflict", "conflict"), (SECRET, "internal")])
async def test_a_work_that_fails_leaves_neither_change_nor_event(house: House, fails: str, code: str) -> None:
    """[LOG1] The change, the logged event, the newest value, the derivation and the recheck: all or nothing."""
    ada = await house.visitor("ada")
    published: list[Any] = []
    house.bus.subscribe(published.append)
    error = await ada.refused("course.rename", board="math", title="Stolen", fails=fails)
    assert error["code"] == code
    await house.settle()
    assert await title_of(house, "math") == "MATH"
    assert (published, ada.named("note.added")) == ([], [])
    assert (await house.write(lambda tx: tx.position("user:ada"))).offset == 0

    await ada.ask("course.rename", board="math", title="Mathematics")
    assert await title_of(house, "math") == "Mathematics"
    assert (await ada.event("note.added")).offset == 1


async def test_a_neighbour_in_the_same_commit_group_is_not_harmed(house: House) -> None:
    """[LOG1] One fails between two that succeed; offsets have no hole (LOG2)."""
    ada = await house.visitor("ada", "board:math")
    acks = [
        ada.say("note.add", {"key": "k1", "board": "math", "text": "one"}),
        ada.say("course.rename", {"board": "math", "title": "x", "fails": "conflict"}),
        ada.say("note.add", {"key": "k2", "board": "math", "text": "two"}),
    ]
    assert [(await ada.answer(ack))["ok"] for ack in acks] == [True, False, True]
    assert ada.offsets("board:math") == [1, 2]


async def test_reactions_run_in_the_same_transaction(build: Build) -> None:
    """[LOG1] What a reaction refuses undoes what it reacts to."""
    heard: list[CourseSaved] = []

    def react(tx: Transaction, fact: CourseSaved) -> None:
        heard.append(fact)
        assert membership.course(tx.raw, fact.course_id).title == fact.title
        if fact.title == "Forbidden":
            raise Conflict("a reaction says no")
        tx.append("board:log", notes.NoteAdded(notes.Note(id="n", board="log", text=fact.title)))

    house = await build(namespaces=[notes.make(reactions={CourseSaved: react})])
    ada = await house.visitor("ada")
    await ada.ask("course.rename", board="math", title="Mathematics")
    assert (await house.write(lambda tx: tx.position("board:log"))).offset == 1
    error = await ada.refused("course.rename", board="math", title="Forbidden")
    assert (error["code"], len(heard) >= 2) == ("conflict", True)
    assert await title_of(house, "math") == "Mathematics"
    assert (await house.write(lambda tx: tx.position("board:log"))).offset == 1


async def test_a_reaction_speaks_in_its_own_namespace(build: Build) -> None:
    def react(tx: Transaction, fact: MembersChanged) -> None:
        tx.append("board:joins", notes.NoteAdded(notes.Note(id="n", board="joins", text=fact.added[0])))

    house = await build(
        namespaces=[notes.make(), notes.make(path="/other", reactions={MembersChanged: react})]
    )
    await house.enrol("math", "ada")
    found = [
        await house.storage.read(lambda raw, path=path: log.position(raw, path, "board:joins").offset)  # type: ignore[misc]
        for path in ("/notes", "/other")
    ]
    assert found == [0, 1]


async def test_only_events_of_the_right_class_are_published(house: House) -> None:
    note = notes.NoteAdded(notes.Note(id="n", board="math", text="logged"))
    with pytest.raises(TypeError, match="not of class latest"):
        await house.write(lambda tx: tx.publish_latest("board:math", note))
    with pytest.raises(TypeError, match="not of class ephemeral"):
        house.here.live[notes.PATH].publish_unlogged("board:math", note)


async def test_an_event_names_its_actor_time_and_place(house: House) -> None:
    ada = await house.visitor("ada", "board:math")
    bob = await house.visitor("bob", "board:math")
    await bob.ask("note.add", key="k", board="math", text="hello")
    heard = await ada.event("note.added")
    assert heard.meta == {
        "channel": "board:math",
        "id": heard.meta["id"],
        "at": heard.meta["at"],
        "epoch": heard.meta["epoch"],
        "offset": 1,
        "actor": "bob",
    }
    await house.add("math", "by nobody")
    assert "actor" not in (await ada.event("note.added", 2)).meta


async def test_an_unknown_course_is_not_found(house: House) -> None:
    with pytest.raises(NotFound):
        await title_of(house, "nowhere")
