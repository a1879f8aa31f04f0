"""Two people in a room, by the Python client, and what they hear."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from tests.integration.chat_campus import COURSE, Campus

from coursewire.client import ChatClient, NamespaceClient
from coursewire.namespaces.chat import contract as chat


class Heard:
    """Events of one kind, in order."""

    def __init__(self, client: NamespaceClient, event: Any) -> None:
        self._queue: asyncio.Queue[Any] = asyncio.Queue(100)
        client.on(event, self._queue.put_nowait)

    async def next(self) -> Any:
        async with asyncio.timeout(30):
            return await self._queue.get()


@asynccontextmanager
async def people(site: Campus) -> AsyncIterator[tuple[ChatClient, ChatClient, chat.RoomSummary]]:
    """Ada, who teaches, and Ben, who learns, both in one room."""
    async with (
        ChatClient(site.url, site.token("ada")) as ada,
        ChatClient(site.url, site.token("ben")) as ben,
    ):
        room = await ada.open_room("discussion", course_id=COURSE, title="Problem set 1")
        await ada.subscribe(room.id)
        await ben.subscribe(room.id)
        yield ada, ben, room
