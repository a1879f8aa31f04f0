"""Appends events until it is killed: `appending.py DATABASE`. Prints `OFFSET ID` for each acknowledged one."""

from __future__ import annotations

import asyncio
import os
import sys
from functools import partial

from coursewire import log
from coursewire.storage import Storage, Transaction
from coursewire.vocabulary import new_id


def append(tx: Transaction, id: str) -> int:  # noqa: A002
    log.remember(tx, "ada", "/chat", id, b"digest", id.encode())
    return log.append(tx, "/chat", "room:1", event="e", data=b"{}", id=id, at=tx.now).offset


async def caller(storage: Storage) -> None:
    while True:
        name = new_id()
        offset = await storage.write(partial(append, id=name))
        os.write(
            sys.stdout.fileno(), f"{offset} {name}\n".encode()
        )  # unbuffered: told as soon as it is known


async def main(path: str) -> None:
    storage = await Storage.open(f"sqlite:///{path}")
    await storage.migrate()
    await asyncio.gather(*(caller(storage) for _ in range(32)))


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
