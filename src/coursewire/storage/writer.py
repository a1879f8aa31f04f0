"""Group commit: many works, one transaction, one sync of the disk."""

from __future__ import annotations

import logging
from collections.abc import Callable
from time import monotonic
from typing import Any, NamedTuple, TypeVar

from coursewire.errors import Internal, Unavailable
from coursewire.storage.adapter import Session
from coursewire.storage.transaction import Transaction

logger = logging.getLogger(__name__)

T = TypeVar("T")
Work = Callable[[Transaction], T]
"""A pure function of its transaction; see `Transaction`."""

GROUP_WORKS = 256
GROUP_S = 0.05
"""A group ends at so many works or after so long: its first caller must not wait for all who came later."""


class Outcome(NamedTuple):
    """How a work ended: with a value, or with an error."""

    value: Any
    error: Exception | None


class Group(NamedTuple):
    """How a commit group ended: one outcome per work, and all effects in commit order."""

    outcomes: list[Outcome]
    effects: list[Any]


def attempt(work: Work[Any], tx: Transaction) -> Outcome:
    """Run a work. What it raises becomes its outcome, even if no Exception (pycrdt's PanicException)."""
    try:
        value = work(tx)
    except StopIteration as error:  # a future cannot carry it
        return _failed(error)
    except Exception as error:  # noqa: BLE001 - it goes to the caller
        return Outcome(None, tx.broken or error)
    except BaseException as error:  # noqa: BLE001 - the thread must live
        return _failed(error)
    return Outcome(value, tx.broken)


def away(cause: Exception) -> Unavailable:
    """Return what a caller hears when the machine, not the work, is at fault."""
    error = Unavailable("the storage is away for now", retry_after_ms=1_000)
    error.__cause__ = cause
    return error


def discard(session: Session) -> None:
    """Close a session that has failed, whatever that brings."""
    try:
        session.close()
    except Exception:
        logger.exception("a failed database session did not close")


def _failed(error: BaseException) -> Outcome:
    internal = Internal("the command failed")
    internal.__cause__ = error
    return Outcome(None, internal)


class Writer:
    """The one who writes: opens its session when needed, and again after the machine has failed it."""

    def __init__(self, connect: Callable[[], Session], clock: Callable[[], int]) -> None:
        self._connect = connect
        self._clock = clock
        self._session: Session | None = None

    def open(self) -> None:
        """Open the session now, to fail early. Raises Unavailable."""
        if self._session is None:
            self._session = self._connect()

    def close(self) -> None:
        """Close the session."""
        session, self._session = self._session, None
        if session is not None:
            session.close()

    def commit(self, first: Work[Any], more: Callable[[], Work[Any] | None]) -> Group:
        """Run `first`, and what `more` still hands out, in one transaction.

        Normally the works share it without savepoints. Only when one fails after it wrote is the group rolled
        back and run again with a savepoint per work, so that a work that fails undoes only itself; works are
        pure functions of their transaction, so running them again is safe. When the transaction itself fails
        (the disk is full, an I/O error), every work gets Unavailable and there are no effects; when it cannot even
        begin, because another program holds the lock, so does every work that waits.
        """
        works = [first]
        try:
            self.open()
            session = self._started()
        except Exception as error:
            works += iter(more, None)  # otherwise each would wait for the lock anew, after all before it
            logger.exception("%d works failed: no commit group can begin", len(works))
            return self._failed(works, error)
        try:
            return self._together(session, works, more) or self._apart(works)
        except Exception as error:
            logger.exception("a commit group of %d works failed", len(works))
            return self._failed(works, error)

    def _failed(self, works: list[Work[Any]], error: Exception) -> Group:
        self._discard()
        return Group([Outcome(None, away(error)) for _ in works], [])

    def _together(
        self, session: Session, works: list[Work[Any]], more: Callable[[], Work[Any] | None]
    ) -> Group | None:
        """Run the works without savepoints. Returns None, with nothing done, if one failed after it wrote."""
        outcomes: list[Outcome] = []
        effects: list[Any] = []
        deadline = monotonic() + GROUP_S
        work: Work[Any] | None = works[0]
        while work is not None:
            tx = Transaction(session, self._clock())
            outcome = attempt(work, tx)
            if outcome.error is None:
                effects += tx.effects
            elif tx.broken is not None or tx.wrote:
                session.rollback()
                return None
            outcomes.append(outcome)
            if len(works) == GROUP_WORKS or monotonic() >= deadline:
                break
            work = more()
            if work is not None:
                works.append(work)
        session.commit()
        return Group(outcomes, effects)

    def _apart(self, works: list[Work[Any]]) -> Group:
        """Run the works again, each behind a savepoint."""
        session = self._started()
        outcomes: list[Outcome] = []
        effects: list[Any] = []
        for work in works:
            session.savepoint()
            tx = Transaction(session, self._clock())
            outcome = attempt(work, tx)
            if outcome.error is None:
                session.release_savepoint()
                effects += tx.effects
            else:
                session.rollback_to_savepoint()
            outcomes.append(outcome)
        session.commit()
        return Group(outcomes, effects)

    def _started(self) -> Session:
        session = self._session
        if session is None:
            raise RuntimeError("the writer has no session")
        session.begin()
        return session

    def _discard(self) -> None:
        # A session that failed once may be half-way in something: the next group gets a new one.
        session, self._session = self._session, None
        if session is not None:
            discard(session)
