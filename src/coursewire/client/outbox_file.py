"""Keeps the outbox in a file, so that it survives the program (CLI2)."""

from __future__ import annotations

import asyncio
import logging
import os
import tempfile
from pathlib import Path
from typing import Any

import orjson

logger = logging.getLogger("coursewire.client")

Entries = list[dict[str, Any]]


class OutboxFile:
    """A file that always holds one complete outbox: the old one or the new one.

    Writes happen in a thread, one at a time; of several that wait only the last is made. Every user and namespace
    needs a file of its own, used by one program at a time.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._next: Entries | None = None
        self._writing: asyncio.Task[None] | None = None

    def load(self) -> Entries:
        """Read what an earlier run left, if anything. Raises ValueError when the file is another one."""
        try:
            entries = orjson.loads(self._path.read_bytes())
        except FileNotFoundError:
            return []
        except orjson.JSONDecodeError as error:
            raise ValueError(f"{self._path} is not an outbox: {error}") from error
        if not isinstance(entries, list) or not all(_is_entry(entry) for entry in entries):
            raise ValueError(f"{self._path} is not an outbox")
        return entries

    def save(self, entries: Entries) -> None:
        """Write an outbox soon."""
        self._next = entries
        if self._writing is None:
            self._writing = asyncio.create_task(self._write())

    async def flush(self) -> None:
        """Wait until the last outbox given is in the file."""
        while self._writing is not None:
            await self._writing

    async def _write(self) -> None:
        try:
            while self._next is not None:
                entries, self._next = self._next, None
                await asyncio.to_thread(_replace, self._path, orjson.dumps(entries))
        except OSError:
            # The commands are still in memory and on their way; only a crash would lose them.
            logger.exception("the outbox cannot be written to %s", self._path)
        finally:
            self._writing = None


def _is_entry(entry: object) -> bool:
    return (
        isinstance(entry, dict)
        and isinstance(entry.get("ref"), str)
        and isinstance(entry.get("command"), str)
        and isinstance(entry.get("payload"), dict)
    )


def _replace(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
