"""How one learner of the simulated class works: what they do next, and after how long. No clock: time is waited for."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random
from typing import Final, NamedTuple

from coursewire.demo.syllabus import ESSAY, FORUM, PAGES, PROBLEMS, VIDEOS, Thing

MINUTE_MS: Final = 60_000
PARTS_OF_A_VIDEO: Final = 4
TRIES: Final = 3
POINTS: Final = 10
ENOUGH_POINTS: Final = 8
"""With fewer they try again."""
GIVES_UP: Final = 0.06
"""How likely somebody leaves a video at each pause."""
NEW: Final = 0.7
"""How likely they take what they do not know yet, rather than look at something again."""
LIKES: Final = {"post": 3, "read": 4, "watch": 6, "write": 2, "solve": 6}
"""What is done next, by weight."""


class Did(NamedTuple):
    """Something done, so long after what was done before."""

    after_ms: int
    verb: str
    thing: Thing
    progress: float | None = None
    score: float | None = None
    duration_ms: int | None = None


class Learner:
    """Somebody with a skill from 0 to 1 and a pace around 1, who knows what they have completed."""

    def __init__(self, user_id: str, random: Random) -> None:
        self.user_id = user_id
        self._random = random
        self.skill = random.uniform(0.45, 0.95)
        self._pace = random.uniform(0.7, 1.5)
        self._videos = list(VIDEOS)
        self._problems = list(PROBLEMS)
        self._pages = list(PAGES)
        self._has_submitted = False

    def sitting(self) -> Iterator[Did]:
        """Work on two to four things, one after the other."""
        for _ in range(self._random.randint(2, 4)):
            yield from self._next()

    def _next(self) -> Iterator[Did]:
        [what] = self._random.choices(list(LIKES), list(LIKES.values()))
        if what == "post":
            yield from self._post()
        elif what == "read":
            yield from self._read(self._one_of(self._pages, PAGES))
        elif what == "watch":
            yield from self._watch(self._one_of(self._videos, VIDEOS))
        elif what == "write" and not self._has_submitted:
            yield from self._write()
        else:
            yield from self._solve(self._one_of(self._problems, PROBLEMS))

    def _one_of(self, left: list[Thing], known: tuple[Thing, ...]) -> Thing:
        """Take the next that is new to them, or look at an old one again."""
        return left.pop(0) if left and self._random.random() < NEW else self._random.choice(known)

    def _wait(self, minutes: float) -> int:
        return max(1_000, round(minutes * self._pace * self._random.uniform(0.6, 1.4) * MINUTE_MS))

    def _read(self, page: Thing) -> Iterator[Did]:
        yield Did(self._wait(0.3), "opened", page)
        read = self._wait(page.minutes / 4)
        yield Did(read, "completed", page, progress=1.0, duration_ms=read)

    def _watch(self, video: Thing) -> Iterator[Did]:
        yield Did(self._wait(0.2), "opened", video)
        yield Did(self._wait(0.1), "played", video, progress=0.0)
        for part in range(1, PARTS_OF_A_VIDEO):
            watched = self._wait(video.minutes / 4 / PARTS_OF_A_VIDEO)
            yield Did(watched, "paused", video, progress=part / PARTS_OF_A_VIDEO, duration_ms=watched)
            if self._random.random() < GIVES_UP:
                return  # not to the end
            yield Did(self._wait(0.1), "played", video, progress=part / PARTS_OF_A_VIDEO)
        watched = self._wait(video.minutes / 4 / PARTS_OF_A_VIDEO)
        yield Did(watched, "completed", video, progress=1.0, duration_ms=watched)

    def _solve(self, problem: Thing) -> Iterator[Did]:
        yield Did(self._wait(0.3), "opened", problem)
        for attempt in range(1, TRIES + 1):
            worked = self._wait(problem.minutes / 4 / attempt)
            share = min(1.0, max(0.0, self._random.gauss(self.skill + attempt / 20, 0.15)))
            points = round(POINTS * share)
            yield Did(worked, "answered", problem, score=points / POINTS, duration_ms=worked)
            if points >= ENOUGH_POINTS:
                yield Did(1_000, "completed", problem, progress=1.0)
                return

    def _write(self) -> Iterator[Did]:
        self._has_submitted = True
        yield Did(self._wait(0.5), "opened", ESSAY)
        wrote = self._wait(ESSAY.minutes / 4)
        yield Did(wrote, "submitted", ESSAY, progress=1.0, duration_ms=wrote)

    def _post(self) -> Iterator[Did]:
        yield Did(self._wait(0.5), "opened", FORUM)
        wrote = self._wait(1)
        yield Did(wrote, "posted", FORUM, duration_ms=wrote)
