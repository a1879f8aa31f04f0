"""The commands without a final answer: in order, bounded, keyed ones one at a time (CLI2)."""

from __future__ import annotations

import enum
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any


class Stage(enum.Enum):
    """Where a command stands."""

    WAITING = enum.auto()
    SENT = enum.auto()
    """Emitted in this session, not answered."""
    RETRYING = enum.auto()
    """Answered with "later"; its timer runs."""


@dataclass(slots=True)
class Waiting:
    """One command."""

    ref: str
    command: str
    payload: dict[str, Any]
    stage: Stage = Stage.WAITING
    retries: int = 0

    @property
    def keyed(self) -> bool:
        """A key lets the server recognise a repeat (LOG3), so the command survives a disconnect."""
        return isinstance(self.payload.get("key"), str)


class Outbox:
    """Commands by ref, in the order given.

    Bound: `limit` commands, sent ones included. When full, `add` says no and the caller of the command gets
    `overloaded`: dropping an older one would break a promise that was already given. For that reason all of an earlier
    run are taken over, also where its limit was higher: those that were stored, and nothing more until they are fewer.
    """

    __slots__ = ("_commands", "_limit")

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._commands: dict[str, Waiting] = {}

    def __len__(self) -> int:
        return len(self._commands)

    def __iter__(self) -> Iterator[Waiting]:
        return iter(list(self._commands.values()))

    def add(self, command: Waiting) -> bool:
        """Append a command; false when the outbox is full."""
        if len(self._commands) >= self._limit:
            return False
        self._commands[command.ref] = command
        return True

    def remove(self, ref: str) -> Waiting | None:
        """Forget a command and return it."""
        return self._commands.pop(ref, None)

    def restore(self, entries: Iterable[dict[str, Any]]) -> None:
        """Put the commands of an earlier run before all others."""
        earlier = {
            entry["ref"]: Waiting(entry["ref"], entry["command"], entry["payload"])
            for entry in entries
            if entry["ref"] not in self._commands
        }
        self._commands = earlier | self._commands

    def sendable(self) -> Iterator[Waiting]:
        """Yield what may be sent now, in order: all without a key, and the first with one."""
        first_keyed = True
        for command in self:
            allowed = first_keyed or not command.keyed
            first_keyed = first_keyed and not command.keyed
            if allowed and command.stage is Stage.WAITING:
                yield command

    def disconnected(self) -> list[Waiting]:
        """Remove and return those that were sent without a key; all others wait for the next session."""
        lost = [command for command in self if command.stage is Stage.SENT and not command.keyed]
        for command in lost:
            del self._commands[command.ref]
        for command in self:
            command.stage = Stage.WAITING
        return lost

    def remove_unkeyed(self) -> list[Waiting]:
        """Remove and return all commands without a key."""
        removed = [command for command in self if not command.keyed]
        for command in removed:
            del self._commands[command.ref]
        return removed

    def keyed(self) -> list[dict[str, Any]]:
        """Return what must survive the program, as `restore` takes it."""
        return [
            {"ref": command.ref, "command": command.command, "payload": command.payload}
            for command in self._commands.values()
            if command.keyed
        ]
