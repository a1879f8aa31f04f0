"""How long to wait before the next try."""

from __future__ import annotations

from typing import Final

FIRST_BACK_OFF_S: Final = 60.0
LONGEST_BACK_OFF_S: Final = 6 * 3_600.0


def back_off_s(attempt: int, asked_s: float | None, luck: float) -> float:
    """Return how long to wait after a failed attempt: doubling, with a jitter of a fifth; `luck` is from 0 to 1.

    What the other side asks for counts when it is longer, up to the longest.
    """
    grown = min(FIRST_BACK_OFF_S * 2.0 ** (attempt - 1), LONGEST_BACK_OFF_S)
    wanted = max(grown, min(asked_s or 0.0, LONGEST_BACK_OFF_S))
    return wanted * (0.8 + 0.4 * luck)
