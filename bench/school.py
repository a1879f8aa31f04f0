"""Fifty courses with their learners and teachers, and reports of what the learners do, made before they are needed."""

from __future__ import annotations

import http.client
import json
import random
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from bench.rooms import call
from bench.servers import Server
from bench.tokens import name_of, service_token

COURSES = [f"course-{number}" for number in range(50)]
LEARNERS = 100
"""In each course, of a school of so many."""
THINGS = 20
VERBS = ("opened", "played", "paused", "answered", "submitted", "completed", "posted")


def make_school(server: Server, courses: Sequence[str], roles: dict[str, str]) -> None:
    """Make courses, and put the same people on the roster of each: user -> role."""
    members = [{"user_id": user, "name": name_of(user), "roles": [role]} for user, role in roles.items()]
    for course in courses:
        call(server, "PUT", f"/v1/courses/{course}", {"title": course})
        for start in range(0, len(members), 1_000):
            body = {"members": members[start : start + 1_000]}
            call(server, "PUT", f"/v1/courses/{course}/members", body)


def learners(count: int = LEARNERS) -> dict[str, str]:
    """Return learners with their role."""
    return {f"learner-{number}": "learner" for number in range(count)}


class Reports:
    """Batches of activity as the body of a request, the same for the same seed."""

    def __init__(self, seed: int = 1) -> None:
        self._random = random.Random(seed)  # noqa: S311 - a load, not a secret
        self._count = 0

    def batch(
        self,
        courses: Sequence[str],
        at: float,
        extra: Sequence[dict[str, Any]] = (),
        *,
        user: str | None = None,
    ) -> bytes:
        """Return one report by a learner in each of these courses, at a time in seconds since 1970; or by this user."""
        users = [user or f"learner-{self._random.randrange(LEARNERS)}" for _ in courses]
        events = [self.event(course, who, at) for course, who in zip(courses, users, strict=True)]
        return json.dumps({"events": [*events, *extra]}).encode()

    def event(self, course: str, user: str, at: float) -> dict[str, Any]:
        """Return one report."""
        self._count += 1
        verb = self._random.choice(VERBS)
        thing = self._random.randrange(THINGS)
        return {
            "id": f"bench-{self._count}",
            "user_id": user,
            "course_id": course,
            "verb": verb,
            "object": {"id": f"thing-{thing}", "type": "page", "name": f"Thing {thing}"},
            "duration_ms": self._random.randrange(60_000),
            "at": datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            **({"score": self._random.randrange(11) / 10} if verb == "answered" else {}),
        }


class Lms:
    """Reports activity over one connection that it keeps."""

    def __init__(self, server: Server) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
        self._headers = {"Authorization": f"Bearer {service_token()}", "Content-Type": "application/json"}

    def report(self, batch: bytes) -> int:
        """Post a batch; return how many events it brought. Raises RuntimeError when anything was refused."""
        self._connection.request("POST", "/v1/activity", batch, self._headers)
        response = self._connection.getresponse()
        text = response.read()
        taken = json.loads(text) if response.status < 300 else {}
        if response.status >= 300 or taken["refused"]:
            raise RuntimeError(f"activity was refused: {response.status} {text[:300]!r}")
        return int(taken["accepted"])


def pace(start: float, number: int, per_second: float) -> None:
    """Sleep until it is time for this one."""
    time.sleep(max(0.0, start + number / per_second - time.monotonic()))
