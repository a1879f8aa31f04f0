"""Fills a bounded "disk" in a process of its own: `full_disk.py DATABASE full_disk|full_pages`.

`full_disk` bounds the size of files (writing the log fails, at commit); `full_pages` bounds the database's pages (a
statement fails half-way through a work). Prints `whole` when nothing acknowledged is lost and nothing else is there.
"""

from __future__ import annotations

import asyncio
import logging
import resource
import sys

from coursewire import log
from coursewire.errors import Unavailable
from coursewire.storage import Storage, Transaction
from coursewire.storage.sqlite import SQLiteDatabase, SQLiteSession

DATA = b'"%s"' % (b"x" * 4_000)
PAGES = 200
FILE_BYTES = 1_600_000  # more than the schema needs


class Bounded(SQLiteDatabase):
    """A database of at most PAGES pages."""

    pages = 2**30

    def writer(self) -> SQLiteSession:
        session = super().writer()
        session.cursor.execute(f"PRAGMA max_page_count = {self.pages}")
        return session


def append(tx: Transaction) -> int:
    for _ in range(3):
        position = log.append(tx, "/chat", "room:1", event="e", data=DATA, id="x", at=tx.now)
    tx.effects.append(position.offset)
    return position.offset


async def main(path: str, how: str) -> None:
    database = Bounded(f"sqlite:///{path}")
    if how == "full_pages":
        database.pages = PAGES
    storage = Storage(database)
    await storage.start()
    await storage.migrate()
    heard: list[int] = []
    storage.committed = heard.extend
    if how == "full_disk":
        resource.setrlimit(resource.RLIMIT_FSIZE, (FILE_BYTES, resource.RLIM_INFINITY))
    acknowledged: list[int] = []
    refused = 0
    while not refused:
        for outcome in await asyncio.gather(
            *(storage.write(append) for _ in range(8)), return_exceptions=True
        ):
            if isinstance(outcome, int):
                acknowledged.append(outcome)
            else:
                assert isinstance(outcome, Unavailable), repr(outcome)
                refused += 1
    assert acknowledged, "it was full from the beginning"
    if how == "full_disk":
        resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    else:
        database.pages = 2**30
        await storage.close()
        storage = Storage(database)
        await storage.start()
        storage.committed = heard.extend
    acknowledged.append(await storage.write(append))
    events = await storage.read(lambda tx: log.read_after(tx, "/chat", "room:1", 0, 100_000))
    await storage.close()
    assert heard == acknowledged == list(range(3, len(events) + 1, 3)), (heard, acknowledged, len(events))
    assert [event.offset for event in events] == list(range(1, len(events) + 1))
    assert all(event.data == DATA for event in events)
    sys.stdout.write("whole\n")


if __name__ == "__main__":
    logging.disable()
    asyncio.run(main(*sys.argv[1:]))
