"""How late the event loop is: the one number that says whether a node keeps up."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Final

INTERVAL_S: Final = 0.1
_SAMPLES: Final = 100
"""Ten seconds."""


class LoopLag:
    """Asks the running loop for a call at a time, and notes how late it comes."""

    def __init__(self) -> None:
        self._samples: deque[float] = deque([0.0], maxlen=_SAMPLES)
        self._handle: asyncio.TimerHandle | None = None

    def start(self) -> None:
        """Begin to measure the running loop."""
        loop = asyncio.get_running_loop()
        self._schedule(loop)

    def stop(self) -> None:
        """Measure no more."""
        if self._handle is not None:
            self._handle.cancel()
            self._handle = None

    def note(self, lag_s: float) -> None:
        """Take one measurement, in seconds."""
        self._samples.append(max(0.0, lag_s))

    @property
    def worst_s(self) -> float:
        """The longest delay of the last ten seconds."""
        return max(self._samples)

    @property
    def mean_s(self) -> float:
        """The mean delay of the last ten seconds."""
        return sum(self._samples) / len(self._samples)

    def _schedule(self, loop: asyncio.AbstractEventLoop) -> None:
        due = loop.time() + INTERVAL_S
        self._handle = loop.call_at(due, self._tick, loop, due)

    def _tick(self, loop: asyncio.AbstractEventLoop, due: float) -> None:
        self.note(loop.time() - due)
        self._schedule(loop)
