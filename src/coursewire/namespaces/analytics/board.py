"""The courses that are held in memory: one worker keeps them up to date, the threads of the storage read them."""

from __future__ import annotations

from threading import Lock
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from coursewire.namespaces.analytics.contract import Metrics, OwnMetrics, Window
    from coursewire.namespaces.analytics.contract.figures import Figures
    from coursewire.namespaces.analytics.rules.held import Held

COURSES: Final = 1_000
"""Courses that are held at once: what is to be said of a further one is computed from the database, every ten seconds.
A course takes a few megabytes; figures in docs/reference/metrics.md."""


class Board:
    """Courses by id. `lock` is held for a slice of work at a time, about a millisecond."""

    def __init__(self, most: int = COURSES) -> None:
        self.lock = Lock()
        self.as_of = 0
        """When the reports were read that were taken in last. What is read here is as of then: what is told later is
        newer."""
        self._held: dict[str, Held] = {}
        self._shown: dict[str, dict[tuple[str, str], Figures]] = {}
        self._most = most

    def find(self, course_id: str) -> Held | None:
        """Return a course that is held."""
        return self._held.get(course_id)

    def put(self, held: Held) -> bool:
        """Hold a course, in place of an older state of it. Return False when there is no room."""
        if held.course.id not in self._held and len(self._held) >= self._most:
            return False
        self._held[held.course.id] = held
        return True

    def remove(self, course_id: str) -> None:
        """Let go of a course."""
        self._held.pop(course_id, None)
        self._shown.pop(course_id, None)

    def clear(self) -> None:
        """Let go of all."""
        self._held.clear()
        self._shown.clear()

    def all(self) -> list[Held]:
        """Return all that are held."""
        return list(self._held.values())

    def show(self, figures: Iterable[Figures]) -> None:
        """Answer with these figures, of a course that is held, from now on: they were said."""
        for one in figures:
            if one.course_id in self._held:
                self._shown.setdefault(one.course_id, {})[one.scope, one.window] = one

    def shown(self, course_id: str, scope: str, window: Window) -> Metrics | None:
        """Return what was last said of a course that is held; None while nothing was. From any thread."""
        found = self._shown.get(course_id, {}).get((scope, window))
        return None if found is None else found.metrics

    def metrics(self, course_id: str, window: Window) -> Metrics | None:
        """Return the figures for the staff of a course as they are, told already or not; None when it is not held.

        From any thread.
        """
        with self.lock:
            held = self._held.get(course_id)
            if held is None:
                return None
            held.course.advance(self.as_of)
            figures = held.course.figures(window, self.as_of)
        return figures.metrics

    def own_metrics(
        self, course_id: str, window: Window, user_ids: Sequence[str], now: int
    ) -> Iterable[OwnMetrics]:
        """Return the figures of these learners; nothing for a course that is not held. From any thread."""
        with self.lock:
            held = self._held.get(course_id)
            return [held.course.own_metrics(window, user_id, now) for user_id in user_ids] if held else []
