"""Who is in a document, where their carets stand, and what they may do while that changes."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from sqlalchemy import bindparam, update
from tests.unit.collaboration.reading_room import ReadingRoom, Writer
from tests.unit.realtime.house import Clock

from coursewire.identity.caller import Caller
from coursewire.namespaces.collaboration.encoding.awareness import Entry, read_awareness
from coursewire.namespaces.collaboration.rooms.people import COLOURS, Guest, People
from coursewire.namespaces.collaboration.store.tables import documents
from coursewire.storage.statement import Prepared

Json = dict[str, Any]
_RAISE = Prepared(
    update(documents).where(documents.c.id == bindparam("of_id")).values(layout=bindparam("to"))
)


def at_unit(clock: int) -> Json:
    """Return the state of an editor whose caret stands at a unit."""
    place = {"type": None, "tname": None, "item": {"client": 1, "clock": clock}, "assoc": 0}
    return {"cursor": {"anchor": place, "head": place}}


HERE = at_unit(2)


async def two(room: ReadingRoom, *users: str) -> list[Writer]:
    """Let people open a new document."""
    document_id = await room.document()
    writers = [await room.come(user) for user in users or ("ada", "ben")]
    for writer in writers:
        await writer.open(document_id)
    return writers


# Participants


async def test_everybody_sees_who_is_here(room: ReadingRoom) -> None:
    """[DOC9] Two tabs are one person with two editors; the last to go is told once."""
    ada, ben = await two(room)
    second = await room.come("ben")
    opened = await second.open(ada.document_id)
    assert [(one["user_id"], one["name"], one["mode"], one["here"]) for one in opened["participants"]] == [
        ("ada", "Ada", "edit", True),
        ("ben", "Ben", "edit", True),
    ]
    clients = sorted([ben.doc.client_id, second.doc.client_id])
    assert opened["participants"][1]["client_ids"] == clients
    clock = Clock(room.house)
    await clock.advance(1)
    assert [one for one in ada.people() if one["user_id"] == "ben"][-1]["client_ids"] == clients
    ben.guest.vanish()
    await clock.advance(1)
    last = [one for one in ada.people() if one["user_id"] == "ben"][-1]
    assert (last["client_ids"], last["here"]) == ([second.doc.client_id], True)
    await second.ask("document.close", document_id=ada.document_id)
    await clock.advance(1)
    last = [one for one in ada.people() if one["user_id"] == "ben"][-1]
    assert (last["client_ids"], last["here"]) == ([], False)
    cleo = await room.come("cleo")
    opened = await cleo.open(ada.document_id)
    assert [one["user_id"] for one in opened["participants"]] == ["ada", "cleo"]
    answer = await cleo.ask("subscribe", channel=f"document:{ada.document_id}")
    assert "ben" not in {value["data"]["user_id"] for value in answer.get("latest", [])}


async def test_closing_ends_all_channels_of_a_document_and_no_other(room: ReadingRoom) -> None:
    """[DOC9] What one does not look at any more, one is not sent."""
    ada, ben = await two(room)
    other = await room.document()
    await ada.open(other)
    first = ben.document_id
    await ada.ask("document.close", document_id=first)
    await ben.type("unseen")
    await room.settle()
    assert [one.data["document_id"] for one in ada.guest.named("document.updated")] == []
    error = await ada.send_refused(b"\x00\x00", document_id=first)
    assert error["details"] == {"reason": "open"}
    await ada.type("seen")
    await ada.guest.event("document.updated")


def test_two_who_are_here_look_different_while_there_are_colours() -> None:
    """[DOC9] And somebody looks the same in every document, unless the colour is taken."""
    people = People()
    colours = []
    for number in range(len(COLOURS)):
        people.add(_guest(number))
        colours.append(people.colour_of(f"user-{number}"))
    assert sorted(colours) == sorted(COLOURS)
    people.add(_guest(len(COLOURS)))
    alone = People()
    alone.add(_guest(len(COLOURS)))
    assert people.colour_of(f"user-{len(COLOURS)}") == alone.colour_of(f"user-{len(COLOURS)}")


def _guest(number: int) -> Any:
    caller = Caller(f"user-{number}", f"User {number}")
    return Guest(number, caller, "edit", number, is_too_old=False, since="", bucket=None)


def test_every_colour_can_be_read_on() -> None:
    """A white name on it has a contrast of at least 4.5 (WCAG 2.2, 1.4.3)."""

    def luminance(colour: str) -> float:
        parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
        linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    for colour in COLOURS:
        assert 1.05 / (luminance(colour) + 0.05) >= 4.5, colour


# Carets


async def test_a_caret_says_who_it_is_as_the_server_knows_it(room: ReadingRoom) -> None:
    """[DOC9] A forged name, a colour that is a style, other fields and other people's carets go nowhere."""
    ada, ben = await two(room)
    forged = {**HERE, "user": {"name": "Ada", "color": "red;background:url(x)"}, "secret": 1}
    ben.show_caret(5, forged)
    ben.show_caret(9, {**HERE}, client_id=ada.doc.client_id)
    await ada.guest.event("awareness.changed")
    await room.settle()
    entry = ada.carets()[ben.doc.client_id]
    assert entry.state is not None
    assert entry.state["cursor"] == HERE["cursor"]
    assert set(entry.state) == {"cursor", "user"}
    colour = entry.state["user"].pop("color")
    assert entry.state["user"] == {"id": "ben", "name": "Ben"}
    assert colour in COLOURS
    assert set(ada.carets()) == {ben.doc.client_id}
    cleo = await room.come("cleo")
    opened = await cleo.open(ada.document_id)
    assert [one.client_id for one in read_awareness(opened["awareness"])] == [ben.doc.client_id]


async def test_carets_that_move_together_are_told_together(room: ReadingRoom) -> None:
    """[DOC9] [FAN1] However often they move: 20 times a second, each as it is at the end."""
    writers = await two(room, "ada", "ben", "cleo")
    clock = Clock(room.house)
    now = asyncio.get_running_loop().time
    began = now()
    for at in range(1, 31):
        for writer in writers:
            writer.show_caret(at, at_unit(at))
        await room.settle()
    most = (now() - began) / 0.05 + 2  # by the same clock as the server's
    told = writers[0].guest.named("awareness.changed")
    assert 1 <= len(told) <= most
    await clock.advance(0.06)
    await clock.advance(0.06)
    cursors = [entry.state["cursor"] for entry in writers[0].carets().values() if entry.state]
    assert cursors == [at_unit(30)["cursor"]] * 3


async def test_a_caret_that_editors_cannot_draw_goes_nowhere(room: ReadingRoom) -> None:
    """[DOC9] They draw those of others at every change, and stop at one that Yjs cannot read."""
    ada, ben = await two(room)
    ben.show_caret(1, HERE)
    await ada.guest.event("awareness.changed")
    ben.show_caret(2, {"cursor": {"anchor": None, "head": 5}})
    await room.settle()
    await Clock(room.house).advance(0.1)
    assert [entry.clock for entry in ada.carets().values()] == [1]


async def test_a_caret_is_forgotten_with_its_editor(room: ReadingRoom) -> None:
    """[DOC9] Also of one that has said itself that it is gone: many come and go in a document that is never empty."""
    ada, ben = await two(room)
    for _ in range(3):
        ben.show_caret(1, HERE)
        ben.show_caret(2, None)
        await ben.ask("document.close", document_id=ben.document_id)
        ben = await room.come("ben")
        await ben.open(ada.document_id)
    company = room.rooms._rooms[ada.document_id].company
    assert company.carets._entries == {}


async def test_an_older_report_of_a_caret_is_passed_over(room: ReadingRoom) -> None:
    """[DOC9] Its clock only grows; of two that are equal the one holds that it is gone."""
    ada, ben = await two(room)
    clock = Clock(room.house)
    for at, state in ((5, HERE), (4, at_unit(4)), (5, at_unit(5))):
        ben.show_caret(at, state)
    await clock.advance(0.1)
    entry = ada.carets()[ben.doc.client_id]
    assert (entry.clock, (entry.state or {}).get("cursor")) == (5, HERE["cursor"])
    ben.show_caret(5, None)
    await clock.advance(0.1)
    assert ada.carets()[ben.doc.client_id] == Entry(ben.doc.client_id, 5, None)


async def test_the_caret_of_who_has_left_goes_at_its_own_clock(room: ReadingRoom) -> None:
    """[DOC9] So the same editor, back at once, is seen again with its next report."""
    ada, ben = await two(room)
    clock = Clock(room.house)
    ben.show_caret(5, HERE)
    await clock.advance(0.1)
    ben.guest.vanish()
    await clock.advance(0.1)
    assert ada.carets()[ben.doc.client_id] == Entry(ben.doc.client_id, 5, None)
    again = Writer((await room.come("ben")).guest, ben.doc.client_id)
    opened = await again.open(ada.document_id)
    assert read_awareness(opened["awareness"]) == []
    again.show_caret(6, HERE)
    await clock.advance(0.1)
    assert ada.carets()[ben.doc.client_id].clock == 6


async def test_the_late_end_of_a_half_open_session_takes_no_caret(room: ReadingRoom) -> None:
    """[SES3] [DOC9] The same editor is here already, over another connection."""
    ada, ben = await two(room)
    again = Writer((await room.come("ben")).guest, ben.doc.client_id)
    await again.open(ada.document_id)
    clock = Clock(room.house)
    again.show_caret(7, HERE)
    await clock.advance(0.1)
    ben.guest.vanish()
    await clock.advance(1)
    assert ada.carets()[ben.doc.client_id].state is not None
    assert [one["here"] for one in ada.people() if one["user_id"] == "ben"][-1] is True


@pytest.mark.parametrize("data", [b"\x01\x05\x01\x05ab", b"\xff\xff\xff", b"\x01", b"\x00\x00"])
async def test_awareness_that_is_none_is_refused(room: ReadingRoom, data: bytes) -> None:
    ada, _ = await two(room)
    error = await ada.refused("awareness.set", data, document_id=ada.document_id)
    assert (error["code"], error["field"]) == ("invalid", "awareness")


# Modes


async def test_a_role_that_changes_reaches_who_is_in_the_document(room: ReadingRoom) -> None:
    """[DOC7] [FAN4] The editor turns read-only, its caret goes when it may only view, and the others see it."""
    ada, ben = await two(room)
    clock = Clock(room.house)
    ben.show_caret(1, HERE)
    await clock.advance(0.1)
    await room.change_role("ben", "mentor")
    await clock.advance(1)
    told = ben.guest.named("document.mode")
    assert [(one.meta["channel"], one.data) for one in told] == [
        ("user:ben", {"document_id": ada.document_id, "mode": "comment", "reason": "role"})
    ]
    assert (await ben.send_refused(ben.edit("x")))["details"] == {"mode": "comment"}
    assert [one["mode"] for one in ada.people() if one["user_id"] == "ben"][-1] == "comment"
    await room.change_role("ben", "learner")
    await clock.advance(1)
    assert ben.guest.named("document.mode")[-1].data["mode"] == "edit"
    await ben.sync()


async def test_who_leaves_the_course_is_out_of_its_documents(room: ReadingRoom) -> None:
    """[DOC7] [SUB1]"""
    ada, ben = await two(room)
    clock = Clock(room.house, runs=True)
    ben.show_caret(1, HERE)
    await room.remove("ben")
    await clock.advance(1)
    assert [one.meta["channel"] for one in ben.guest.named("channel.closed")] == [
        f"document:{ada.document_id}"
    ]
    assert (await ben.send_refused(ben.edit("x")))["details"] == {"reason": "open"}
    assert (await ben.open_refused(ada.document_id))["code"] == "not_found"
    assert ada.carets()[ben.doc.client_id].state is None
    await ada.type("unheard")
    await room.settle()
    assert ben.guest.named("document.updated") == []


async def test_an_editor_that_is_too_old_gets_html_and_edits_nothing(room: ReadingRoom) -> None:
    """[DOC7] What it does not know it would take out, for everybody, even when nobody types in it."""
    document_id = await room.document(template="essay-draft")
    await room.write(lambda tx: tx.run(_RAISE, of_id=document_id, to=2))
    ben = await room.come("ben")
    opened = await ben.ask("document.open", b"", document_id=document_id, client_id=77, layout=1)
    assert (opened["mode"], opened["layout"], opened["update"], opened["state_vector"]) == (
        "comment",
        2,
        b"",
        b"",
    )
    assert opened["html"].startswith("<h1>Working title</h1>")
    error = await ben.send_refused(b"\x00\x00", document_id=document_id, epoch=opened["epoch"])
    assert error["details"] == {"mode": "comment"}
    error = await ben.refused("document.sync", b"", document_id=document_id, epoch=opened["epoch"])
    assert error["details"] == {"reason": "open"}
    await room.change_role("ben", "mentor")
    await room.change_role("ben", "learner")
    await room.settle()
    error = await ben.send_refused(b"\x00\x00", document_id=document_id, epoch=opened["epoch"])
    assert error["details"] == {"mode": "comment"}
    newer = await ben.ask("document.open", b"", document_id=document_id, client_id=77, layout=2)
    assert (newer["mode"], "html" in newer) == ("edit", False)
