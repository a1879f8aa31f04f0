"""Token buckets: how often a caller may act. Pure; the time is passed in."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Rate:
    """`per_second` tokens flow in, up to `burst`."""

    per_second: float
    burst: float


class Bucket:
    """One caller's tokens."""

    __slots__ = ("_rate", "_tokens", "_updated")

    def __init__(self, rate: Rate, now: float) -> None:
        self._rate = rate
        self._tokens = rate.burst
        self._updated = now

    def take(self, cost: float, now: float) -> float:
        """Take `cost` tokens and return 0, or take none and return the seconds until they will be there.

        A cost above the burst is taken as the whole burst, so that every command can run sometime.
        """
        rate = self._rate
        tokens = min(rate.burst, self._tokens + (now - self._updated) * rate.per_second)
        self._updated = now
        cost = min(cost, rate.burst)
        if tokens < cost:
            self._tokens = tokens
            return (cost - tokens) / rate.per_second
        self._tokens = tokens - cost
        return 0.0
