"""Measures arriving: connections per second of server CPU, and memory per client that is there and idle."""

from __future__ import annotations

from bench.servers import Server
from bench.swarm import Client, Swarm
from bench.tokens import token

WARM_UP = 200
"""Clients that join before the measurement, so that what a server loads once is not counted."""
_SETTLE_S = 2.0


def join(server: Server, swarm: Swarm, channel: str, clients: int) -> tuple[list[Client], dict[str, float]]:
    """Let clients join, each a person of its own with a token of its own.

    Returns them, and `{connections_per_cpu_second, resident_bytes, proportional_bytes}`, the latter two per
    client that is connected, authenticated and subscribed, after the server had 2 s to settle.
    """
    auths = [{"token": token(f"student-{number}")} for number in range(clients)]
    joined = swarm.join(auths[:WARM_UP], channel)
    swarm.idle(_SETTLE_S / 2)
    resident, proportional = server.memory()
    cpu = server.cpu_seconds()
    joined += swarm.join(auths[WARM_UP:], channel)
    cpu = server.cpu_seconds() - cpu
    swarm.idle(_SETTLE_S)
    resident_after, proportional_after = server.memory()
    more = clients - WARM_UP
    return joined, {
        "connections_per_cpu_second": more / cpu,
        "resident_bytes": (resident_after - resident) / more,
        "proportional_bytes": (proportional_after - proportional) / more,
    }
