"""[DOC4] Edits that are refused, each with an error that says why; and the document is as it was."""

from __future__ import annotations

import asyncio
from typing import Any, cast

import pytest
from pycrdt import Doc, Text, XmlFragment
from tests.unit.collaboration.reading_room import PATH, ReadingRoom, Writer
from tests.unit.collaboration.yjs import block, element
from tests.unit.collaboration.yjs import update as written

from coursewire.errors import Invalid
from coursewire.namespaces.collaboration.contract.values import MOST_UPDATE
from coursewire.namespaces.collaboration.encoding.vectors import read_state_vector
from coursewire.namespaces.collaboration.rules import limits


async def opened(room: ReadingRoom, *users: str, **fields: Any) -> list[Writer]:
    """Let these people open a new document."""
    document_id = await room.document(**fields)
    writers = [await room.come(user) for user in users]
    for writer in writers:
        await writer.open(document_id)
    return writers


async def is_unharmed(room: ReadingRoom, writer: Writer, text: str) -> None:
    """Check that the document is what it was, for who is in it, for who comes, and in its rows."""
    cleo = await room.come("cleo")
    await cleo.open(writer.document_id)
    assert cleo.text == text
    assert room.rooms.counts["drops"] == 0


async def test_only_who_has_opened_it_edits_it(room: ReadingRoom) -> None:
    """A subscription alone, as after a reconnect, is not enough: the editor opens the document again."""
    [ada] = await opened(room, "ada")
    ben = await room.come("ben")
    await ben.ask("subscribe", channel=f"document:{ada.document_id}")
    ben.document_id, ben.epoch = ada.document_id, ada.epoch
    for error in (
        await ben.send_refused(ben.edit("x")),
        await ben.refused("document.sync", b"", document_id=ben.document_id, epoch=ben.epoch),
    ):
        assert (error["code"], error["details"]) == ("conflict", {"reason": "open"})
    await is_unharmed(room, ada, "")


async def test_an_edit_of_another_epoch_is_never_merged(room: ReadingRoom) -> None:
    [ada] = await opened(room, "ada")
    error = await ada.send_refused(ada.edit("old"), epoch="another-life")
    assert (error["code"], error["field"], error["details"]) == ("conflict", "epoch", {"reason": "epoch"})
    await is_unharmed(room, ada, "")


async def test_a_gap_is_told_and_sync_heals_it(room: ReadingRoom) -> None:
    ada, ben = await opened(room, "ada", "ben")
    ada.edit("one ")
    error = await ada.send_refused(ada.edit("two "))
    assert (error["code"], error["details"]) == ("conflict", {"reason": "gap"})
    answer = await ada.sync()
    await ada.send(ada.doc.get_update(answer["state_vector"]))
    await ben.reads("two one")


async def test_nobody_writes_as_somebody_else(room: ReadingRoom) -> None:
    """The first who writes with a client id owns it, in every session; and who is here has theirs."""
    ada, ben = await opened(room, "ada", "ben")
    await ada.type("Ada's ")
    forger = Writer(ben.guest, ada.doc.client_id)
    forger.document_id, forger.epoch = ada.document_id, ada.epoch
    forger.doc.apply_update(ada.doc.get_update())
    error = await forger.send_refused(forger.edit("forged "))
    assert (error["code"], error["field"]) == ("forbidden", "update")
    error = await forger.open_refused(ada.document_id)
    assert (error["code"], error["field"]) == ("forbidden", "client_id")
    # Cleo is here, and has not written yet.
    cleo = await room.come("cleo")
    await cleo.open(ada.document_id)
    second = Writer(ben.guest, cleo.doc.client_id)
    second.document_id, second.epoch = ada.document_id, ada.epoch
    second.doc.apply_update(ada.doc.get_update())
    assert (await second.send_refused(second.edit("as Cleo ")))["code"] == "forbidden"
    third = Writer((await room.come("ben")).guest, cleo.doc.client_id)
    assert (await third.open_refused(ada.document_id))["field"] == "client_id"
    # The same person in another tab, or back from offline, goes on with it.
    again = Writer((await room.come("ada")).guest, ada.doc.client_id)
    await again.open(ada.document_id)
    await again.type("again ")
    assert (await room.count("collaboration_writers")) == [2]
    await ben.reads("again Ada's")


async def test_what_its_first_bytes_refuse_is_not_read(room: ReadingRoom) -> None:
    """[DOC4] Another's client id, and a gap: what follows is nonsense, and nobody has looked at it."""
    ada, ben = await opened(room, "ada", "ben")
    await ada.type("safe")
    nonsense = (b"\xff",) * 3
    for client, start, code in ((ada.doc.client_id, 0, "forbidden"), (ben.doc.client_id, 7, "conflict")):
        assert (await ben.send_refused(written(block(client, start, *nonsense))))["code"] == code
    assert (await ben.send_refused(written(block(ben.doc.client_id, 0, *nonsense))))["code"] == "invalid"
    await is_unharmed(room, ada, "safe")


async def test_who_may_only_read_or_comment_edits_nothing(room: ReadingRoom) -> None:
    ada, mona = await opened(room, "ada", "mona")
    error = await mona.send_refused(mona.edit("x"))
    assert (error["code"], error["details"]) == ("forbidden", {"mode": "comment"})
    await is_unharmed(room, ada, "")


async def test_who_is_not_in_the_course_learns_nothing(room: ReadingRoom) -> None:
    """[SUB1] A document that is not theirs is one that is not there."""
    [ada] = await opened(room, "ada")
    eve = await room.come("eve")
    errors = [await eve.open_refused(document_id) for document_id in (ada.document_id, "nowhere")]
    assert errors[0] == errors[1]
    assert errors[0]["code"] == "not_found"
    for channel in (f"document:{ada.document_id}", f"document:{ada.document_id}:staff"):
        assert (await eve.refused("subscribe", channel=channel))["code"] == "not_found"


@pytest.mark.parametrize(
    "update",
    [
        b"\x00",
        b"\xff" * 40,
        b"\x01\x01\x05",
        b"\x00\x00\x00",
        b"\x01\xff\xff\xff\x0f\x01\x00",
        bytes(200),
    ],
)
async def test_what_is_no_update_is_refused(room: ReadingRoom, update: bytes) -> None:
    [ada] = await opened(room, "ada")
    await ada.type("safe")
    error = await ada.send_refused(update)
    assert (error["code"], error["field"]) == ("invalid", "update")
    await is_unharmed(room, ada, "safe")


async def test_what_no_editor_writes_is_refused(room: ReadingRoom) -> None:
    """Another root, which a browser would take."""
    [ada] = await opened(room, "ada")
    doc: Doc[Any] = Doc()
    doc.get("elsewhere", type=Text).insert(0, "hidden")
    error = await ada.send_refused(doc.get_update())
    assert (error["code"], error["field"]) == ("invalid", "update")
    await is_unharmed(room, ada, "")


async def test_an_update_has_a_most(room: ReadingRoom) -> None:
    [ada] = await opened(room, "ada")
    error = await ada.send_refused(bytes(MOST_UPDATE + 1))
    assert (error["code"], error["field"]) == ("too_large", "update")
    assert f"at most {MOST_UPDATE} bytes" in error["message"]


async def test_a_document_has_a_most_and_deleting_makes_room(
    room: ReadingRoom, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "MOST_DOCUMENT", 5_000)
    ada, ben = await opened(room, "ada", "ben")
    await ada.type("a" * 4_000)
    error = await ben.send_refused(ben.edit("b" * 2_000))
    assert error["code"] == "too_large"
    assert "begin another" in error["message"]
    before = ada.doc.get_state()
    root = ada.doc.get("default", type=XmlFragment)
    paragraph = cast("Any", root.children[0])
    del paragraph.children[0][0:3_900]
    await ada.send(ada.doc.get_update(before))
    cleo = await room.come("cleo")
    await cleo.open(ada.document_id)
    await cleo.type("c" * 2_000)
    await cleo.type("c" * 2_000)
    assert (await cleo.send_refused(cleo.edit("c" * 2_000)))["code"] == "too_large"


async def test_a_document_has_so_many_editors(room: ReadingRoom, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each has two numbers in every state vector; whoever has written already writes on."""
    ada, ben, cleo = await opened(room, "ada", "ben", "cleo")
    for writer in (ada, ben):
        await writer.type("x")
    replica = room.rooms._rooms[ada.document_id].replica
    assert replica is not None
    monkeypatch.setattr(limits, "MOST_EDITORS", len(replica._owners))
    error = await cleo.send_refused(cleo.edit("y"))
    assert (error["code"], error["field"]) == ("too_large", "update")
    await ada.type("z")


async def test_nobody_takes_all_editors_of_a_document(
    room: ReadingRoom, monkeypatch: pytest.MonkeyPatch
) -> None:
    """[DOC4] 60 updates of one person brought 40,000 client ids, and nobody new could write any more."""
    monkeypatch.setattr(limits, "MOST_EDITORS", 40)
    monkeypatch.setattr(limits, "MOST_EDITORS_OF_ONE", 4)
    ada, ben, cleo = await opened(room, "ada", "ben", "cleo")

    def newcomers(first: int, count: int) -> bytes:
        return written(*(block(first + number, 0, element()) for number in range(count)))

    taken = 0
    while (await ada.guest.answer(ada.say(newcomers(1_000 + taken, 1))))["ok"]:
        taken += 1
        assert taken <= 20
    assert 18 <= taken <= 20  # half of all; the template has one
    error = await ada.send_refused(newcomers(2_000, 1))
    assert (error["code"], error["field"], "go on with" in error["message"]) == ("too_large", "update", True)
    assert (await ben.send_refused(newcomers(3_000, 5)))["code"] == "too_large"
    for guest, first in ((ben, 3_000), (cleo, 4_000)):
        await guest.send(newcomers(first, 4))
        await guest.send(written(block(first, 1, element())))
    await ada.send(written(block(1_000, 1, element())))
    # Another node, or the same later, knows it from the rows.
    shared = room.rooms._rooms[ada.document_id]
    shared.drop("as if")
    await shared.ready()
    assert (await ada.send_refused(newcomers(2_000, 1)))["code"] == "too_large"


async def test_who_sends_too_much_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Bytes count, not only commands: reading them takes time."""
    monkeypatch.setattr(limits, "LEAST_COST", 400_000)
    room = await ReadingRoom.open(limited=True)
    [ada] = await opened(room, "ada")
    await ada.type("one ")
    await ada.type("two ")
    update = ada.edit("three ")
    error = await ada.send_refused(update)
    assert error["code"] == "rate_limited"
    assert 0 < error["retry_after_ms"] < 4_000
    # Opening the document again, in another tab too, makes it no more.
    await ada.open(ada.document_id)
    assert (await ada.send_refused(update))["code"] == "rate_limited"
    again = Writer((await room.come("ada")).guest, ada.doc.client_id)
    await again.open(ada.document_id)
    assert (await again.send_refused(update))["code"] == "rate_limited"
    await is_unharmed(room, ada, "two one")
    room.rooms.let_go(asyncio.get_running_loop().time())
    assert set(room.rooms._buckets) == {"ada", "cleo"}
    for writer in (ada, again):
        writer.guest.vanish()
    await room.settle()
    room.rooms.let_go(asyncio.get_running_loop().time())
    assert set(room.rooms._buckets) == {"cleo"}
    await room.close()


@pytest.mark.parametrize(
    "vector", [b"\xff\xff\xff\xff\x0f", b"\x01\x05", b"\x02\x05\x01\x05\x01", b"\x01\x05\x01\x00"]
)
async def test_a_state_vector_is_read_before_it_is_believed(room: ReadingRoom, vector: bytes) -> None:
    """pycrdt makes room for as many clients as the first number says."""
    [ada] = await opened(room, "ada")
    for error in (
        await ada.refused("document.sync", vector, document_id=ada.document_id, epoch=ada.epoch),
        await ada.refused("document.open", vector, document_id=ada.document_id, client_id=2),
    ):
        assert (error["code"], error["field"]) == ("invalid", "state_vector")


def test_a_state_vector_says_how_far_each_client_is() -> None:
    doc: Doc[Any] = Doc(client_id=2**52)
    doc.get("default", type=Text).insert(0, "four")
    assert read_state_vector(doc.get_state()) == {2**52: 4}
    assert read_state_vector(b"") == {}
    with pytest.raises(Invalid):
        read_state_vector(b"\x80")


async def test_the_writer_decides_again(room: ReadingRoom) -> None:
    """A right that has gone in the meantime: the room does not know it yet, the transaction does."""
    ada, ben = await opened(room, "ada", "ben")
    guest = room.rooms._rooms[ada.document_id].company.people
    await room.change_role("ben", "mentor", told=False)
    assert {one.mode for one in guest} == {"edit"}
    error = await ben.send_refused(ben.edit("x"))
    assert error["code"] == "forbidden"
    await room.settle()
    cleo = await room.come("cleo")
    await cleo.open(ada.document_id)
    assert cleo.text == ""


async def test_signals_without_their_bytes_are_refused(room: ReadingRoom) -> None:
    [ada] = await opened(room, "ada")
    payload = {"document_id": ada.document_id, "epoch": ada.epoch, "sequence": 1}
    answer = await ada.guest.answer(ada.guest.say("document.update", payload, PATH))
    assert answer["error"]["field"] == "update"
