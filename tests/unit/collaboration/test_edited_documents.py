"""Who hears that lists show another time of an edit, or another number of threads; and what administrators hear."""

from __future__ import annotations

from collections import Counter
from typing import Any

from tests.unit.collaboration.reading_room import COURSE, ReadingRoom, Writer
from tests.unit.realtime.house import Clock

from coursewire.identity import groups
from coursewire.identity.caller import Caller
from coursewire.namespaces.collaboration.contract import DocumentPatch
from coursewire.namespaces.collaboration.service import managing
from coursewire.namespaces.collaboration.service.editing import NOTED_EVERY_MS
from coursewire.namespaces.collaboration.store import documents
from coursewire.realtime.transaction import Transaction
from coursewire.vocabulary import new_id

ADA = Caller("ada", "Ada")
BETWEEN_S = 10
"""Between two events about one course, for one person."""


async def age(room: ReadingRoom, document_id: str) -> None:
    """Let a document's last edit be so long ago that the next one is noted."""

    def work(raw: Any) -> None:
        raw.now -= NOTED_EVERY_MS
        documents.touch_document(Transaction(raw, "/collaboration", None, room.house.reactions), document_id)

    await room.house.storage.write(work)


class Told:
    """People who are here, root as an administrator on no roster; and who of them was told since the last time."""

    def __init__(self, room: ReadingRoom, event: str, people: list[Writer]) -> None:
        self._clock = Clock(room.house, runs=True)
        self._event = event
        self.people = people
        self._counted: Counter[str] = Counter()

    @classmethod
    async def come(cls, room: ReadingRoom, event: str) -> Told:
        people = [await room.come(user) for user in ("ada", "ben", "cleo", "eve")]
        people.append(await room.come("root", roles=frozenset({"administrator"})))
        told = cls(room, event, people)
        assert await told.since() == []
        return told

    async def since(self) -> list[str]:
        """Return who was told since the last time, once each, after all is told that there is to tell.

        Who has two reasons to be told hears once or twice, as the readers of the database have it.
        """
        found: set[str] = set()
        while now := await self.so_far(BETWEEN_S):
            found.update(now)
        return [one.user for one in self.people if one.user in found]

    async def so_far(self, after_s: float = 0.0) -> list[str]:
        """Return who has been told until so many seconds from now, since the last time, as often as they were."""
        await self._clock.advance(0)  # what is under way belongs to now
        await self._clock.advance(after_s)
        found = []
        for one in self.people:
            heard = one.guest.named(self._event)
            assert all(event.data == {"course_id": COURSE} for event in heard)
            assert all(event.meta["channel"] == f"user:{one.user}" for event in heard)
            found += [one.user] * (len(heard) - self._counted[one.user])
            self._counted[one.user] = len(heard)
        return found


async def test_an_edit_tells_lists_that_there_is_a_newer_one_once_a_minute(room: ReadingRoom) -> None:
    """[DOC7] Not with every key: those that the document's time of its last edit does not note tell nobody."""
    document_id = await room.document()
    told = await Told.come(room, "documents.edited")
    ben = told.people[1]
    await ben.open(document_id)
    await ben.type("H")
    assert await told.since() == []
    await age(room, document_id)
    for letter in "ello":
        await ben.type(letter)
    assert await told.since() == ["ada", "ben", "cleo", "root"]
    await room.forget_past(document_id)
    assert await told.since() == ["ada", "ben", "cleo", "root"]


async def test_documents_of_a_course_that_are_edited_together_are_told_together(room: ReadingRoom) -> None:
    """[FAN1] However many they are, a person is told at once, and then once in a while."""
    ids = [await room.document() for _ in range(5)]
    told = await Told.come(room, "documents.edited")
    for document_id in ids:
        ada = await room.come("ada")
        await ada.open(document_id)
        await age(room, document_id)
        await ada.type("x")
    assert await told.so_far() == ["ada", "ben", "cleo", "root"]
    assert await told.so_far(BETWEEN_S) == ["ada", "ben", "cleo", "root"]
    assert await told.since() == []


async def test_who_may_not_open_a_groups_document_is_not_told_that_it_is_edited(room: ReadingRoom) -> None:
    """[DOC7]"""
    await room.write(lambda tx: groups.put_group(tx.raw, COURSE, "red", ["ben"]))
    document_id = await room.document("ben", group="red")
    told = await Told.come(room, "documents.edited")
    await told.people[1].open(document_id)
    await age(room, document_id)
    await told.people[1].type("ours")
    assert await told.since() == ["ada", "ben", "root"]


async def test_a_thread_that_comes_is_done_with_or_goes_tells_the_lists_of_those_who_see_it(
    room: ReadingRoom,
) -> None:
    """[DOC7] Its words and replies do not: lists show how many are open."""
    await room.write(lambda tx: groups.put_group(tx.raw, COURSE, "red", ["ben"]))
    document_id = await room.document()
    told = await Told.come(room, "documents.edited")
    ada, ben, *_ = told.people
    for_all = ["ada", "ben", "cleo", "root"]

    async def note(who: Writer, **fields: Any) -> str:
        given = {"document_id": document_id, "body": "?", "motivation": "commenting", **fields}
        if "parent_id" not in fields:
            given["target"] = {"quote": {"exact": "Notes"}}
        answer = await who.ask("annotation.create", key=new_id(), **given)
        found: str = answer["annotation"]["id"]
        return found

    for visibility, readers in (
        ("staff", ["ada", "root"]),
        ("group:red", ["ada", "ben", "root"]),
        ("private", ["ada"]),
    ):
        await note(ada, visibility=visibility)
        assert await told.since() == readers
    thread = await note(ben, visibility="course")
    assert await told.since() == for_all
    await note(ada, parent_id=thread)
    await ben.ask("annotation.update", key=new_id(), annotation_id=thread, base_revision=1, body="Why?")
    assert await told.since() == []
    await ada.ask("annotation.resolve", key=new_id(), annotation_id=thread, base_revision=2, on=True)
    assert await told.since() == for_all
    mine = await note(ben, visibility="private", body="Later")
    assert await told.since() == ["ben"]
    await ben.ask(
        "annotation.update", key=new_id(), annotation_id=mine, base_revision=1, visibility="group:red"
    )
    assert await told.since() == ["ada", "ben", "root"]
    await ben.ask("annotation.delete", key=new_id(), annotation_id=mine)
    assert await told.since() == ["ada", "ben", "root"]


async def test_administrators_are_told_of_the_documents_of_every_course(room: ReadingRoom) -> None:
    """[DOC7] They are on no roster; of what is the same for them, they are told nothing."""
    told = await Told.come(room, "documents.changed")
    document_id = await room.document()
    assert await told.since() == ["ada", "ben", "cleo", "root"]

    async def change(**patch: Any) -> None:
        body = DocumentPatch.model_validate(patch)
        await room.write(lambda tx: managing.change_document(tx, ADA, document_id, body))

    await change(access={"learner": "view"})
    assert await told.since() == ["ben", "cleo"]
    await change(archived=True)
    assert await told.since() == ["ada", "root"]
    await change(title="Results")
    assert await told.since() == []
    root = told.people[-1]
    assert [heard.data["title"] for heard in root.guest.named("document.changed")] == ["Results"]
    await room.write(lambda tx: managing.delete_document(tx, ADA, document_id))
    assert await told.since() == ["ada", "ben", "cleo", "root"]


async def test_who_is_no_administrator_any_more_is_told_no_more(room: ReadingRoom) -> None:
    """[FAN4] Neither by another token, nor with the connection gone; nor for another tab of theirs that is."""
    told = await Told.come(room, "documents.changed")
    root = told.people[-1]
    again = await room.come("root", roles=frozenset({"administrator"}))
    again.guest.leave("/collaboration")
    await room.document()
    assert await told.since() == ["ada", "ben", "cleo", "root"]
    await root.ask("auth.refresh", token=room.house.keys.token("root"))
    await room.document()
    assert await told.since() == ["ada", "ben", "cleo"]
