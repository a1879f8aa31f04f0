"""A course that a worker holds in memory: its figures, what was last said of them, and when to say more."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from coursewire.namespaces.analytics.contract.figures import Figures
from coursewire.namespaces.analytics.rules import cohort
from coursewire.namespaces.analytics.rules.metrics import AWAY_MS
from coursewire.namespaces.analytics.rules.steps import HOUR, MINUTE, SECOND, WINDOWS

if TYPE_CHECKING:
    from coursewire.namespaces.analytics.contract import Metrics, Window
    from coursewire.namespaces.analytics.rules.metrics import Course, Report

SAID_EVERY_MS: Final = SECOND
"""As often as the channel sends them, in the mean."""
WAITS_MS: Final = 900
"""So long at most something waits that has come in, as long as the mean allows it: what comes just after figures were
said would otherwise be told a whole second later, and however long it took to get here."""
EARLY_MS: Final = 900
"""So much earlier than the mean may figures be said, all in all, before it has to be made up for. Less than a second:
there are never more than one every second and the one at the beginning."""
FAR: Final = 2**62
"""Later than anything, in milliseconds since 1970."""
KEPT_EVERY_MS: Final = 30 * SECOND
"""How often the figures for the staff are written: whoever asks is answered from memory, and a server that starts
counts them anew. Until it has come to a course, they may be so old."""
IDLE_MS: Final = 15 * MINUTE
"""After so long without activity a course leaves the memory. Its figures stand in the database, where time goes on
changing them once an hour."""
COUNTED_ANEW_MS: Final = MINUTE
"""How often the roster and who is at risk are read again, besides when the roster has changed."""


@dataclass(slots=True)
class Cohort:
    """What the class was last shown of a window, and who has changed it since."""

    before: Metrics | None = None
    changed_by: set[str] = field(default_factory=set)


@dataclass(slots=True)
class Said:
    """What is to be told of a course: figures for the staff and for the class, and whose own figures have changed."""

    course_id: str
    staff: list[Figures]
    cohort: list[Figures]
    learners: list[str]


@dataclass(slots=True)
class Held:
    """One course in memory."""

    course: Course
    roster: int
    """How often its roster had changed when it was read."""
    counted_at: int
    """When the roster and who is at risk were read."""
    active_at: int
    """When activity came last."""
    cohorts: dict[Window, Cohort]
    said_at: int = 0
    unkept: dict[Window, Figures] = field(default_factory=dict)
    """Figures for the staff that were said and not written."""
    _kept_at: int = 0
    _waits_since: int | None = None
    """When the first of what was not said yet came in."""
    _mean_at: int = 0
    """When the next figures would come if they came in the mean."""
    _still_until: int = 0
    """Before that, time alone changes none of its figures."""
    _is_new: bool = True
    _header: tuple[int, int, frozenset[str]] = (0, 0, frozenset())

    def add(self, report: Report, now: int) -> None:
        """Take in one report of a learner."""
        self.course.add(report)
        self.active_at = now
        if self._waits_since is None:
            self._waits_since = now
        if report.at > now - AWAY_MS:
            self.course.at_risk.discard(report.user_id)

    def count_anew(self, roster: int, enrolled: frozenset[str], at_risk: set[str], now: int) -> None:
        """Take over who is enrolled, and who of them is at risk."""
        self.roster, self.counted_at = roster, now
        self.course.enrolled = enrolled
        self.course.at_risk = at_risk
        self._still_until = 0

    def wants_counting(self, roster: int, now: int) -> bool:
        """Whether the roster and who is at risk are to be read again."""
        return roster != self.roster or now - self.counted_at >= COUNTED_ANEW_MS

    @property
    def due_at(self) -> int | None:
        """Return when what has come in is to be said; None while nothing waits."""
        if self._is_new:
            return 0
        if self._waits_since is None:
            return None
        return max(self._mean_at - EARLY_MS, min(self.said_at + SAID_EVERY_MS, self._waits_since + WAITS_MS))

    def say(self, now: int) -> Said | None:
        """Return what has changed since the last time, also by time alone; None if that is nothing, or too soon."""
        due_at = self.due_at
        if due_at is None:
            due_at = max(self.said_at + SAID_EVERY_MS, self._still_until)
        if now < due_at:
            return None
        self._waits_since = None
        self.course.advance(now)
        self._still_until = self.course.next_change or FAR
        header = (self.course.active_now, len(self.course.at_risk), self.course.enrolled)
        has_news = self._is_new or header != self._header
        said = Said(self.course.id, [], [], [])
        for name, window in self.course.windows.items():
            touched, window.touched = window.touched, set()
            if name == "1d":
                # Of a course that was just read, nobody knows which of it is news.
                said.learners = sorted(window.learners if self._is_new else touched)
            if touched or has_news:
                said.staff.append(self.course.figures(name, now))
            if touched or self._is_new:
                said.cohort += self._for_cohort(name, touched, now)
        self._is_new, self._header = False, header
        if not said.staff:
            return None
        self.said_at = now
        self._mean_at = max(self._mean_at, now) + SAID_EVERY_MS
        self.unkept |= {one.window: one for one in said.staff}
        return said

    def _for_cohort(self, name: Window, touched: set[str], now: int) -> list[Figures]:
        shown = self.cohorts[name]
        shown.changed_by |= touched
        withheld = not cohort.is_shown(len(self.course.windows[name].learners))
        if not cohort.may_follow(shown.before, withheld=withheld, changed_by=len(shown.changed_by)):
            return []
        if not withheld:
            # Only now: while nothing is shown, those who change it are still those since it was shown last.
            shown.changed_by = set()
        shown.before = self.course.cohort_metrics(name, now)
        return [Figures.of(shown.before)]

    def wants_keeping(self, now: int) -> bool:
        """Whether figures for the staff are to be written."""
        return bool(self.unkept) and now - self._kept_at >= KEPT_EVERY_MS

    def keep(self, now: int) -> list[Figures]:
        """Return what is to be written, which is not asked for again."""
        kept, self.unkept, self._kept_at = list(self.unkept.values()), {}, now
        return kept

    def is_idle(self, now: int) -> bool:
        """Whether nothing has come for long enough to let it go."""
        return now - self.active_at >= IDLE_MS

    def due_after(self, now: int) -> int | None:
        """Return when its figures are to be computed again once it was let go; None when nothing is left in them."""
        change = self.course.next_change
        return None if change is None else min(change, now + HOUR)


def unseen() -> dict[Window, Cohort]:
    """Return the cohorts of a course of which nothing was shown yet."""
    return {name: Cohort() for name in WINDOWS}
