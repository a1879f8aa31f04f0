"""Waits for the states of a client."""

from __future__ import annotations

import asyncio

from coursewire.client import NamespaceClient
from coursewire.client.outputs import State


class States:
    """The states of a client from now on, in order."""

    def __init__(self, client: NamespaceClient) -> None:
        self._client = client
        self.seen: list[State] = []
        self._changed = asyncio.Event()
        client.on_state(self._note)

    def _note(self, state: State) -> None:
        self.seen.append(state)
        self._changed.set()

    async def until(self, *states: State) -> None:
        async with asyncio.timeout(30):
            while self._client.state not in states:
                self._changed.clear()
                await self._changed.wait()
