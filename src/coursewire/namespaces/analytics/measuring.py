"""What computes the figures of courses as activity comes in, and says what has changed, once a second at most."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from functools import partial
from time import perf_counter
from typing import TYPE_CHECKING, Final, NamedTuple

from coursewire.namespaces.analytics.contract import MetricsUpdated
from coursewire.namespaces.analytics.rules.cohort import withheld
from coursewire.namespaces.analytics.rules.following import Follower
from coursewire.namespaces.analytics.rules.steps import MINUTE, SECOND, WINDOWS
from coursewire.namespaces.analytics.service import measuring as service
from coursewire.namespaces.analytics.store import filling
from coursewire.namespaces.analytics.store import metrics as kept
from coursewire.vocabulary import iso

if TYPE_CHECKING:
    from coursewire.namespaces.analytics.board import Board
    from coursewire.namespaces.analytics.rules.held import Held, Said
    from coursewire.namespaces.analytics.rules.metrics import Report
    from coursewire.realtime.background import Background
    from coursewire.realtime.transaction import Transaction

logger = logging.getLogger(__name__)

LOOK_EVERY_S: Final = 1.0
PAUSE_S: Final = 0.05
SHORT_S: Final = 0.01
"""Between two looks, however much comes: so many small batches become few. A short pause when a course is due to be
told: what has come until then is told with it."""
BATCH: Final = 10_000
"""Reports of one read. More wait where they are, in their table."""
SLICE: Final = 100
"""Reports that are taken in before the event loop gets its turn: about a millisecond."""
TURN_S: Final = 0.002
"""How long courses are looked through before the event loop gets its turn."""
KEPT_AT_ONCE: Final = 20
"""Courses whose figures for the staff one look writes, besides those that were just read: some milliseconds."""
FILLS: Final = 20
FILL_S: Final = 0.1
"""Courses that one read fills at most, and after how long it fills no further one; the next ones have their turn at
once after it. Each read is followed by a write: a server that starts with fifty small courses does not write fifty
times."""
COUNTS: Final = 20
COUNT_EVERY_MS: Final = SECOND
"""Courses whose roster and risks one read reads again, and how often it looks for them."""
CLOCK_SET_BACK_MS: Final = MINUTE
"""By more than that: what is held has let time pass that has not, and would take in nothing until it has."""
AGAIN_MS: Final = MINUTE
"""When a course is tried again whose figures could not be computed."""
UNHELD_EVERY_MS: Final = 10 * SECOND
"""When a course is computed again for which there was no room in memory."""

UPDATED: Final = {name: MetricsUpdated(withheld("any", name, iso(0))) for name in WINDOWS}
"""Which event it is, and of which window. What it says is the JSON that goes with it, which nobody takes apart here."""


class Look(NamedTuple):
    """What one read has found."""

    now: int
    reports: list[tuple[Report, bool]]
    filled: list[Held]
    failed: list[str]
    counted: list[service.Counted]
    is_all: bool
    """Whether nothing more waits."""


class Measuring:
    """Keeps the board up to date. Whatever ends it, nothing is lost: it begins again from what the tables say."""

    def __init__(self, board: Board) -> None:
        self._board = board
        self._follower = Follower(0)
        self._counted_at = 0
        self._looked_at = 0
        self._looked = 0.0

    async def run(self, work: Background) -> None:
        """Work for ever."""
        await self.begin(work)
        while True:
            if await self.round(work):
                await asyncio.sleep(min(PAUSE_S, max(SHORT_S, self._due_in_s())))
                await work.rest(min(LOOK_EVERY_S, max(0.0, self._due_in_s())))

    def _due_in_s(self) -> float:
        """Return how many seconds from now the first course is to be told, of those of which something waits."""
        due_at = min((at for held in self._board.all() if (at := held.due_at) is not None), default=None)
        if due_at is None:
            return LOOK_EVERY_S
        return (due_at - self._looked_at) / 1_000 - (perf_counter() - self._looked)

    async def begin(self, work: Background) -> None:
        """Forget what was held: all of it is due, and is read from the database."""
        self._board.clear()
        self._counted_at = self._looked_at = 0
        await work.write(kept.let_go_all)
        self._follower = Follower(await work.read(filling.last_sequence))

    async def round(self, work: Background) -> bool:
        """Look once for what is new, and say what has changed. Return whether nothing more waits."""
        self._looked = perf_counter()
        try:
            look = await work.read(self._look)
        except Exception:
            # Nothing was taken in, so nothing is lost: what is held is as it was.
            logger.exception("activity could not be read; it is tried again")
            return True
        if look.now < self._looked_at - CLOCK_SET_BACK_MS:
            logger.warning("the clock was set back: the figures of all courses are read again")
            await self.begin(work)
            return False
        self._looked_at = look.now
        await self._take_in(look)
        await self._say(work, look, self._hold(look.filled))
        await self._let_go(work, look.now)
        return look.is_all

    def _look(self, tx: Transaction) -> Look:
        """Read on, and fill courses that are due: one snapshot, so that what a course has is not taken in again."""
        reports = filling.new_reports(tx, self._follower.top, BATCH, self._follower.missing)
        up_to = max((report.sequence for report, _ in reports), default=self._follower.top)
        filled: list[Held] = []
        failed: list[str] = []
        due = kept.due_courses(tx, FILLS + 1)
        began = perf_counter()
        for course_id in due[:FILLS]:
            if (filled or failed) and perf_counter() - began > FILL_S:
                break
            try:
                filled.append(service.fill(tx, course_id, max(up_to, self._follower.top)))
            except Exception:
                logger.exception("the figures of course %s cannot be computed", course_id)
                failed.append(course_id)
        return Look(
            now=tx.now,
            reports=reports,
            filled=filled,
            failed=failed,
            counted=self._count(tx),
            is_all=len(reports) < BATCH and len(due) == len(filled) + len(failed),
        )

    def _count(self, tx: Transaction) -> list[service.Counted]:
        if tx.now - self._counted_at < COUNT_EVERY_MS:
            return []
        held = {one.course.id: one for one in self._board.all()}
        rosters = kept.rosters(tx, list(held))
        wanted = [
            course_id
            for course_id, one in held.items()
            if one.wants_counting(rosters.get(course_id, 0), tx.now)
        ]
        return [service.count(tx, course_id, rosters.get(course_id, 0)) for course_id in wanted[:COUNTS]]

    async def _take_in(self, look: Look) -> None:
        board = self._board
        if look.now - self._counted_at >= COUNT_EVERY_MS:
            self._counted_at = look.now
        with board.lock:
            for counted in look.counted:
                held = board.find(counted.course_id)
                if held is not None:
                    held.count_anew(counted.roster, counted.enrolled, counted.at_risk, look.now)
        for start in range(0, len(look.reports), SLICE):
            with board.lock:
                for report, is_learner in look.reports[start : start + SLICE]:
                    held = board.find(report.course_id) if is_learner else None
                    # Of a course that is not held, the activity has made it due.
                    if held is not None:
                        held.add(report, look.now)
            await asyncio.sleep(0)
        board.as_of = look.now
        self._follower.took((report.sequence for report, _ in look.reports), look.now)

    def _hold(self, filled: Sequence[Held]) -> list[Held]:
        with self._board.lock:
            return [one for one in filled if not self._board.put(one)]

    async def _say(self, work: Background, look: Look, unheld: Sequence[Held]) -> None:
        """Say what has changed of each course. Those without room in memory are computed again soon."""
        due: dict[str, int | None] = {held.course.id: None for held in look.filled}
        due |= {held.course.id: look.now + UNHELD_EVERY_MS for held in unheld}
        keeping: list[service.Keeping] = []
        failed: list[str] = []
        may_keep = KEPT_AT_ONCE
        began = perf_counter()
        for held in [*unheld, *self._board.all()]:
            course_id = held.course.id
            try:
                with self._board.lock:
                    said = held.say(look.now)
            except Exception:
                logger.exception("the figures of course %s cannot be computed", course_id)
                failed.append(course_id)
                continue
            if said is not None:
                self._tell_staff(work, said, look.now)
            is_kept = course_id in due or (may_keep > 0 and held.wants_keeping(look.now))
            may_keep -= is_kept
            if is_kept or (said is not None and said.cohort):
                keeping.append(
                    service.Keeping(
                        course_id,
                        staff=held.keep(look.now) if is_kept else [],
                        cohort=said.cohort if said is not None else [],
                        is_due=course_id in due,
                        due_at=due.get(course_id),
                    )
                )
            if perf_counter() - began > TURN_S:
                await asyncio.sleep(0)
                began = perf_counter()
        failed += await self._keep(work, keeping)
        for course_id in (*failed, *look.failed):
            # It is read from the database again: only that is known to be what was said.
            self._board.remove(course_id)
            await work.write(partial(kept.set_due, course_id=course_id, due_at=look.now + AGAIN_MS))

    def _tell_staff(self, work: Background, said: Said, now: int) -> None:
        """Tell the staff at once: what they are shown is counted anew after a restart, whatever is written."""
        for one in said.staff:
            work.publish_latest(f"course:{said.course_id}", UPDATED[one.window], at=now, json=one.json)
        self._board.show(said.staff)
        if said.learners:
            work.derive(service.OWN_METRICS, said.course_id, said.learners)

    async def _keep(self, work: Background, keeping: Sequence[service.Keeping]) -> list[str]:
        """Write all in one go, and those alone with which that fails; return the courses of which nothing was written.

        What the class is shown is written before it is shown: a restart must know of it (rules/cohort.py).
        """
        if not keeping:
            return []
        try:
            await work.write(partial(service.keep, keeping=keeping))
        except Exception:
            if len(keeping) > 1:
                return [course_id for one in keeping for course_id in await self._keep(work, [one])]
            logger.exception("the figures of course %s were not written", keeping[0].course_id)
            return [keeping[0].course_id]
        self._board.show(shown for one in keeping for shown in one.cohort)
        return []

    async def _let_go(self, work: Background, now: int) -> None:
        for held in [one for one in self._board.all() if one.is_idle(now)]:
            letting = partial(
                service.let_go,
                course_id=held.course.id,
                due_at=held.due_after(now),
                up_to=self._follower.top,
                staff=list(held.unkept.values()),
            )
            if await work.write(letting):
                with self._board.lock:
                    self._board.remove(held.course.id)
