"""What one editor has of a document, what the server has of it, and what is on its way. No I/O.

One update is on its way at a time; what is written meanwhile goes together in the next. So updates arrive in order, a
rate limit only makes the next one larger, and after a reconnect the difference to the server is simply that next one.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

from pycrdt import Doc, TransactionEvent, merge_updates

from coursewire.namespaces.collaboration.contract.values import MOST_UPDATE
from coursewire.namespaces.collaboration.encoding.applying import apply_heard
from coursewire.namespaces.collaboration.encoding.splitting import split

GATHERED: Final = 100
"""Own updates that are kept one by one. From then on they are merged: what waits is no more than what was written."""
LONG: Final = 64 * 1024
"""Bytes of a document in which it matters how what others delete in many places is applied; it costs reading them."""
TOGETHER: Final = 2_000
"""Own updates that go in one: each is one struct at least, and the server takes 20,000 at once."""


@dataclass(frozen=True, slots=True)
class Flight:
    """An update on its way."""

    sequence: int
    update: bytes
    count: int = 1
    """Of the updates that it was made of."""


@contextmanager
def readable() -> Iterator[None]:
    """Turn what pycrdt raises for a document that it cannot read into ValueError or RuntimeError."""
    try:
        yield
    except Exception:
        raise
    except BaseException as error:
        # pycrdt's PanicException is no Exception.
        if type(error).__name__ != "PanicException":
            raise
        raise RuntimeError("the document cannot be read") from error


class Editing:
    """One life (epoch) of a document in one editor."""

    def __init__(self, doc: Doc[Any] | None = None) -> None:
        self.doc: Doc[Any] = Doc() if doc is None else doc
        self._written: list[bytes] = []
        """Own updates that were not sent, the oldest first."""
        self._gathered: list[tuple[bytes, int]] = []
        """Those before them, merged, and how many each was; no larger than one update may be, if it was several."""
        self.last: bytes | None = None
        """The last edit that was made here, until somebody has taken it."""
        self.writes = 0
        """How many edits were made here."""
        self._size = 0
        """Bytes of the updates that it was made of: it has no more text than that."""
        self._flight: Flight | None = None
        self._sequence = 0
        self._applying = False
        self._is_open = False
        self.doc.observe(self._changed)

    @property
    def is_saved(self) -> bool:
        """Whether the server has committed everything that was written here."""
        return not self._written and not self._gathered and self._flight is None

    def opened(self, update: bytes, state_vector: bytes) -> None:
        """Take the server's state; whatever it lacks of what was written here goes next.

        Raises ValueError or RuntimeError for what cannot be applied: this document is then good for nothing.
        """
        self.lost()
        self.received(update)
        if not self.is_saved:
            # What was on its way may have been committed or not: the server's vector knows. Where that is more than one
            # update may be, everything goes again as it was: the same update twice changes nothing.
            self._gather()
            lacking = self.doc.get_update(state_vector)
            if len(self._gathered) == 1 and len(lacking) <= MOST_UPDATE:
                self._gathered = [(lacking, self._gathered[0][1])]
        self._is_open = True

    def received(self, update: bytes) -> None:
        """Apply what others have written. Raises as `opened` does."""
        self._applying = True
        try:
            with readable():
                if self._size < LONG:
                    self.doc.apply_update(update)
                else:
                    apply_heard(self.doc, update)
        finally:
            self._applying = False
        self._size += len(update)

    def next(self) -> Flight | None:
        """Return what is to be sent now; None while something is on its way, or nothing is to be sent."""
        if not self._is_open or self._flight is not None or self.is_saved:
            return None
        self._gather()
        self._sequence += 1
        update, count = self._gathered.pop(0)
        self._flight = Flight(self._sequence, update, count)
        return self._flight

    def saved(self, flight: Flight) -> None:
        """Note that it is committed."""
        if self._flight is flight:
            self._flight = None

    def returned(self, flight: Flight) -> None:
        """Note that it was not taken, and may be sent again, with what was written since."""
        if self._flight is flight:
            self._flight = None
            self._gathered.insert(0, (flight.update, flight.count))

    def halved(self, flight: Flight) -> bool:
        """Note that it was too much at once; return whether it can go in two halves, as it does then."""
        halves = split(flight.update) if self._flight is flight else None
        if halves is None:
            return False
        self._flight = None
        self._gathered[:0] = [(halves[0], flight.count - flight.count // 2), (halves[1], flight.count // 2)]
        return True

    def lost(self) -> None:
        """Note that the session has ended: nothing is sent until the document is opened again."""
        self._is_open = False
        if self._flight is not None:
            self.returned(self._flight)

    def _changed(self, event: TransactionEvent) -> None:
        if self._applying:
            return
        self.writes += 1
        self._size += len(event.update)
        self._written.append(event.update)
        self.last = event.update
        if len(self._written) >= GATHERED:
            self._gather()

    def _gather(self) -> None:
        """Put together what goes together: as much as one update may be."""
        written, self._written = self._written, []
        together, count = ([], 0) if not self._gathered else _last(self._gathered)
        size = sum(map(len, together))
        for update in written:
            if together and (size + len(update) > MOST_UPDATE or count == TOGETHER):
                self._gathered.append((_merged(together), count))
                together, size, count = [], 0, 0
            together.append(update)
            size += len(update)
            count += 1
        if together:
            self._gathered.append((_merged(together), count))


def _last(gathered: list[tuple[bytes, int]]) -> tuple[list[bytes], int]:
    update, count = gathered.pop()
    return [update], count


def _merged(updates: list[bytes]) -> bytes:
    return updates[0] if len(updates) == 1 else merge_updates(*updates)
