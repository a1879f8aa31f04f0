"""How a job ends, by what ended its `with` block."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Final, Literal

from coursewire.client.job_progress import JobCancelled, clean

ERROR_LENGTH: Final = 2_000


@dataclass(frozen=True, slots=True)
class Ending:
    """What is reported."""

    state: Literal["succeeded", "failed", "cancelled"]
    error: str | None = None


def ending_of(error: BaseException | None) -> Ending:
    """Return how a job ends whose block was left with this exception, or without one.

    Ctrl-C and a cancelled task are a cancellation; `sys.exit()` without a message is an end like any other.
    """
    match error:
        case None:
            return Ending("succeeded")
        case JobCancelled() | KeyboardInterrupt() | asyncio.CancelledError() | GeneratorExit():
            return Ending("cancelled")
        case SystemExit() if error.code in (None, 0):
            return Ending("succeeded")
    return Ending("failed", said_by(error))


def said_by(error: BaseException) -> str:
    """Return the type and the text of an exception: neither its traceback nor the values around it."""
    kind = type(error).__name__
    text = clean(error, ERROR_LENGTH)
    return clean(f"{kind}: {text}" if text else kind, ERROR_LENGTH)
