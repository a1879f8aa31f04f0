"""Measures arriving: connections per second of server CPU, and memory per client that is there and idle."""

from __future__ import annotations

from typing import Any

from bench.rooms import enrol
from bench.servers import Server
from bench.swarm import Client, Swarm
from bench.tokens import token

WARM_UP = 200
"""Clients that join before the measurement, so that what a server loads once is not counted."""
_SETTLE_S = 2.0


def join(server: Server, swarm: Swarm, channel: str, clients: int) -> tuple[list[Client], dict[str, float]]:
    """Let clients join, each a person of its own, on the roster, with a token of its own.

    Returns them, and `{connections_per_cpu_second, resident_bytes, proportional_bytes}`, the latter two per
    client that is connected, authenticated and subscribed, after the server had 2 s to settle.
    """
    auths = enrolled_auths(server, clients)
    joined = swarm.join(auths[:WARM_UP], channel)
    swarm.idle(_SETTLE_S / 2)
    resident, proportional = server.memory()
    more, per_cpu_second = _timed_join(server, swarm, auths[WARM_UP:], channel)
    swarm.idle(_SETTLE_S)
    resident_after, proportional_after = server.memory()
    return [*joined, *more], {
        "connections_per_cpu_second": per_cpu_second,
        "resident_bytes": (resident_after - resident) / len(more),
        "proportional_bytes": (proportional_after - proportional) / len(more),
    }


def enrolled_auths(server: Server, clients: int) -> list[dict[str, Any]]:
    """Put so many people on the roster, and return what each connects with."""
    people = [f"student-{number}" for number in range(clients)]
    enrol(server, people)
    return [{"token": token(person)} for person in people]


def come_back(server: Server, swarm: Swarm, channel: str, clients: list[Client]) -> float:
    """Cut clients off and let the same people join again; return connections per CPU second."""
    auths = [client.auth for client in clients]
    swarm.leave(clients)
    swarm.idle(_SETTLE_S)
    return _timed_join(server, swarm, auths, channel)[1]


def _timed_join(
    server: Server, swarm: Swarm, auths: list[dict[str, Any]], channel: str
) -> tuple[list[Client], float]:
    before = server.cpu_seconds()
    joined = swarm.join(auths, channel)
    return joined, len(joined) / (server.cpu_seconds() - before)
