"""Edits that come together are written together, and each comes to what it would have come to alone."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
from tests.unit.collaboration.reading_room import ReadingRoom, Writer
from tests.unit.collaboration.yjs import block, element, update

from coursewire.identity import groups
from coursewire.namespaces.collaboration.store import updates
from coursewire.realtime.gathering import Gathering


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many edits were kept by each statement."""
    found: list[int] = []
    real = updates.insert_updates

    def count(tx: Any, document_id: str, epoch: str, edits: Any) -> None:
        found.append(len(edits))
        real(tx, document_id, epoch, edits)

    monkeypatch.setattr(updates, "insert_updates", count)
    return found


@pytest.fixture
async def room(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[ReadingRoom]:
    """One in which nothing goes before the test says so."""
    room = await ReadingRoom.open()
    monkeypatch.setattr(
        Gathering, "_not_before", property(lambda _: 10.0**12, lambda *_: None), raising=False
    )
    yield room
    await room.close()


def flush(room: ReadingRoom) -> None:
    room.house.dispatcher._running.flush()


async def come(room: ReadingRoom, document_id: str, *users: str) -> list[Writer]:
    writers = [await room.come(user) for user in users]
    for writer in writers:
        await writer.open(document_id)
    return writers


async def answers(room: ReadingRoom, *said: tuple[Writer, int]) -> list[str]:
    """Write what was said, and return for each `ok`, or why not."""
    await room.settle()
    flush(room)
    found = [await writer.guest.answer(ack) for writer, ack in said]
    return ["ok" if one["ok"] else str(one["error"]["code"]) for one in found]


async def test_edits_of_several_people_take_one_statement(room: ReadingRoom, written: list[int]) -> None:
    """[LOG2] [DOC1] Each is an event of its own, of its own actor, in the order of arrival."""
    document_id = await room.document()
    ada, ben, cleo = await come(room, document_id, "ada", "ben", "cleo")
    written.clear()
    said = [(writer, writer.say(writer.edit(writer.user))) for writer in (ben, ada, cleo)]
    said.append((ben, ben.say(ben.edit("more "))))
    assert await answers(room, *said) == ["ok"] * 4
    assert written == [4]
    heard = cleo.guest.named("document.updated")
    assert [one.meta["actor"] for one in heard] == ["ben", "ada", "cleo", "ben"]
    offsets = [one.meta["offset"] for one in heard]
    assert offsets == list(range(offsets[0], offsets[0] + 4))
    assert [one.data["sequence"] for one in heard] == [1, 1, 1, 2]
    for writer in (ada, ben, cleo):
        writer.catch_up()
    assert ada.text == ben.text == cleo.text


async def test_who_may_not_edit_any_more_is_refused_alone(room: ReadingRoom, written: list[int]) -> None:
    """[DOC7] Decided in the transaction, for each of them."""
    document_id = await room.document()
    ada, ben, cleo = await come(room, document_id, "ada", "ben", "cleo")
    await room.change_role("ben", "mentor", told=False)
    written.clear()
    said = [(writer, writer.say(writer.edit(writer.user))) for writer in (ada, ben, cleo)]
    assert await answers(room, *said) == ["ok", "forbidden", "ok"]
    assert written == [2]


async def test_what_stands_on_a_refused_edit_is_refused_as_well(
    room: ReadingRoom, written: list[int]
) -> None:
    """[DOC3] Of all that is written together, what is not committed is not there."""
    document_id = await room.document()
    ada, ben = await come(room, document_id, "ada", "ben")
    await room.change_role("ben", "mentor", told=False)
    written.clear()
    first = (ben, ben.say(ben.edit("lost")))
    behind = update(block(77, 0, element(left=next(iter(_root(ben))))))
    second = (ada, ada.say(behind))
    assert await answers(room, first, second) == ["forbidden", "conflict"]
    assert written == []


def _root(writer: Writer) -> list[tuple[int, int]]:
    """Where the paragraph of somebody who began stands."""
    return [(writer.doc.client_id, 0)]


async def test_documents_of_a_group_are_for_those_in_it(room: ReadingRoom, written: list[int]) -> None:
    """[DOC7] Whoever has left the group meanwhile is told that there is no such document."""
    put = groups.put_group
    await room.write(lambda tx: put(tx.raw, "cs101", "red", ["ben", "cleo"], title="Red"))
    document_id = await room.document(group="red")
    ada, ben, cleo = await come(room, document_id, "ada", "ben", "cleo")
    await room.write(lambda tx: put(tx.raw, "cs101", "red", ["cleo"]))
    written.clear()
    said = [(writer, writer.say(writer.edit(writer.user))) for writer in (ada, ben, cleo)]
    assert await answers(room, *said) == ["ok", "not_found", "ok"]
    assert written == [2]


async def test_who_leaves_right_after_typing_has_typed(room: ReadingRoom, written: list[int]) -> None:
    """[DOC1] It was gathered, and not prepared yet: it is from somebody who was here."""
    document_id = await room.document()
    ada, ben = await come(room, document_id, "ada", "ben")
    written.clear()
    ben.say(ben.edit("last words"))
    assert written == []
    ben.guest.vanish()
    await ada.reads("last words")


async def test_several_documents_at_once(room: ReadingRoom, written: list[int]) -> None:
    one, other = await room.document(), await room.document()
    ada, ben = await come(room, one, "ada", "ben")
    [cleo] = await come(room, other, "cleo")
    written.clear()
    said = [(writer, writer.say(writer.edit(writer.user))) for writer in (ada, cleo, ben)]
    assert await answers(room, *said) == ["ok"] * 3
    assert sorted(written) == [1, 2]
