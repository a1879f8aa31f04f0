"""A second client that reads the figures of a course over and over, and notes how much they contained when."""

from __future__ import annotations

import json
import random
import threading
import time
from contextlib import ExitStack
from datetime import UTC, datetime
from typing import Any

from websockets.sync.client import ClientConnection, connect

from bench.servers import Server
from bench.tokens import token

PER_SECOND = 10
"""Questions of each kind, at times that have nothing to do with those of the reports."""
ALONE = 500
"""Questions of each kind, one after the other, by which their CPU is measured while nothing else happens."""


class Reader:
    """A teacher who asks for the live figures (`metrics.read`) and for a series of them (`metrics.series`)."""

    def __init__(self, server: Server, course: str) -> None:
        self.read_at: list[float] = []
        """When an answer to `metrics.read` with the first, the second, ... learner had come."""
        self.series_at: list[float] = []
        """The same of reports in the answers to `metrics.series`."""
        self._server = server
        self._course = course
        self._since = _iso(time.time() - 10)
        self._open = ExitStack()
        url = f"ws://127.0.0.1:{server.port}/socket.io/?EIO=4&transport=websocket"
        self._socket: ClientConnection = self._open.enter_context(
            connect(url, compression=None, max_size=None)
        )
        self._socket.recv()
        self._socket.send(f"40/analytics,{json.dumps({'token': token('teacher', 'instructor', course)})}")
        while not str(self._socket.recv()).startswith('42/analytics,["session.ready"'):
            pass
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._ask_on, daemon=True)

    def start(self) -> None:
        """Begin to ask."""
        self._thread.start()

    def stop(self) -> None:
        """Ask no more."""
        self._stop.set()
        self._thread.join(10)

    def cost(self) -> float:
        """Return the microseconds of the server's CPU for a question of each kind, once it has nothing else to do."""
        before = self._server.cpu_seconds()
        for _ in range(ALONE):
            self._learners()
            self._reports()
        return (self._server.cpu_seconds() - before) / ALONE * 1e6

    def close(self) -> None:
        """Leave."""
        self._open.close()

    def _ask_on(self) -> None:
        jitter = random.Random(2)  # noqa: S311 - a load, not a secret
        while not self._stop.wait(jitter.uniform(0.5, 1.5) / PER_SECOND):
            for seen, ask in ((self.read_at, self._learners), (self.series_at, self._reports)):
                count = ask()
                seen.extend([time.monotonic()] * (count - len(seen)))

    def _learners(self) -> int:
        found = self._ask("metrics.read", {"course_id": self._course, "window": "1h"})
        return int(found["metrics"]["active_learners"])

    def _reports(self) -> int:
        asked = {"metric": "events", "bucket": "10s", "from": self._since, "to": _iso(time.time())}
        found = self._ask("metrics.series", {"course_id": self._course, **asked})
        return sum(int(point["value"]) for point in found["points"])

    def _ask(self, command: str, payload: dict[str, Any]) -> dict[str, Any]:
        self._socket.send(f"42/analytics,0{json.dumps([command, payload])}")
        while True:
            packet = str(self._socket.recv())
            if packet == "2":
                self._socket.send("3")
            elif packet.startswith("43/analytics,0"):
                answer: dict[str, Any] = json.loads(packet.partition("0")[2])[0]
                if not answer["ok"]:
                    raise RuntimeError(f"{command} was refused: {answer}")
                data: dict[str, Any] = answer["data"]
                return data


def _iso(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
