"""What may come of one attempt to send something, besides that it was taken."""

from __future__ import annotations


class NotSent(Exception):  # noqa: N818 - an outcome that the worker acts on
    """The attempt failed; `reason` is for operators: no address, no text, no secret."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Later(NotSent):
    """It may go well another time; `retry_after_s` is what the other side asked for."""

    def __init__(self, reason: str, retry_after_s: float | None = None) -> None:
        super().__init__(reason)
        self.retry_after_s = retry_after_s


class Refused(NotSent):
    """It will never go well: this row is given up."""


class Gone(Refused):
    """The receiver does not exist any more: a push subscription to be removed."""
