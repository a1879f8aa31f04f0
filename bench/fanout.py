"""Measures delivering: server CPU per delivered event, and latency from publish to receipt."""

from __future__ import annotations

import statistics
import time
import uuid
from dataclasses import dataclass, field
from typing import ClassVar

from bench.servers import Server
from bench.swarm import Client, Swarm, command, stamped

ROUNDS = 3
_ROUND_CPU_S = 0.5
"""A round goes on until the server has used this much CPU, so that the 10 ms of /proc do not matter."""
_ROUND_WALL_S = 4.0
"""It ends after this long in any case."""
_MOST_CPU_S = 4.0
"""No further round begins once a measurement has cost a server this much."""
_NAP_S = 0.005
_FILLER = "the same sixty characters of text in each message of the run"


@dataclass
class Publisher:
    """Sends messages to a room, over its own connection."""

    client: Client
    sent: int = 0
    prefix: str = field(default_factory=lambda: uuid.uuid4().hex)
    event: ClassVar[str] = "message.sent"
    """What everybody in the room gets of it."""

    def publish(self, room_id: str, count: int = 1) -> None:
        """Send `count` commands in one write."""
        frames = []
        for _ in range(count):
            self.sent += 1
            frames.append(self._command(room_id))
        self.client.send(b"".join(frames))

    def _command(self, room_id: str) -> bytes:
        payload = {"key": f"{self.prefix}-{self.sent}", "room_id": room_id, "text": stamped(_FILLER)}
        return command("message.send", payload, self.sent)

    def acknowledged(self) -> bool:
        """Tell whether everything sent was acknowledged."""
        return self.client.acks >= self.sent


@dataclass
class Typist(Publisher):
    """Begins to type and ceases, by turns: each time all are told who types, and no server stores that."""

    types: bool = False
    event: ClassVar[str] = "typing.changed"

    def _command(self, room_id: str) -> bytes:
        self.types = not self.types
        return command("typing.set", {"room_id": room_id, "active": self.types}, self.sent)


def cpu_per_delivery(
    server: Server, swarm: Swarm, publisher: Publisher, room_id: str, *, subscribers: int, burst: int
) -> list[float]:
    """Return microseconds of server CPU per delivered event, one value per round.

    The loop is closed: the next burst leaves when every subscriber has the last one. With no subscribers the
    value is per published event: what publishing itself costs.
    """
    rounds: list[float] = []
    spent_in_all = 0.0
    swarm.nap = _NAP_S if subscribers else 0.0
    swarm.count(publisher.event)
    while len(rounds) < ROUNDS and spent_in_all < _MOST_CPU_S:
        before, events, end = server.cpu_seconds(), 0, time.monotonic() + _ROUND_WALL_S
        while (spent := server.cpu_seconds() - before) < _ROUND_CPU_S and time.monotonic() < end:
            target = swarm.delivered + burst * subscribers
            publisher.publish(room_id, burst)
            events += burst
            _await(swarm, publisher, target)
        spent_in_all += spent
        rounds.append(spent / (events * max(subscribers, 1)) * 1e6)
    swarm.nap = 0.0
    return rounds


def latencies(
    swarm: Swarm, publisher: Publisher, room_id: str, *, subscribers: int, per_second: float, seconds: float
) -> dict[str, float]:
    """Publish at a steady rate and return `{p50, p95, p99}` in milliseconds, over all deliveries."""
    swarm.latencies = []
    target = swarm.delivered
    for _ in range(int(per_second * seconds)):
        started = time.monotonic()
        publisher.publish(room_id)
        target += subscribers
        swarm.idle(max(0.0, started + 1 / per_second - time.monotonic()))
    swarm.wait(
        lambda: swarm.delivered >= target and publisher.acknowledged(), "the last events of the latency run"
    )
    taken, swarm.latencies = swarm.latencies, None
    return percentiles([seconds * 1_000 for seconds in taken])


def _await(swarm: Swarm, publisher: Publisher, target: int) -> None:
    swarm.wait(lambda: swarm.delivered >= target and publisher.acknowledged(), f"for {target} deliveries")


def percentiles(values: list[float]) -> dict[str, float]:
    """Return the median, the 95th and the 99th percentile."""
    cuts = statistics.quantiles(values, n=100, method="inclusive")
    return {"p50": cuts[49], "p95": cuts[94], "p99": cuts[98]}
