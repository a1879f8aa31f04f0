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
from bench.reading import PER_SECOND as READS_PER_SECOND
from bench.reading import Reader
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
    """Return events a second, CPU per event, and milliseconds from a batch's request until it can be seen.

    Seen twice: on a dashboard that is told, and by somebody who asks.
    """
    make_school(server, COURSES, learners())
    batches = int(PER_SECOND / BATCH * seconds)
    markers = {f"marker-{number}": "learner" for number in range(batches)}
    make_school(server, [WATCHED], {"teacher": "instructor", **markers})
    watcher, reader = Watcher(server), Reader(server, WATCHED)
    reports = Reports()
    found = _steadily(server, reports, watcher, reader, batches)
    watcher.close()
    found |= _cost_of_reading(found, reader, seconds)
    reader.close()
    return found | _flat_out(server, reports)


def _steadily(
    server: Server, reports: Reports, watcher: Watcher, reader: Reader, batches: int
) -> dict[str, Any]:
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
    reader.start()
    lms, before, start = Lms(server), server.cpu_seconds(), time.monotonic()
    sent, answered, taken = [], [], 0
    for number, batch in enumerate(prepared):
        pace(start, number, PER_SECOND / BATCH)
        sent.append(time.monotonic())
        taken += lms.report(batch)
        answered.append(time.monotonic())
    lasted = max(answered[-1] - start, batches * BATCH / PER_SECOND)
    deadline = time.monotonic() + 30
    seen = {"shown": watcher.shown_at, "read": reader.read_at, "in a series": reader.series_at}
    while any(len(times) < batches for times in seen.values()) and time.monotonic() < deadline:
        time.sleep(0.05)
    cpu = server.cpu_seconds() - before
    reader.stop()
    for how, times in seen.items():
        if len(times) != batches:
            raise RuntimeError(f"{len(times)} of {batches} batches were {how}")
    lags = _after(sent, watcher.shown_at)
    # What is answered is in: from then on the figures have a second.
    ages, waits = _after(answered, watcher.shown_at), _after(sent, answered)
    spread, read, series = (
        percentiles(took) for took in (lags, _after(sent, reader.read_at), _after(sent, reader.series_at))
    )
    return {
        "activity_steady": taken / lasted,
        "activity_cpu_us": cpu / taken * 1e6,
        "activity_answer_p99": percentiles(waits)["p99"],
        "activity_lag_p50": spread["p50"],
        "activity_lag_p99": spread["p99"],
        "activity_lag_worst": max(lags),
        "activity_age_p99": percentiles(ages)["p99"],
        "activity_read_p50": read["p50"],
        "activity_read_p99": read["p99"],
        "activity_series_p50": series["p50"],
        "activity_series_p99": series["p99"],
        "activity_cpu_s": cpu,
    }


def _after(begun: list[float], done: list[float]) -> list[float]:
    return [(end - begin) * 1_000 for begin, end in zip(begun, done, strict=True)]


def _cost_of_reading(found: dict[str, Any], reader: Reader, seconds: float) -> dict[str, Any]:
    """Return what the questions took of the server: each pair of them, and all of them as a share of the run's CPU."""
    each = reader.cost()
    asked = each / 1e6 * READS_PER_SECOND * seconds
    return {
        "activity_reading_us": each,
        "activity_reading_percent": asked / found.pop("activity_cpu_s") * 100,
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
