"""The simulated class: who does what when, for a past that is over and for a present that goes on. No clock, no I/O."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator
from random import Random
from typing import Any, Final

from coursewire.demo.learner import MINUTE_MS, Did, Learner
from coursewire.demo.people import AWAY, CLASSMATES, COURSE
from coursewire.demo.syllabus import PAGES, PROBLEMS
from coursewire.namespaces.analytics.contract import ActivityBody
from coursewire.vocabulary import iso

HOUR_MS: Final = 60 * MINUTE_MS
DAY_MS: Final = 24 * HOUR_MS
PAST_DAYS: Final = 10
"""So long ago the course began: longer than the longest window, and than the week after which one is at risk."""
LEFT_AFTER_DAYS: Final = 2
"""When those at risk were seen last, after the beginning."""
LESSON_MS: Final = 75 * MINUTE_MS
"""So long the class has been at work when the campus opens: the windows of five minutes and of an hour are full."""
STUDY_FROM_H: Final = 8
STUDY_UNTIL_H: Final = 22


def past(seed: int, now: int, people: Iterable[str]) -> list[ActivityBody]:
    """Return what these people and the class did since the course began, in order: sittings, and a lesson now."""
    found: list[tuple[int, ActivityBody]] = []
    lesson = now - LESSON_MS
    today = lesson // DAY_MS
    for user_id in (*people, *CLASSMATES):
        random = Random(f"{seed}/past/{user_id}")  # noqa: S311 - a class, not a secret
        if user_id in AWAY:
            found += _who_left(user_id, lesson)
            continue
        learner = Learner(user_id, random)
        diligence = random.uniform(0.5, 0.95)
        for day in range(today - PAST_DAYS + 1, today + 1):
            if random.random() < diligence:
                at = day * DAY_MS + round(random.uniform(STUDY_FROM_H, STUDY_UNTIL_H) * HOUR_MS)
                found += _timed(user_id, at, learner.sitting(), lesson)
    done = [body for _, body in sorted(found, key=lambda item: (item[0], item[1].id))]
    return done + lesson_until(seed, now)[1]


def lesson_until(seed: int, now: int) -> tuple[ClassAtWork, list[ActivityBody]]:
    """Return a class that has been at work for a lesson by now, and what it did in it."""
    at_work = ClassAtWork(seed, now - LESSON_MS)
    done: list[ActivityBody] = []
    for minute in range(now - LESSON_MS, now, MINUTE_MS):
        done += at_work.until(minute)
    return at_work, done


def _timed(user_id: str, at: int, dids: Iterable[Did], now: int) -> Iterator[tuple[int, ActivityBody]]:
    for did in dids:
        at += did.after_ms
        if at >= now:
            return
        yield at, body(user_id, at, did)


def _who_left(user_id: str, now: int) -> Iterator[tuple[int, ActivityBody]]:
    """Return the beginning of somebody who tried the first quiz in vain."""
    began = now - (PAST_DAYS - LEFT_AFTER_DAYS) * DAY_MS
    tried = (
        Did(0, "opened", PAGES[0]),
        Did(4 * MINUTE_MS, "opened", PROBLEMS[0]),
        Did(9 * MINUTE_MS, "answered", PROBLEMS[0], score=0.2, duration_ms=9 * MINUTE_MS),
        Did(6 * MINUTE_MS, "answered", PROBLEMS[0], score=0.3, duration_ms=6 * MINUTE_MS),
    )
    return _timed(user_id, began, tried, now)


class ClassAtWork:
    """The class from now on: sittings with short breaks, so that there is always somebody at work."""

    def __init__(self, seed: int, now: int) -> None:
        self._next: list[tuple[int, int]] = []
        """When whose turn comes: a heap."""
        self._waiting: list[tuple[Did, Iterator[Did]]] = []
        self._learners: list[Learner] = []
        self._randoms: list[Random] = []
        for index, user_id in enumerate(one for one in CLASSMATES if one not in AWAY):
            random = Random(f"{seed}/present/{now}/{user_id}")  # noqa: S311
            self._randoms.append(random)
            self._learners.append(Learner(user_id, random))
            self._waiting.append(self._sit(index))
            # Some have begun already when one looks.
            heapq.heappush(self._next, (now + random.randrange(4 * MINUTE_MS), index))

    @property
    def next_at(self) -> int:
        """Return when something is done next, in milliseconds since 1970."""
        return self._next[0][0]

    def until(self, now: int, most: int = 100) -> list[ActivityBody]:
        """Return what is done until now and was not returned before, at most so much: the rest is of next time."""
        done: list[ActivityBody] = []
        while self._next[0][0] <= now and len(done) < most:
            at, index = self._next[0]
            did, sitting = self._waiting[index]
            done.append(body(self._learners[index].user_id, at, did))
            following = next(sitting, None)
            pause = 0
            if following is None:
                pause = round(self._randoms[index].uniform(1, 6) * MINUTE_MS)
                self._waiting[index] = self._sit(index)
            else:
                self._waiting[index] = (following, sitting)
            # From when it was done; after a machine has slept, from now.
            base = max(at, now - MINUTE_MS)
            heapq.heapreplace(self._next, (base + pause + self._waiting[index][0].after_ms, index))
        return done

    def _sit(self, index: int) -> tuple[Did, Iterator[Did]]:
        sitting = self._learners[index].sitting()
        return next(sitting), sitting


def body(user_id: str, at: int, did: Did) -> ActivityBody:
    """Return what somebody did as the LMS reports it."""
    fields: dict[str, Any] = {
        "id": f"demo:{user_id}:{at}:{did.verb}:{did.thing.id}",
        "user_id": user_id,
        "course_id": COURSE,
        "verb": did.verb,
        "object": {"id": did.thing.id, "type": did.thing.type, "name": did.thing.name},
        "progress": did.progress,
        "score": did.score,
        "duration_ms": did.duration_ms,
        "at": iso(at),
    }
    return ActivityBody.model_validate(fields)
