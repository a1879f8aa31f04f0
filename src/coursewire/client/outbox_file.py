"""Keeps the outbox in a file, so that it survives the program (CLI2)."""

from __future__ import annotations

import asyncio
import logging
import os
import sys
import tempfile
import weakref
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson

if sys.platform != "win32":
    import fcntl

logger = logging.getLogger("coursewire.client")

Entries = list[dict[str, Any]]


class OutboxFile:
    """A file that always holds one complete outbox: the old one or the new one.

    Writes happen in a thread, one at a time; of several that wait only the last is made. Every user and namespace
    needs a file of its own. It is one client's from `load` to `release`: of two, each would write over what the other
    has promised to keep.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._next: Entries | None = None
        self._writing: asyncio.Task[None] | None = None
        self._unlock: Callable[[], object] | None = None
        """Gives back the lock, which is on a file beside the outbox: that itself is replaced at every write."""

    def load(self) -> Entries:
        """Read what an earlier run left, if anything.

        Raises ValueError when the file is another one, or while another client has it.
        """
        self._hold()
        try:
            return self._read()
        except BaseException:
            self.release()
            raise

    def release(self) -> None:
        """Leave the file to whoever comes next."""
        if self._unlock is not None:
            self._unlock()

    def _hold(self) -> None:
        if sys.platform == "win32":
            return
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            lock = os.open(self._path.with_name(f".{self._path.name}.lock"), os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            logger.warning("the outbox %s cannot be locked: %s", self._path, error)
            return
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(lock)
            raise ValueError(f"{self._path} is the outbox of another client that is open") from None
        except OSError as error:
            os.close(lock)
            logger.warning("the outbox %s cannot be locked: %s", self._path, error)
        else:
            self._unlock = weakref.finalize(self, _unlock, lock)

    def _read(self) -> Entries:
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


def _unlock(lock: int) -> None:
    if sys.platform != "win32":
        fcntl.flock(lock, fcntl.LOCK_UN)  # also for a process that was forked meanwhile and has it open
    os.close(lock)


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
