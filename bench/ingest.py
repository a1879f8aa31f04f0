"""Measures activity as it comes in: how much a second at most, and how soon figures show it at a steady 5,000."""

from __future__ import annotations

import json
import sys
import threading
import time
from contextlib import ExitStack
from typing import Any

from websockets.sync.client import ClientConnection, connect

from bench.fanout import percentiles
from bench.school import COURSES, Lms, Reports, learners, make_school, pace
from bench.servers import OURS, Server, running
from bench.tokens import token

PER_SECOND = 5_000
BATCH = 500
SECONDS = 20.0
FLAT_OUT_S = 5.0
WATCHED = "watched"
"""A course in which each batch lets one more learner appear: a figure that tells which batches it contains."""


class Watcher:
    """A teacher's dashboard: notes when the figures of the watched course show so many learners."""

    def __init__(self, server: Server) -> None:
        self.shown_at: list[float] = []
        """When the first, the second, ... learner was shown."""
        self._open = ExitStack()
        self._socket = self._subscribed(server)
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def _subscribed(self, server: Server) -> ClientConnection:
        url = f"ws://127.0.0.1:{server.port}/socket.io/?EIO=4&transport=websocket"
        socket = self._open.enter_context(connect(url, compression=None, max_size=None))
        socket.recv()
        auth = {"token": token("teacher", "instructor", WATCHED)}
        socket.send(f"40/analytics,{json.dumps(auth)}")
        while not str(socket.recv()).startswith('42/analytics,["session.ready"'):
            pass
        socket.send(f'42/analytics,0["subscribe",{json.dumps({"channel": f"course:{WATCHED}"})}]')
        return socket

    def _read(self) -> None:
        for packet in self._socket:
            text = str(packet)
            if text == "2":
                self._socket.send("3")
            elif text.startswith('42/analytics,["metrics.updated"'):
                metrics = json.loads(text[len("42/analytics,") :])[1]
                if metrics["window"] == "1h":
                    now = time.monotonic()
                    new = metrics["active_learners"] - len(self.shown_at)
                    self.shown_at += [now] * new

    def close(self) -> None:
        """Leave."""
        self._open.close()
        self._thread.join(5)


def measure(server: Server, *, seconds: float = SECONDS) -> dict[str, Any]:
    """Return events a second, CPU per event, and milliseconds from a batch's request until a dashboard shows it."""
    make_school(server, COURSES, learners())
    batches = int(PER_SECOND / BATCH * seconds)
    markers = {f"marker-{number}": "learner" for number in range(batches)}
    make_school(server, [WATCHED], {"teacher": "instructor", **markers})
    watcher = Watcher(server)
    reports = Reports()
    found = _steadily(server, reports, watcher, batches)
    watcher.close()
    return found | _flat_out(server, reports)


def _steadily(server: Server, reports: Reports, watcher: Watcher, batches: int) -> dict[str, Any]:
    begins = time.time() + 3
    prepared = [
        reports.batch(
            COURSES * ((BATCH - 1) // len(COURSES)) + COURSES[: (BATCH - 1) % len(COURSES)],
            begins + number * BATCH / PER_SECOND,
            [reports.event(WATCHED, f"marker-{number}", begins + number * BATCH / PER_SECOND)],
        )
        for number in range(batches)
    ]
    time.sleep(max(0.0, begins - time.time()))
    lms, before, start = Lms(server), server.cpu_seconds(), time.monotonic()
    sent, answered, taken = [], [], 0
    for number, batch in enumerate(prepared):
        pace(start, number, PER_SECOND / BATCH)
        sent.append(time.monotonic())
        taken += lms.report(batch)
        answered.append(time.monotonic())
    lasted = max(answered[-1] - start, batches * BATCH / PER_SECOND)
    deadline = time.monotonic() + 30
    while len(watcher.shown_at) < batches and time.monotonic() < deadline:
        time.sleep(0.05)
    cpu = server.cpu_seconds() - before
    if len(watcher.shown_at) != batches:
        raise RuntimeError(f"{len(watcher.shown_at)} of {batches} batches were shown")
    lags = [(shown - began) * 1_000 for shown, began in zip(watcher.shown_at, sent, strict=True)]
    # What is answered is in: from then on the figures have a second.
    ages = [(shown - end) * 1_000 for shown, end in zip(watcher.shown_at, answered, strict=True)]
    waits = [(end - began) * 1_000 for end, began in zip(answered, sent, strict=True)]
    spread = percentiles(lags)
    return {
        "activity_steady": taken / lasted,
        "activity_cpu_us": cpu / taken * 1e6,
        "activity_answer_p99": percentiles(waits)["p99"],
        "activity_lag_p50": spread["p50"],
        "activity_lag_p99": spread["p99"],
        "activity_lag_worst": max(lags),
        "activity_age_p99": percentiles(ages)["p99"],
    }


def _flat_out(server: Server, reports: Reports) -> dict[str, float]:
    """Return how many events a second one reporter gets in who posts batch after batch."""
    now = time.time()
    prepared = [reports.batch(COURSES * (BATCH // len(COURSES)), now) for _ in range(200)]
    lms, start, taken = Lms(server), time.monotonic(), 0
    for batch in prepared:
        taken += lms.report(batch)
        if time.monotonic() - start > FLAT_OUT_S:
            break
    return {"activity_per_second": taken / (time.monotonic() - start)}


def main() -> int:
    """Run this part alone: `python -m bench.ingest [seconds]`."""
    with running(OURS) as server:
        found = measure(server, seconds=float(sys.argv[1]) if len(sys.argv) > 1 else SECONDS)
    for name, figure in found.items():
        sys.stdout.write(f"{name}: {figure:.1f}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
