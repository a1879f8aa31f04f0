"""The commands of /chat from the Python client, against the real server, and the events they make elsewhere."""

from __future__ import annotations

from collections.abc import AsyncIterator
from functools import partial

import pytest
from tests.integration.chat_campus import COURSE, Campus, campus
from tests.integration.client_people import Heard, people

from coursewire.errors import Forbidden, Invalid
from coursewire.namespaces.chat import contract as chat
from coursewire.namespaces.chat import store


@pytest.fixture
async def site() -> AsyncIterator[Campus]:
    async with campus() as site:
        yield site


async def test_reactions_and_pins(site: Campus) -> None:
    async with people(site) as (ada, ben, room):
        reactions, pins = Heard(ada, chat.ReactionChanged), Heard(ben, chat.MessagePinned)
        message = await ada.send(room.id, "The deadline is Friday")
        reacted = await ben.react(message.id, "👍")
        assert [(reaction.count, reaction.mine) for reaction in reacted.reactions] == [(1, True)]
        heard = await reactions.next()
        assert isinstance(heard, chat.ReactedMessage)
        assert heard.changed == chat.ReactionChange(user_id="ben", emoji="👍", on=True)
        assert (await ben.react(message.id, "👍", on=False)).reactions == []
        assert not (await reactions.next()).changed.on
        with pytest.raises(Invalid) as refused:
            await ben.react(message.id, "thumbs up")
        assert refused.value.field == "emoji"
        with pytest.raises(Forbidden):
            await ben.pin(message.id)
        assert (await ada.pin(message.id, version=message.version)).pinned
        assert (await pins.next()).id == message.id
        assert [pinned.id for pinned in await ben.pins(room.id)] == [message.id]
        assert not (await ada.pin(message.id, on=False)).pinned
        assert not (await pins.next()).pinned


async def test_replies_and_threads(site: Campus) -> None:
    async with people(site) as (ada, ben, room):
        first = await ada.send(room.id, "Who has an idea?")
        quoting = await ben.reply(first, "I do")
        assert quoting.quote is not None
        assert (quoting.quote.id, quoting.quote.text) == (first.id, "Who has an idea?")
        in_thread = await ben.reply(first, "Induction", in_thread=True)
        again = await ada.reply(in_thread, "On what?", in_thread=True)
        assert in_thread.thread_id == again.thread_id == first.id
        assert [reply.text for reply in await ben.thread(again)] == ["Induction", "On what?"]


async def test_mentions_and_search(site: Campus) -> None:
    async with people(site) as (ada, ben, room):
        unread = Heard(ben, chat.UnreadChanged)
        called = await ada.send(room.id, "@ben please show the lemma")
        assert called.mentions == ["ben"]
        while (await unread.next()).mentions != 1:
            pass
        for number in range(60):
            await ada.send(room.id, f"exercise number {number}")
        await site.node.storage.write(partial(store.index_messages, most=100))
        (found,) = await ben.search("lemma")
        assert found.message.id == called.id
        assert [piece.text for piece in found.excerpt if piece.found] == ["lemma"]
        assert len(await ben.search("exercise", room_id=room.id, limit=55)) == 55
        assert len(await ben.search("exercise", course_id=COURSE, limit=100)) == 60
        assert await ben.search("nonesuch") == []


async def test_who_has_read_it(site: Campus) -> None:
    async with people(site) as (ada, ben, room):
        message = await ada.send(room.id, "read this")
        await ben.mark(room.id, read=message.id)
        readers = await ada.readers(message.id)
        assert (readers.read, [reader.user_id for reader in readers.items]) == (1, ["ben"])
        await ada.update_room(room.id, receipts="off")
        readers = await ada.readers(message.id)
        assert (readers.receipts, readers.read, readers.items) == ("off", None, [])
