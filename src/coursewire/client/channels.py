"""Positions: how far each channel was read, and whether an event is next, old or beyond a hole (CLI1)."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import Any


class Phase(enum.Enum):
    """Where a channel stands in this session."""

    IDLE = enum.auto()
    """Not asked for yet."""
    ASKED = enum.auto()
    """A `subscribe` or a resume is under way."""
    LIVE = enum.auto()
    STALE = enum.auto()
    """Its position is worth nothing; a snapshot is being loaded (SUB3)."""
    REFUSED = enum.auto()
    """Refused for now; its timer runs."""


class Verdict(enum.Enum):
    """What an event is to a channel."""

    NEXT = enum.auto()
    IGNORED = enum.auto()
    """A duplicate, or one that the replay under way will bring."""
    HOLE = enum.auto()
    """Something is missing before it, or the stream is another one."""


@dataclass(slots=True)
class Channel:
    """One channel that is wanted, or that the server joined for us."""

    name: str
    wanted: bool
    epoch: str | None = None
    """None: no position."""
    offset: int = 0
    phase: Phase = Phase.IDLE
    asking: object | None = None
    """Marks the `subscribe` under way, so that the answer to an earlier one is told from it."""
    asked_from: int = 0
    """The offset it was asked for last."""
    failures: int = 0
    """Refusals, and replays that brought nothing, in a row."""

    @property
    def position(self) -> dict[str, Any] | None:
        """`{epoch, offset}` of the last event delivered."""
        return None if self.epoch is None else {"epoch": self.epoch, "offset": self.offset}

    def move(self, position: dict[str, Any]) -> None:
        """Take a position as it is."""
        self.epoch, self.offset = position["epoch"], position["offset"]

    def reaches(self, position: dict[str, Any]) -> bool:
        """Whether this channel was read as far as a position of the same stream."""
        return bool(self.epoch == position["epoch"] and self.offset >= position["offset"])

    def judge(self, epoch: Any, offset: int) -> Verdict:
        """Say what a logged event is, and advance to it when it is the next one."""
        if self.phase is Phase.STALE:
            return Verdict.IGNORED
        if self.epoch is None or (epoch == self.epoch and offset == self.offset + 1):
            self.epoch, self.offset = epoch, offset
            return Verdict.NEXT
        if epoch == self.epoch and offset <= self.offset:
            return Verdict.IGNORED
        return Verdict.HOLE if self.phase is Phase.LIVE else Verdict.IGNORED
