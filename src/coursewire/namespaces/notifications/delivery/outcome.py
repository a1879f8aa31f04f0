"""What may come of one attempt to send something, besides that it was taken."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Report:
    """How it went with the single browsers of a person."""

    gone: tuple[str, ...] = ()
    """Endpoints to be forgotten: they have ended, or have failed too often."""
    failed: tuple[tuple[str, int, int], ...] = ()
    """Endpoint, how often in a row, and when it may be tried again, in milliseconds since 1970."""
    works: tuple[str, ...] = ()
    """Endpoints that had failed before."""
    reached: tuple[str, ...] = ()
    """Names (`parcels.name_of`) of all that have had this message: they do not get it again with the others."""


NOTHING = Report()


class NotSent(Exception):  # noqa: N818 - an outcome that the worker acts on
    """The attempt failed; `reason` is for operators: no address, no text, no secret."""

    def __init__(self, reason: str, report: Report = NOTHING) -> None:
        super().__init__(reason)
        self.reason = reason
        self.report = report


class Later(NotSent):
    """It may go well another time; `retry_after_s` is what the other side asked for."""

    def __init__(self, reason: str, retry_after_s: float | None = None, report: Report = NOTHING) -> None:
        super().__init__(reason, report)
        self.retry_after_s = retry_after_s


class NoAnswer(Later):
    """Whoever should take it is not there, or says nothing."""


class Held(Later):
    """It was not tried, for others were not answered either: no attempt of this message."""


class Refused(NotSent):
    """It will never go well: this row is given up."""


class Gone(Refused):
    """The receiver does not exist any more: a push subscription to be removed."""
