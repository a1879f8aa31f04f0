"""Lets whoever answers nobody alone for a while: not everybody has to find out, and nobody's attempts are used up."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from coursewire.namespaces.notifications.delivery.outcome import Held, NoAnswer, NotSent

FIRST_S: Final = 30.0
LONGEST_S: Final = 900.0
"""How late it may be noticed that the other side is back."""
KNOWN: Final = 1_000
"""Names that are remembered because they did not answer. Of more the one that failed longest ago is forgotten: it
costs another few attempts to find out again."""


@dataclass(slots=True)
class _State:
    failures: int = 0
    until: float = 0.0
    trying: bool = False


class Breaker:
    """Remembers, in this process only, who did not answer; one at a time finds out whether that has changed."""

    def __init__(self, tolerated: int, clock: Callable[[], float] = time.time) -> None:
        """`tolerated` failures in a row close the way; `clock` gives seconds."""
        self._tolerated = tolerated
        self._clock = clock
        self._states: OrderedDict[str, _State] = OrderedDict()
        """At most KNOWN."""

    def __len__(self) -> int:
        """Return how many are remembered."""
        return len(self._states)

    def wait_s(self, name: str) -> float | None:
        """Return how long to leave it alone: 0 when one may try, None when everybody may."""
        state = self._states.get(name)
        if state is None or state.failures < self._tolerated:
            return None
        left = state.until - self._clock()
        return max(left, FIRST_S) if state.trying else max(left, 0.0)

    @contextmanager
    def attempt(self, name: str) -> Iterator[None]:
        """Try in this block. Raises Held instead of entering it, and learns from the NoAnswer that leaves it."""
        wait_s = self.wait_s(name)
        if wait_s:
            raise Held("others were not answered there", wait_s)
        probe = self._states[name] if wait_s is not None else None
        if probe is not None:
            probe.trying = True
        try:
            yield
        except NoAnswer:
            self._failed(name, probe)
            raise
        except NotSent:  # a refusal is an answer
            self._states.pop(name, None)
            raise
        else:
            self._states.pop(name, None)
        finally:
            if probe is not None:
                probe.trying = False

    def _failed(self, name: str, probe: _State | None) -> None:
        state = self._states.setdefault(name, _State())
        self._states.move_to_end(name)
        if probe is None and state.failures >= self._tolerated:
            return  # it began before the way was closed, and says nothing new
        state.failures += 1
        grown = FIRST_S * 2.0 ** max(0, min(state.failures - self._tolerated, 16))
        state.until = self._clock() + min(grown, LONGEST_S)
        while len(self._states) > KNOWN:
            self._states.popitem(last=False)
