"""Measures a loop that reports itself: a million calls of `job.progress`, and the requests that come of them."""

from __future__ import annotations

import sys
import time
from typing import Any

from bench.rooms import call, enrol, make_course
from bench.servers import OURS, Server, running
from bench.tokens import COURSE, service_token
from coursewire.client.sync import ServiceClient

CALLS = 1_000_000
OWNER = "student-0"
WATCHED_S = 5.0


def measure(server: Server) -> dict[str, Any]:
    """Return nanoseconds per call, and per item of `track`, each with the bare loop's taken off; updates a second."""
    make_course(server)
    enrol(server, [OWNER])
    with ServiceClient(f"http://127.0.0.1:{server.port}", service_token()) as lms:
        bare = _bare()
        with lms.job("bench", title="A million calls", course=COURSE, owner=OWNER, total=CALLS) as job:
            start = time.perf_counter()
            for number in range(CALLS):
                job.progress(number)
            called = time.perf_counter() - start
        with lms.job("bench", title="A million items", course=COURSE, owner=OWNER) as job:
            start = time.perf_counter()
            for _ in job.track(range(CALLS)):
                pass
            tracked = time.perf_counter() - start
        with lms.job("bench", title="A busy loop", course=COURSE, owner=OWNER) as job:
            before = _revision(server, job.id)
            start, number = time.perf_counter(), 0
            while time.perf_counter() < start + WATCHED_S:
                number += 1
                job.progress(number)
            lasted = time.perf_counter() - start
            reports = _revision(server, job.id) - before
    return {
        "progress_ns": (called - bare) / CALLS * 1e9,
        "track_ns": (tracked - bare) / CALLS * 1e9,
        "progress_per_second": reports / lasted,
    }


def _bare() -> float:
    start = time.perf_counter()
    for _ in range(CALLS):
        pass
    return time.perf_counter() - start


def _revision(server: Server, job_id: str) -> int:
    """Return how often a job has changed, by an empty report: one that says nothing new."""
    return int(call(server, "PATCH", f"/v1/jobs/{job_id}", {})["job"]["revision"])


def main() -> int:
    """Run this part alone: `python -m bench.tracking`."""
    with running(OURS) as server:
        found = measure(server)
    for name, figure in found.items():
        sys.stdout.write(f"{name}: {figure:.1f}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
