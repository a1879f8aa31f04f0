"""How far a loop has got: what its author sets, as cheaply as an attribute, and what a report says of it."""

from __future__ import annotations

import re
import threading
import unicodedata
from collections.abc import AsyncIterable, Iterable, Iterator
from copy import deepcopy
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from pydantic import TypeAdapter, ValidationError

from coursewire.client.failures import invalid
from coursewire.errors import Invalid
from coursewire.namespaces.analytics import contract as analytics
from coursewire.namespaces.analytics.contract.jobs import Outcome

T = TypeVar("T")

MOST: Final = 2**53 - 1
MESSAGE_LENGTH: Final = 500
LABEL_LENGTH: Final = 80

_UNPRINTABLE: Final = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")
_outcome = TypeAdapter[dict[str, Any]](Outcome)


class JobCancelled(BaseException):
    """Somebody wants the job to end; `with client.job(...)` ends with it.

    No `Exception`: an `except Exception` around the loop, there for a bad essay, must not take it for one.
    """


@dataclass(frozen=True, slots=True)
class Report:
    """What a report says of the work."""

    done: int
    total: int | None
    message: str
    stage: analytics.Stage | None

    def patch(self) -> dict[str, Any]:
        """Return it as fields of `PATCH /v1/jobs/{id}`."""
        fields = {"done": self.done, "total": self.total, "message": self.message, "stage": self.stage}
        return {name: value for name, value in fields.items() if value is not None}


class Progress:
    """How far a job has got. Everything here is safe from any thread and does no I/O.

    There is no queue: a report says how it stands when it leaves, so what was set in between costs nothing.
    """

    def __init__(self, total: int | None = None) -> None:
        self._done = 0
        self._total = total
        self._message = ""
        self._stage: analytics.Stage | None = None
        self._given_stage: tuple[str, int | None, int | None] | None = None
        self._result: dict[str, Any] | None = None
        self._cancelled = False
        self._told = 0
        self._total_there: int | None = None
        """What the server has, perhaps from an attempt before this one."""
        self._lock = threading.Lock()

    def progress(self, done: int, total: int | None = None, message: str | None = None) -> None:
        """Say how much is done by now, of how much. It may be called as often as one likes."""
        self._done = done
        if total is not None:
            self._total = total
        if message is not None:
            self._message = message

    def update(self, n: int = 1) -> None:
        """Say that `n` more are done."""
        with self._lock:
            self._done += n

    def stage(self, label: str, index: int | None = None, count: int | None = None) -> None:
        """Say which part of the work goes on now: part `index` (from 1) of `count`, where that is known.

        A label is cut after 80 characters. Raises Invalid for one that is empty, and for an index beyond the count.
        """
        given = (label, index, count)
        if given == self._given_stage:
            return
        try:
            self._stage = analytics.Stage(label=_line(label, LABEL_LENGTH), index=index, count=count)
        except ValidationError as error:
            raise invalid(error) from error
        self._given_stage = given

    @property
    def done(self) -> int:
        """How much is done."""
        return self._done

    @property
    def total(self) -> int | None:
        """How much there is to do; None where that is not known."""
        return self._total

    @property
    def message(self) -> str:
        """A few words on what goes on now; what is beyond 500 characters is not sent."""
        return self._message

    @message.setter
    def message(self, text: str) -> None:
        self._message = text

    @property
    def result(self) -> dict[str, Any] | None:
        """What came out, sent with the end: at most 16 KiB of JSON. Set the whole of it; raises Invalid."""
        return deepcopy(self._result)

    @result.setter
    def result(self, result: dict[str, Any] | None) -> None:
        if result is not None:
            try:
                result = deepcopy(_outcome.validate_python(result))
            except ValidationError as error:
                raise Invalid(f"result: {invalid(error).message}", field="result") from error
            except TypeError as error:
                raise Invalid(f"result: must be JSON: {error}", field="result") from error
        self._result = result

    @property
    def cancelled(self) -> bool:
        """Whether somebody wants the job to end, as the last reply of the server has it."""
        return self._cancelled

    def stop_if_cancelled(self) -> None:
        """Raise JobCancelled when somebody wants the job to end; `track` does it for each item."""
        if self._cancelled:
            raise self._stopping()

    def report(self) -> Report:
        """Return how it stands now, as the contract wants it: `done` never falls, `total` is never less."""
        done = _amount(self._done)
        self._told = done = self._told if done is None else max(self._told, done)
        total = _amount(self._total)
        if total is None and self._total_there is not None and self._total_there < done:
            total = done  # it was that of other work, and would be in the way of this
        return Report(
            done=done,
            total=None if total is None else max(total, done),
            message=clean(self._message, MESSAGE_LENGTH),
            stage=self._stage,
        )

    def heard(self, reply: analytics.JobReply) -> None:
        """Note what the server says."""
        self._cancelled = reply.cancel_requested
        self._total_there = reply.job.total

    def _stopping(self) -> BaseException:
        return JobCancelled("somebody wants the job to end")

    def _expect(self, items: Iterable[Any] | AsyncIterable[Any], total: int | None) -> None:
        if total is None:
            try:
                total = len(items)  # type: ignore[arg-type]  # what has none says so
            except TypeError:
                return
        with self._lock:
            expected = self._done + total
            if self._total is None or self._total < expected:
                self._total = expected

    def _each(self, items: Iterable[T]) -> Iterator[T]:
        lock = self._lock
        for item in items:
            if self._cancelled:
                raise self._stopping()
            yield item
            with lock:
                self._done += 1


def _amount(value: Any) -> int | None:
    """Return a count as the contract has it; None for what is none."""
    try:
        return min(max(int(value), 0), MOST)
    except Exception:  # noqa: BLE001 - whatever its author wrote there; the work goes on
        return None


def clean(text: Any, most: int) -> str:
    """Return a text as the contract takes it, cut where it is longer; none of what cannot say what it is."""
    try:
        written = str(text)
    except Exception:  # noqa: BLE001 - whatever its author wrote there; the work goes on
        written = ""
    cleaned = unicodedata.normalize("NFC", _UNPRINTABLE.sub(" ", written))
    return cleaned if len(cleaned) <= most else cleaned[: most - 1] + "…"


def _line(text: Any, most: int) -> str:
    return clean(" ".join(clean(text, 10 * most).split()), most)
