"""[LOG5] Somebody is erased: their own documents go, and what others share with them has their name no more."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select
from tests.unit.collaboration.reading_room import COURSE, ReadingRoom

from coursewire.identity.contract import UserErased
from coursewire.namespaces.collaboration.service.erasure import erase_user
from coursewire.storage.schema import metadata
from coursewire.storage.statement import Prepared


async def tables_with(room: ReadingRoom, word: str) -> set[str]:
    """Return the tables of documents, and of the log, that hold a word."""
    asked = {
        name: Prepared(select(table))
        for name, table in metadata.tables.items()
        if name.startswith("collaboration_") or name in {"events", "remembered"}
    }

    def look(tx: Any) -> set[str]:
        return {
            name
            for name, one in asked.items()
            if any(word in repr(tuple(row)).lower() for row in tx.all(one))
        }

    return await room.read(look)


async def test_what_others_share_stays_and_what_is_theirs_alone_goes(room: ReadingRoom) -> None:
    await room.change_role("ben", "instructor")
    shared, own, empty = [await room.document("ben") for _ in range(3)]
    await room.change_role("ben", "learner")
    ada, ben, alone = await room.come("ada"), await room.come("ben"), await room.come("ben")
    for writer, document_id in ((ben, shared), (alone, own)):
        await writer.open(document_id)
        await writer.type("words ")
    await ada.open(shared)
    await ada.type("mine ")
    assert await room.rooms.compacting.compact(shared)
    assert "collaboration_writers" in await tables_with(room, "ben")
    await room.write(lambda tx: erase_user(tx, UserErased("ben", (COURSE,))))
    await room.settle()
    assert await tables_with(room, "'ben'") == set()
    assert await room.count("collaboration_documents") == [2]
    assert alone.guest.named("channel.closed")
    cleo = await room.come("cleo")
    await cleo.open(shared)
    assert cleo.text == "mine words"
    assert (await cleo.open_refused(own))["code"] == "not_found"
    # Nobody writes under the client id that was theirs.
    reader = await room.come("cleo")
    await reader.open(empty)
    forger = await room.come("cleo", client_id=ben.doc.client_id)
    assert (await forger.open_refused(shared))["field"] == "client_id"
