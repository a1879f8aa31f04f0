"""Lets new messages be found: works of the writer beside the requests, many messages in each."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING, Final

from coursewire.namespaces.chat import store

if TYPE_CHECKING:
    from coursewire.realtime.background import Background

INDEX_EVERY_S: Final = 1.0
"""How late a message may be found."""

SLICE: Final = 100
"""Messages that one work takes: a few milliseconds of the writer."""


async def index_for_ever(work: Background) -> None:
    """Index once a second what came meanwhile. Where a server died, the next one goes on: it stands in the tables."""
    while True:
        await asyncio.sleep(INDEX_EVERY_S)
        await index(work)


async def index(work: Background) -> None:
    """Let all messages that are there be found; other writes run between the slices."""
    while await work.read(store.has_unindexed):
        await work.write(partial(store.index_messages, most=SLICE))
