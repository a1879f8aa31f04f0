"""Measures 2,000 open dashboards of 50 courses: what an update of figures costs, and how much of it is fan-out."""

from __future__ import annotations

import sys
import time
from typing import Any

from bench.school import COURSES, Lms, Reports, learners, make_school, pace
from bench.servers import OURS, Server, running
from bench.swarm import Swarm
from bench.tokens import token

DASHBOARDS = 2_000
SECONDS = 10.0
PER_SECOND = 2
"""Batches, with a report in each course: so all figures of all courses change all the time."""


def measure(server: Server, *, seconds: float = SECONDS) -> dict[str, Any]:
    """Return CPU per update and per delivery, and the shares that are there only because somebody looks.

    Three times the same load: by teachers, whose activity is taken in and changes no figure; by learners, while nobody
    looks; and by learners, with all dashboards open.
    """
    each = DASHBOARDS // len(COURSES)
    teachers = {f"teacher-{number}": "instructor" for number in range(each)}
    make_school(server, COURSES, {**learners(), **teachers})
    reports = Reports()
    swarm = Swarm(server.port, "/analytics", "metrics.updated")
    first = swarm.join([_auth(COURSES[0], "teacher-0")], f"course:{COURSES[0]}")
    _under_load(server, swarm, reports, 3)  # all courses are in memory
    taken, _ = _under_load(server, swarm, reports, seconds, user="teacher-1")
    unseen, counted = _under_load(server, swarm, reports, seconds)
    swarm.leave(first)
    for course in COURSES:
        swarm.join([_auth(course, teacher) for teacher in teachers], f"course:{course}")
    swarm.idle(2.0)
    swarm.nap = 0.005
    seen, delivered = _under_load(server, swarm, reports, seconds)
    swarm.close()
    updates = delivered / each
    return {
        "dashboards_updates": updates / seconds,
        "dashboards_deliveries": delivered / seconds,
        "dashboards_update_us": seen / updates * 1e6,
        "dashboards_taken_us": taken / updates * 1e6,
        "dashboards_unseen_us": unseen / (counted * len(COURSES)) * 1e6,
        "dashboards_delivery_us": (seen - unseen) / delivered * 1e6,
        "dashboards_fanout_percent": (seen - unseen) / (seen - taken) * 100,
        "dashboards_fanout_of_all_percent": (1 - unseen / seen) * 100,
    }


def _auth(course: str, teacher: str) -> dict[str, Any]:
    return {"token": token(teacher, "instructor", course)}


def _under_load(
    server: Server, swarm: Swarm, reports: Reports, seconds: float, user: str | None = None
) -> tuple[float, int]:
    """Report for a while; return the CPU seconds that the server used, and how many updates were delivered."""
    lms = Lms(server)  # one of its own: the server closes what is idle while others join
    before, delivered, start = server.cpu_seconds(), swarm.delivered, time.monotonic()
    for number in range(int(seconds * PER_SECOND)):
        while time.monotonic() < start + number / PER_SECOND:
            swarm.idle(0.02)
        pace(start, number, PER_SECOND)
        lms.report(reports.batch(COURSES, time.time(), user=user))
    swarm.idle(start + seconds - time.monotonic())
    return server.cpu_seconds() - before, swarm.delivered - delivered


def main() -> int:
    """Run this part alone: `python -m bench.dashboards [seconds]`."""
    with running(OURS) as server:
        found = measure(server, seconds=float(sys.argv[1]) if len(sys.argv) > 1 else SECONDS)
    for name, figure in found.items():
        sys.stdout.write(f"{name}: {figure:.1f}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
