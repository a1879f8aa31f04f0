"""Measures notifications to a course: until everybody connected has one, and ten a second for a minute."""

from __future__ import annotations

import http.client
import json
import sys
import threading
import time
import uuid
from functools import partial
from typing import Any

from bench.fanout import percentiles
from bench.joining import enrolled_auths
from bench.rooms import make_course
from bench.servers import OURS, Server, running
from bench.swarm import Swarm, stamped
from bench.tokens import COURSE, service_token

LEARNERS = 500
SINGLE = 10
PER_SECOND = 10
SECONDS = 60
_LAG = "coursewire_loop_lag_seconds"


class Lms:
    """Posts notifications to the course over one connection that it keeps, and reads the server's figures."""

    def __init__(self, server: Server) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
        self._headers = {"Authorization": f"Bearer {service_token()}", "Content-Type": "application/json"}

    def post(self) -> None:
        """Notify the course. Raises RuntimeError when it is refused."""
        body = {
            "audience": {"course_id": COURSE, "roles": ["learner"]},
            "category": "assignment",
            "title": stamped("Due on Friday"),
            "body": "Read chapter seven, and bring a question.",
        }
        headers = {**self._headers, "Idempotency-Key": uuid.uuid4().hex}
        self._connection.request("POST", "/v1/notifications", json.dumps(body), headers)
        response = self._connection.getresponse()
        text = response.read()
        if response.status >= 300:
            raise RuntimeError(f"a notification was refused: {response.status} {text[:300]!r}")

    def loop_lag_ms(self) -> float:
        """Return the longest delay of the server's event loop in the last ten seconds."""
        self._connection.request("GET", "/metrics", headers=self._headers)
        lines = self._connection.getresponse().read().decode().splitlines()
        return next(float(line.split()[-1]) for line in lines if line.startswith(f"{_LAG} ")) * 1_000


def measure(server: Server, *, seconds: float = SECONDS) -> dict[str, Any]:
    """Return milliseconds until all had one (a value per notification), and percentiles and lag under load."""
    make_course(server)
    swarm = Swarm(server.port, "/notifications", "notification.created")
    swarm.join(enrolled_auths(server, LEARNERS), None)
    swarm.idle(2.0)
    single = _one_at_a_time(server, swarm)
    before = server.cpu_seconds()
    taken, lags = _steadily(server, swarm, seconds)
    cpu = server.cpu_seconds() - before
    swarm.close()
    found = percentiles([latency * 1_000 for latency in taken])
    return {
        "notice_all": single,
        "notice_p50": found["p50"],
        "notice_p99": found["p99"],
        "notice_worst": max(taken) * 1_000,
        "notice_lag": max(lags),
        "notice_cpu_us": cpu / len(taken) * 1e6,
    }


def _one_at_a_time(server: Server, swarm: Swarm) -> list[float]:
    """Return milliseconds from each request until every learner had the notification."""
    lms = Lms(server)
    durations = []
    for _ in range(SINGLE):
        started = time.monotonic()
        target = swarm.delivered + LEARNERS
        lms.post()
        swarm.wait(partial(_reached, swarm, target), "a notification to everybody")
        durations.append((time.monotonic() - started) * 1_000)
        swarm.idle(0.5)
    return durations


def _reached(swarm: Swarm, target: int) -> bool:
    return swarm.delivered >= target


def _steadily(server: Server, swarm: Swarm, seconds: float) -> tuple[list[float], list[float]]:
    """Return the latencies, in seconds, of all deliveries at a steady rate, and the lags meanwhile, in ms."""
    count = int(PER_SECOND * seconds)
    lags: list[float] = []
    failed: list[BaseException] = []

    def post() -> None:
        lms, start = Lms(server), time.monotonic()
        try:
            for number in range(count):
                time.sleep(max(0.0, start + number / PER_SECOND - time.monotonic()))
                lms.post()
                if number % (5 * PER_SECOND) == 0 and number > 10 * PER_SECOND:
                    lags.append(lms.loop_lag_ms())
            lags.append(lms.loop_lag_ms())
        except Exception as error:  # noqa: BLE001 - raised below, by whoever waits
            failed.append(error)

    swarm.latencies = []
    target = swarm.delivered + count * LEARNERS
    poster = threading.Thread(target=post)
    poster.start()
    swarm.wait(
        lambda: swarm.delivered >= target or bool(failed), "the last notifications", timeout=seconds + 60
    )
    poster.join()
    if failed:
        raise RuntimeError("the load could not be made") from failed[0]
    taken, swarm.latencies = swarm.latencies, None
    return taken, lags


def main() -> int:
    """Run this part alone: `python -m bench.notices [seconds]`."""
    with running(OURS) as server:
        found = measure(server, seconds=float(sys.argv[1]) if len(sys.argv) > 1 else SECONDS)
    for name, figure in found.items():
        rounds = (
            ", ".join(f"{value:.0f}" for value in figure) if isinstance(figure, list) else f"{figure:.1f}"
        )
        sys.stdout.write(f"{name}: {rounds}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
