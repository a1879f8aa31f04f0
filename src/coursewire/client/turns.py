"""When those come again who were told "later": one after the other. All at once, all but one would be told the same."""

from __future__ import annotations


class Turns:
    """One line of them; milliseconds throughout."""

    def __init__(self, apart_ms: float = 0) -> None:
        self._apart_ms = apart_ms
        self._last: float = float("-inf")

    def next(self, now: int, delay: int) -> int:
        """Take a turn, after `delay` at the earliest; return in how many milliseconds it is."""
        self._last = max(now + delay, self._last + self._apart_ms)
        return int(self._last) - now
