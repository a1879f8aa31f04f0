"""What one editor has of a document, what the server has of it, and what is on its way. No I/O.

One update is on its way at a time; what is written meanwhile goes together in the next. So updates arrive in order, a
rate limit only makes the next one larger, and after a reconnect the difference to the server is simply that next one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pycrdt import Doc, TransactionEvent, merge_updates


@dataclass(frozen=True, slots=True)
class Flight:
    """An update on its way."""

    sequence: int
    update: bytes


class Editing:
    """One life (epoch) of a document in one editor."""

    def __init__(self, doc: Doc[Any] | None = None) -> None:
        self.doc: Doc[Any] = Doc() if doc is None else doc
        self._written: list[bytes] = []
        """Own updates that were not sent."""
        self._flight: Flight | None = None
        self._sequence = 0
        self._applying = False
        self._is_open = False
        self.doc.observe(self._changed)

    @property
    def is_saved(self) -> bool:
        """Whether the server has committed everything that was written here."""
        return not self._written and self._flight is None

    def opened(self, update: bytes, state_vector: bytes) -> None:
        """Take the server's state; whatever it lacks of what was written here goes next.

        Raises ValueError or RuntimeError for what cannot be applied: this document is then good for nothing.
        """
        was_saved = self.is_saved
        self.received(update)
        self._flight = None
        # What was on its way may have been committed or not: the server's vector knows.
        self._written = [] if was_saved else [self.doc.get_update(state_vector)]
        self._is_open = True

    def received(self, update: bytes) -> None:
        """Apply what others have written. Raises as `opened` does."""
        self._applying = True
        try:
            self.doc.apply_update(update)
        except (ValueError, RuntimeError):
            raise
        except BaseException as error:
            if isinstance(error, KeyboardInterrupt | SystemExit):
                raise
            raise RuntimeError(
                "the document cannot be read"
            ) from error  # pycrdt's PanicException is no Exception
        finally:
            self._applying = False

    def next(self) -> Flight | None:
        """Return what is to be sent now; None while something is on its way, or nothing is to be sent."""
        if not self._is_open or self._flight is not None or not self._written:
            return None
        update = self._written[0] if len(self._written) == 1 else merge_updates(*self._written)
        self._written = []
        self._sequence += 1
        self._flight = Flight(self._sequence, update)
        return self._flight

    def saved(self, flight: Flight) -> None:
        """Note that it is committed."""
        if self._flight is flight:
            self._flight = None

    def returned(self, flight: Flight) -> None:
        """Note that it was not taken, and may be sent again, with what was written since."""
        if self._flight is flight:
            self._flight = None
            self._written.insert(0, flight.update)

    def lost(self) -> None:
        """Note that the session has ended: nothing is sent until the document is opened again."""
        self._is_open = False
        if self._flight is not None:
            self.returned(self._flight)

    def _changed(self, event: TransactionEvent) -> None:
        if not self._applying:
            self._written.append(event.update)
