"""Who hears that a document has another title, and that the documents of a course are others for them."""

from __future__ import annotations

from collections import Counter
from typing import Any

from tests.unit.collaboration.reading_room import COURSE, ReadingRoom, Writer
from tests.unit.realtime.house import Clock

from coursewire.identity import groups
from coursewire.identity.caller import Caller
from coursewire.namespaces.collaboration.contract import DocumentPatch
from coursewire.namespaces.collaboration.service import managing
from coursewire.realtime.transaction import Transaction

ADA = Caller("ada", "Ada")


async def change(room: ReadingRoom, document_id: str, **patch: Any) -> None:
    """Let Ada change a document, as over HTTP."""
    body = DocumentPatch.model_validate(patch)
    await room.write(lambda tx: managing.change_document(tx, ADA, document_id, body))
    await Clock(room.house).advance(2)


async def put_group(room: ReadingRoom, *people: str, title: str | None = None) -> None:
    """Let the LMS say who is in the red group."""

    def work(tx: Transaction) -> None:
        for fact in groups.put_group(tx.raw, COURSE, "red", people, title=title):
            tx.tell(fact)

    await room.write(work)


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


class Everybody:
    """All in the course, and Eve, who is not: who of them is told that it has changed."""

    def __init__(self, room: ReadingRoom, people: list[Writer]) -> None:
        self.room = room
        self.people = people
        self._counted: Counter[str] = Counter()

    @classmethod
    async def come(cls, room: ReadingRoom) -> Everybody:
        everybody = cls(room, [await room.come(user) for user in ("ada", "ben", "cleo", "mona", "eve")])
        assert await everybody.told() == []
        return everybody

    async def told(self) -> list[str]:
        """Return who was told since the last time, once all is told."""
        await Clock(self.room.house).advance(2)
        found = []
        for one in self.people:
            heard = one.guest.named("documents.changed")
            assert all(event.data == {"course_id": COURSE} for event in heard)
            assert all(event.meta["channel"] == f"user:{one.user}" for event in heard)
            if len(heard) > self._counted[one.user]:
                found.append(one.user)
            self._counted[one.user] = len(heard)
        return found


async def test_who_may_open_a_new_document_is_told_and_who_might_open_one_that_is_gone(
    room: ReadingRoom,
) -> None:
    """[DOC7] So that lists show what there is; of a group's, nobody else hears a word."""
    await put_group(room, "ben")
    everybody = await Everybody.come(room)
    for_all = await room.document()
    assert await everybody.told() == ["ada", "ben", "cleo", "mona"]
    of_red = await room.document("ben", group="red")
    assert await everybody.told() == ["ada", "ben"]
    await room.write(lambda tx: managing.delete_document(tx, ADA, of_red))
    assert await everybody.told() == ["ada", "ben"]
    await change(room, for_all, access={"learner": "none"})
    await everybody.told()
    await room.write(lambda tx: managing.delete_document(tx, ADA, for_all))
    assert await everybody.told() == ["ada", "mona"]


async def test_who_may_do_something_else_in_a_document_is_told(room: ReadingRoom) -> None:
    """[DOC7] Whether it is open or not; a title is told by itself."""
    document_id = await room.document()
    everybody = await Everybody.come(room)
    await change(room, document_id, title="Results")
    assert await everybody.told() == []
    await change(room, document_id, access={"learner": "view"})
    assert await everybody.told() == ["ben", "cleo"]
    await change(room, document_id, archived=True)
    assert await everybody.told() == ["ada", "mona"]
    await change(room, document_id, access={"learner": "comment"})
    assert await everybody.told() == []  # what is archived is read, and no more


async def test_who_is_let_in_by_a_role_or_a_group_is_told_and_who_is_put_out(room: ReadingRoom) -> None:
    """[DOC7] A page that was refused a document asks again; the staff see the names of all groups."""
    await put_group(room, "ben")
    document_id = await room.document("ben", group="red")
    everybody = await Everybody.come(room)
    ada, ben, cleo, mona, eve = everybody.people
    assert (await cleo.open_refused(document_id))["code"] == "not_found"
    await put_group(room, "ben", "cleo")
    assert await everybody.told() == ["ada", "ben", "cleo"]
    assert (await cleo.open(document_id))["mode"] == "edit"
    await put_group(room, "cleo")
    assert await everybody.told() == ["ada", "ben", "cleo"]
    assert (await ben.open_refused(document_id))["code"] == "not_found"
    await put_group(room, "cleo", title="Team Red")
    assert await everybody.told() == ["ada", "cleo"]
    await put_group(room, "cleo", title="Team Red")
    assert await everybody.told() == []
    await room.change_role("mona", "teaching_assistant")
    assert await everybody.told() == ["mona"]
    assert (await mona.open(document_id))["mode"] == "edit"
    await room.remove("mona")
    assert await everybody.told() == ["mona"]
    await room.change_role("eve", "instructor")
    assert await everybody.told() == ["eve"]
    assert [group["title"] for group in (await eve.open(document_id))["groups"]] == ["Team Red"]
    assert (await ada.open(document_id))["mode"] == "edit"
