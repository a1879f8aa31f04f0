"""Who took away what: known of edits that are still there, and of those that a snapshot has replaced."""

from __future__ import annotations

from typing import Any

import pytest
from pycrdt import XmlElement, XmlFragment, XmlText
from tests.unit.collaboration.reading_room import COURSE, ReadingRoom, Writer
from tests.unit.collaboration.test_erased_documents import tables_with

from coursewire.identity.contract import UserErased
from coursewire.namespaces.collaboration.rules import limits
from coursewire.namespaces.collaboration.service.erasure import erase_user
from coursewire.vocabulary import new_id

Said = tuple[str, str, str | None]


async def take_away(writer: Writer, start: int, end: int) -> None:
    """Delete in the first paragraph."""
    heard: list[bytes] = []
    watching = writer.doc.observe(lambda event: heard.append(bytes(event.update)))
    paragraph = writer.doc.get("default", type=XmlFragment).children[0]
    assert isinstance(paragraph, XmlElement)
    text = paragraph.children[0]
    assert isinstance(text, XmlText)
    del text[start:end]
    writer.doc.unobserve(watching)
    for update in heard:
        await writer.send(update)


async def compared(reader: Writer, version: dict[str, Any]) -> list[Said]:
    """Return how the document differs from a version."""
    answer = await reader.ask("version.compare", version_id=version["id"])
    return [(run["text"], run["change"], run.get("user_id")) for run in answer["runs"]]


async def begun(room: ReadingRoom) -> tuple[Writer, Writer, Writer, dict[str, Any]]:
    """Let Ada write, save a version, and Ben and Cleo take something away."""
    document_id = await room.document()
    ada, ben, cleo = [await room.come(user) for user in ("ada", "ben", "cleo")]
    await ada.open(document_id)
    await ada.type("one two three four")
    saved = await ada.ask("version.save", key=new_id(), document_id=document_id, title="Whole")
    await ben.open(document_id)
    await cleo.open(document_id)
    await take_away(ben, 3, 7)
    await room.settle()
    cleo.catch_up()
    await take_away(cleo, 3, 9)
    return ada, ben, cleo, saved["version"]


async def test_who_took_away_what_is_known_whatever_has_been_compacted(room: ReadingRoom) -> None:
    """[DOC6] Twice: then the edits are gone, and with them the snapshot that had seen them."""
    ada, _, _, version = await begun(room)
    wanted: list[Said] = [
        ("one", "kept", None),
        (" two", "removed", "ben"),
        (" three", "removed", "cleo"),
        (" four\n", "kept", None),
    ]
    assert await compared(ada, version) == wanted
    for number in (1, 2):
        assert await room.rooms.compacting.compact(ada.document_id)
        await ada.type("x")
        assert await compared(ada, version) == [("x" * number, "added", "ada"), *wanted]
    assert await room.count("collaboration_updates") == [2]
    saved = await ada.ask("version.save", key=new_id(), document_id=ada.document_id, title="Later")
    assert saved["version"]["editors"] == ["ada", "ben", "cleo"]


async def test_what_comes_back_with_a_version_is_taken_away_by_who_restores_it(room: ReadingRoom) -> None:
    """[DOC6] A restore that only deletes too."""
    document_id = await room.document()
    ada, ben = await room.come("ada"), await room.come("ben")
    await ada.open(document_id)
    await ada.type("one")
    saved = await ada.ask("version.save", key=new_id(), document_id=document_id, title="One")
    await ada.type(" two", 3)
    await ben.open(document_id)
    answer = await ben.ask("version.restore", key=new_id(), version_id=saved["version"]["id"])
    assert await compared(ada, answer["before"]) == [
        ("one", "kept", None),
        (" two", "removed", "ben"),
        ("\n", "kept", None),
    ]


async def test_an_erased_person_has_taken_nothing_away(room: ReadingRoom) -> None:
    """[LOG5] Nor one who has written nothing: their name is nowhere, in snapshots neither."""
    ada, _, _, version = await begun(room)
    assert await room.rooms.compacting.compact(ada.document_id)
    await room.write(lambda tx: erase_user(tx, UserErased("ben", (COURSE,))))
    await room.write(lambda tx: erase_user(tx, UserErased("cleo")))
    assert await tables_with(room, "'ben'") == set()
    assert await tables_with(room, "'cleo'") == set()
    assert await compared(ada, version) == [
        ("one", "kept", None),
        (" two three", "removed", None),
        (" four\n", "kept", None),
    ]


async def test_more_editors_than_a_document_has_are_not_written_down(
    room: ReadingRoom, monkeypatch: pytest.MonkeyPatch
) -> None:
    """[DOC4] Who only deletes comes with no bound of their own: what they take away nobody has taken."""
    monkeypatch.setattr(limits, "MOST_EDITORS", 3)
    ada, _, _, version = await begun(room)
    assert await room.count("collaboration_writers") == [3]
    assert await compared(ada, version) == [
        ("one", "kept", None),
        (" two", "removed", "ben"),
        (" three", "removed", None),
        (" four\n", "kept", None),
    ]
