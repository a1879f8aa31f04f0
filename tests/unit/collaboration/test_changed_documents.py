"""Who hears that a document has another title."""

from __future__ import annotations

from typing import Any

from tests.unit.collaboration.reading_room import COURSE, ReadingRoom, Writer
from tests.unit.realtime.house import Clock

from coursewire.identity import groups
from coursewire.identity.caller import Caller
from coursewire.namespaces.collaboration.contract import DocumentPatch
from coursewire.namespaces.collaboration.service import managing


async def change(room: ReadingRoom, document_id: str, **patch: Any) -> None:
    """Let Ada change a document, as over HTTP."""
    ada, body = Caller("ada", "Ada"), DocumentPatch.model_validate(patch)
    await room.write(lambda tx: managing.change_document(tx, ada, document_id, body))
    await Clock(room.house).advance(2)


def titles(writer: Writer) -> dict[str, list[str]]:
    """Return what somebody was told, by channel."""
    found: dict[str, list[str]] = {}
    for one in writer.guest.named("document.changed"):
        assert set(one.data) == {"document_id", "course_id", "title"}
        found.setdefault(one.meta["channel"].partition(":")[0], []).append(one.data["title"])
    return found


async def test_another_title_reaches_who_is_in_the_document_and_all_whose_lists_have_it(
    room: ReadingRoom,
) -> None:
    """[DOC7] Nobody else, and nobody when it stays as it is."""
    document_id = await room.document()
    ada, ben, mona, eve = [await room.come(user) for user in ("ada", "ben", "mona", "eve")]
    await ada.open(document_id)
    await change(room, document_id, title="Notes", access={"mentor": "none"})
    await change(room, document_id, title="Results")
    assert titles(ada) == {"document": ["Results"], "user": ["Results"]}
    assert titles(ben) == {"user": ["Results"]}
    assert (titles(mona), titles(eve)) == ({}, {})
    assert (await ada.open(document_id))["document"]["title"] == "Results"


async def test_the_title_of_a_groups_document_is_for_the_group_and_staff(room: ReadingRoom) -> None:
    """[DOC7]"""
    await room.write(lambda tx: groups.put_group(tx.raw, COURSE, "red", ["ben"]))
    document_id = await room.document("ben", group="red")
    ada, ben, cleo = [await room.come(user) for user in ("ada", "ben", "cleo")]
    await change(room, document_id, title="Ours")
    assert (titles(ada), titles(ben), titles(cleo)) == ({"user": ["Ours"]}, {"user": ["Ours"]}, {})


async def test_a_title_is_told_and_not_kept(room: ReadingRoom) -> None:
    """[SUB1] Who may not open the document any more, or comes later and reads it there, is not told what it was."""
    document_id = await room.document()
    ada, ben = [await room.come(user) for user in ("ada", "ben")]
    await ada.open(document_id)
    await change(room, document_id, title="Results")
    await room.remove("ben")
    again = await room.come("ben")
    await room.settle()
    assert (titles(ben), titles(again)) == ({"user": ["Results"]}, {})
    cleo = await room.come("cleo")
    answer = await cleo.ask("subscribe", channel=f"document:{document_id}")
    assert {value["event"] for value in answer.get("latest", [])} <= {"session.changed"}


async def test_who_is_let_in_is_told_that_there_is_a_document(room: ReadingRoom) -> None:
    """[DOC7] At once, and only they: their page shows it again."""
    await room.write(lambda tx: groups.put_group(tx.raw, COURSE, "red", ["ben"]))
    document_id = await room.document("ben", group="red")
    ada, ben, cleo = [await room.come(user) for user in ("ada", "ben", "cleo")]
    await ben.open(document_id)
    await change(room, document_id, access={"learner": "none"})
    assert (await ben.open_refused(document_id))["code"] == "not_found"
    await change(room, document_id, access={"learner": "view"})
    await change(room, document_id, access={"learner": "edit"})
    assert (titles(ada), titles(ben), titles(cleo)) == ({}, {"user": ["Notes"]}, {})
    assert (await ben.open(document_id))["mode"] == "edit"
