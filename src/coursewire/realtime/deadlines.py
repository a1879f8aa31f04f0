"""Deadlines of many, each at a time of its own, on one timer of the event loop."""

from __future__ import annotations

import asyncio
import logging
import math
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

logger = logging.getLogger(__name__)

Item = TypeVar("Item", bound=Hashable)

SLOTS_PER_S = 4
"""How exactly: whatever is due within the same slot is due at its end, together."""


class Deadlines(Generic[Item]):
    """Calls back for items when they are due. A timer of the loop for each would be six objects more of them.

    It holds no more slots than items. All methods belong to the event loop.
    """

    def __init__(self, due: Callable[[Item], None]) -> None:
        self._due = due
        self._slots: dict[int, set[Item]] = {}
        self._next: float = math.inf
        """The slot at which the timer fires."""
        self._timer: asyncio.TimerHandle | None = None

    def put(self, item: Item, in_s: float) -> int:
        """Let `item` be due in so many seconds, a quarter of one later at most; return what `take_out` needs."""
        loop = asyncio.get_running_loop()
        slot = math.ceil((loop.time() + in_s) * SLOTS_PER_S)
        items = self._slots.get(slot)
        if items is None:
            items = self._slots[slot] = set()
        items.add(item)
        if slot < self._next:
            self._wake_at(slot)
        return slot

    def take_out(self, item: Item, slot: int) -> None:
        """Forget an item, if it still waits for this slot."""
        items = self._slots.get(slot)
        if items is not None:
            items.discard(item)
            if not items:
                self._end(slot)

    def _end(self, slot: int) -> None:
        """Forget a slot that nobody waits for, and with the last one the timer."""
        self._slots.pop(slot, None)
        if not self._slots and self._timer is not None:
            self._timer.cancel()
            self._timer, self._next = None, math.inf

    def _wake_at(self, slot: int) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._next = slot
        self._timer = asyncio.get_running_loop().call_at(slot / SLOTS_PER_S, self._tick)

    def _tick(self) -> None:
        self._timer, self._next = None, math.inf
        now = asyncio.get_running_loop().time() * SLOTS_PER_S
        for slot in sorted(slot for slot in self._slots if slot <= now):
            items = self._slots.get(slot)
            while items:  # one callback may take out another's item
                item = items.pop()
                try:
                    self._due(item)
                except Exception:
                    logger.exception("a deadline's callback failed")
            if not self._slots.get(slot):  # or one that was due has put in something for this very slot
                self._end(slot)
        if self._slots and (first := min(self._slots)) < self._next:
            self._wake_at(first)
