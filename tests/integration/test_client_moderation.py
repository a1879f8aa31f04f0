"""How order is kept in /chat from the Python client, against the real server."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from tests.integration.chat_campus import Campus, campus
from tests.integration.client_people import Heard, people

from coursewire.client import ChatClient
from coursewire.errors import Forbidden, RateLimited
from coursewire.namespaces.chat import contract as chat


@pytest.fixture
async def site() -> AsyncIterator[Campus]:
    async with campus() as site:
        yield site


async def test_staff_learn_who_wrote_an_anonymous_message(site: Campus) -> None:
    async with people(site) as (ada, ben, room):
        message = await ben.send(room.id, "I do not understand any of it", anonymous=True)
        assert message.author is None
        assert (await ada.reveal(message.id)).user_id == "ben"
        assert [entry.action for entry in await ada.audit(room.id)] == ["reveal"]
        async with ChatClient(site.url, site.token("cleo")) as cleo:
            with pytest.raises(Forbidden):
                await cleo.reveal(message.id)
            with pytest.raises(Forbidden):
                await cleo.audit(room.id)


async def test_a_report_is_seen_and_the_message_hidden_and_restored(site: Campus) -> None:
    """[LOG5] What is hidden is gone from the history of others, and comes back as it was."""
    async with people(site) as (ada, ben, room):
        message = await ada.send(room.id, "something rude")
        report_id = await ben.report(message.id, "harassment", "that is not nice")
        assert await ben.report(message.id, "harassment", "that is not nice") == report_id
        (report,) = await ada.reports(room_id=room.id)
        assert (report.id, report.reporter.user_id, report.note) == (report_id, "ben", "that is not nice")
        gone, back = Heard(ben, chat.MessageDeleted), Heard(ben, chat.MessageEdited)
        assert (await ada.hide(message, "rude")).state == "hidden"
        assert (await gone.next()).text == ""
        assert (await ben.history(room.id)).items[-1].text == ""
        assert (await ada.restore(message)).state == "sent"
        assert (await back.next()).text == "something rude"
        with pytest.raises(Forbidden):
            await ben.hide(message)


async def test_muting_locking_and_slow_mode(site: Campus) -> None:
    async with people(site) as (ada, ben, room):
        await ada.mute(room.id, "ben", seconds=60, note="a break")
        with pytest.raises(Forbidden):
            await ben.send(room.id, "but")
        await ada.unmute(room.id, "ben")
        updates = Heard(ben, chat.RoomUpdated)
        assert (await ada.lock(room.id)).locked
        assert (await updates.next()).locked
        with pytest.raises(Forbidden):
            await ben.send(room.id, "but")
        await ada.unlock(room.id)
        assert (await ada.slow_mode(room.id, 600)).slow_mode_s == 600
        await ben.send(room.id, "first")
        with pytest.raises(RateLimited) as refused:
            await asyncio.wait_for(ben.send(room.id, "second"), 30)
        assert refused.value.retry_after_ms is not None
        assert (await ada.slow_mode(room.id, 0)).slow_mode_s == 0
        assert {entry.action for entry in await ada.audit(room.id)} == {
            *("mute", "unmute", "lock", "unlock", "slow_mode"),
        }
